using OptimizerBuild.Compression.Algebra;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Pipeline.Learning;

/// <summary>
/// A linear classifier in closed form: ridge regression to the classes as 0 and 1 (A. Hoerl and R. Kennard 1970), all classes with the same
/// weight however many samples each has. The strength of the ridge, and the factor that makes logits of the results, follow from what each
/// sample would get if it were left out, which the same solution tells (the PRESS statistic, D. Allen 1974).
/// </summary>
internal sealed class RidgeClassifier
{
    // In proportion to the mean square of a feature's deviation.
    private static readonly double[] Ridges = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];
    private static readonly double[] Factors = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32];

    // Where a class has one sample nothing can be left out.
    private const double RidgeOfOne = 1;
    private const double FactorOfOne = 6;

    /// <summary>The weights: features, then classes.</summary>
    public required float[] Weights { get; init; }

    /// <summary>The bias of each class.</summary>
    public required float[] Bias { get; init; }

    /// <summary>The ridge that was chosen.</summary>
    public required double Ridge { get; init; }

    /// <summary>The share of samples that are right when they are left out; null where that says nothing.</summary>
    public required double? LeftOutRight { get; init; }

    /// <summary>Fits a classifier.</summary>
    /// <param name="rows">The features of each sample.</param>
    /// <param name="labels">Its class, counted from 0; each class has a sample.</param>
    /// <param name="trust">How much it counts beside others of its class.</param>
    /// <param name="classes">The number of classes.</param>
    /// <param name="like">A classifier whose ridge and factor are taken; null for those that suit the samples.</param>
    public static RidgeClassifier Fit(float[][] rows, int[] labels, double[] trust, int classes, RidgeClassifier? like = null)
    {
        var problem = new Problem(rows, labels, trust, classes);
        if (like is not null)
            return problem.Solve(like.Ridge).Classifier(like.Ridge, like._factor, null);
        if (labels.GroupBy(l => l).Min(g => g.Count()) < 2)
            return problem.Solve(RidgeOfOne).Classifier(RidgeOfOne, FactorOfOne, null);
        (double ridge, Problem.Solution best) = Ridges.Select(r => (r, problem.Solve(r))).MinBy(s => s.Item2.LeftOutError());
        double factor = Factors.MinBy(best.LeftOutLoss);
        return best.Classifier(ridge, factor, best.LeftOutRight());
    }

    /// <summary>The same with other weights.</summary>
    /// <param name="weights">The weights.</param>
    /// <param name="bias">The bias of each class.</param>
    public RidgeClassifier With(float[] weights, float[] bias) =>
        new() { Weights = weights, Bias = bias, Ridge = Ridge, LeftOutRight = LeftOutRight, _factor = _factor };

    /// <summary>The logits of a sample.</summary>
    /// <param name="row">Its features.</param>
    public double[] Logits(float[] row)
    {
        double[] logits = Array.ConvertAll(Bias, b => (double)b);
        for (int f = 0; f < row.Length; f++)
            for (int c = 0; c < logits.Length; c++)
                logits[c] += (double)row[f] * Weights[(f * logits.Length) + c];
        return logits;
    }

    /// <summary>Logits as probabilities.</summary>
    public static double[] Probabilities(double[] logits)
    {
        double greatest = logits.Max();
        double[] p = Array.ConvertAll(logits, l => ElementaryFunctions.Exp(l - greatest));
        double sum = p.Sum();
        return Array.ConvertAll(p, x => x / sum);
    }

    private double _factor;

    /// <summary>The equations: weighted rows less their mean, with the classes likewise.</summary>
    internal sealed class Problem
    {
        private readonly int[] _labels;
        private readonly int _classes;
        private readonly double[] _weights;
        private readonly double[] _mean;
        private readonly double[] _shares;
        private readonly double[][] _rows;
        private readonly double[] _gram;
        private readonly double _power;
        private readonly bool _isDual;

        /// <summary>The equations of some samples.</summary>
        /// <param name="rows">The features of each sample.</param>
        /// <param name="labels">Its class, counted from 0; each class has a sample.</param>
        /// <param name="trust">How much it counts beside others of its class.</param>
        /// <param name="classes">The number of classes.</param>
        public Problem(float[][] rows, int[] labels, double[] trust, int classes)
        {
            int count = rows.Length, features = rows[0].Length;
            (_labels, _classes) = (labels, classes);
            var sums = new double[classes];
            for (int i = 0; i < count; i++)
                sums[labels[i]] += trust[i];
            _weights = [.. labels.Select((l, i) => trust[i] / (sums[l] * classes))];
            _shares = [.. Enumerable.Repeat(1.0 / classes, classes)];
            _mean = new double[features];
            for (int i = 0; i < count; i++)
                for (int f = 0; f < features; f++)
                    _mean[f] += _weights[i] * rows[i][f];
            _rows = [.. rows.Select((r, i) =>
            {
                double root = Math.Sqrt(_weights[i]);
                return r.Select((x, f) => root * (x - _mean[f])).ToArray();
            })];
            _power = Math.Max(_rows.Sum(r => Cholesky.Dot(r, r)) / features, 1e-12);
            _isDual = count <= features;
            _gram = _isDual ? Products(_rows) : Products(Transposed(_rows));
        }

        /// <summary>Whether there is an equation for each sample instead of one for each feature.</summary>
        public bool IsDual => _isDual;

        /// <summary>The solution for a ridge in proportion to the mean square of a feature's deviation.</summary>
        /// <param name="ridge">The ridge.</param>
        public Solution Solve(double ridge)
        {
            int size = _isDual ? _rows.Length : _mean.Length;
            double[] matrix = (double[])_gram.Clone();
            for (int i = 0; i < size; i++)
                matrix[(i * size) + i] += ridge * _power;
            Cholesky factor = Cholesky.Of(matrix, size)
                ?? throw new InvalidOperationException("a matrix with a ridge is not positive definite");
            var weights = new double[_classes][];
            for (int c = 0; c < _classes; c++)
            {
                double[] targets = [.. _labels.Select((l, i) => Math.Sqrt(_weights[i]) * ((l == c ? 1 : 0) - _shares[c]))];
                double[] solved = _isDual ? targets : Combined(_rows, targets);
                factor.Solve(solved);
                weights[c] = _isDual ? Combined(_rows, solved) : solved;
            }
            // What of a sample's result is its own doing, by the weights and by the mean.
            double[] leverage = new double[_rows.Length];
            if (_isDual)
            {
                double[] inverse = factor.Inverse();
                for (int i = 0; i < leverage.Length; i++)
                    leverage[i] = 1 - (ridge * _power * inverse[(i * size) + i]) + _weights[i];
            }
            else
            {
                Parallel.For(0, leverage.Length, i =>
                {
                    double[] solved = (double[])_rows[i].Clone();
                    factor.Solve(solved);
                    leverage[i] = Cholesky.Dot(solved, _rows[i]) + _weights[i];
                });
            }
            return new(this, weights, leverage);
        }

        private static double[] Products(double[][] rows)
        {
            int size = rows.Length;
            var products = new double[size * size];
            Parallel.For(0, size, i =>
            {
                for (int j = 0; j <= i; j++)
                    products[(i * size) + j] = Cholesky.Dot(rows[i], rows[j]);
            });
            for (int i = 0; i < size; i++)
                for (int j = i + 1; j < size; j++)
                    products[(i * size) + j] = products[(j * size) + i];
            return products;
        }

        private static double[][] Transposed(double[][] rows) =>
            [.. Enumerable.Range(0, rows[0].Length).Select(f => Array.ConvertAll(rows, r => r[f]))];

        private static double[] Combined(double[][] rows, double[] factors)
        {
            var sum = new double[rows[0].Length];
            for (int i = 0; i < rows.Length; i++)
                for (int f = 0; f < sum.Length; f++)
                    sum[f] += factors[i] * rows[i][f];
            return sum;
        }

        /// <summary>The solution for one ridge.</summary>
        public sealed class Solution(Problem problem, double[][] weights, double[] leverage)
        {
            /// <summary>What each sample would get for each class without itself, all other weights and the ridge being the same.</summary>
            public double[][] LeftOut { get; } = [.. problem._rows.Select((row, i) => Enumerable.Range(0, problem._classes).Select(c =>
            {
                double root = Math.Sqrt(problem._weights[i]), wanted = problem._labels[i] == c ? 1 : 0;
                double error = (wanted - problem._shares[c]) - (root > 0 ? Cholesky.Dot(row, weights[c]) / root : 0);
                return wanted - (error / Math.Max(1 - leverage[i], 1e-9));
            }).ToArray())];

            /// <summary>The mean square of the errors of <see cref="LeftOut"/>.</summary>
            public double LeftOutError() => LeftOut.Select((z, i) => problem._weights[i]
                * z.Select((v, c) => (v - (problem._labels[i] == c ? 1 : 0)) * (v - (problem._labels[i] == c ? 1 : 0))).Sum()).Sum();

            /// <summary>The mean loss of <see cref="LeftOut"/> as logits.</summary>
            /// <param name="factor">By what it is multiplied.</param>
            public double LeftOutLoss(double factor) => -LeftOut.Select((z, i) => problem._weights[i] * ElementaryFunctions.Log(
                Math.Max(Probabilities(Array.ConvertAll(z, v => factor * v))[problem._labels[i]], 1e-30))).Sum();

            /// <summary>The share of samples that are right without themselves, all classes alike.</summary>
            public double LeftOutRight() =>
                LeftOut.Select((z, i) => Array.IndexOf(z, z.Max()) == problem._labels[i] ? problem._weights[i] : 0).Sum();

            /// <summary>The classifier.</summary>
            /// <param name="ridge">The ridge.</param>
            /// <param name="factor">What makes logits of results.</param>
            /// <param name="leftOutRight">What is said of samples that are left out; null for nothing.</param>
            public RidgeClassifier Classifier(double ridge, double factor, double? leftOutRight)
            {
                int features = problem._mean.Length, classes = problem._classes;
                var all = new float[features * classes];
                for (int f = 0; f < features; f++)
                    for (int c = 0; c < classes; c++)
                        all[(f * classes) + c] = (float)(factor * weights[c][f]);
                return new()
                {
                    Weights = all,
                    Bias = [.. weights.Select((w, c) => (float)(factor * (problem._shares[c] - Cholesky.Dot(w, problem._mean))))],
                    Ridge = ridge, LeftOutRight = leftOutRight, _factor = factor,
                };
            }
        }
    }
}
