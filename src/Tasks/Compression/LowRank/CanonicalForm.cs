using System.Collections.Immutable;
using OptimizerBuild.Compression.Algebra;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.LowRank;

/// <summary>
/// A 1×1 convolution, a depthwise one with the layer's window, and a 1×1 convolution: the weights as a sum of products of a vector over
/// outputs, one over inputs and one over taps (canonical polyadic decomposition, CP: V. Lebedev et al. 2015, arXiv 1412.6553, section 3.2;
/// there the taps are two vectors more, but a depthwise window of all taps costs next to nothing beside the 1×1 layers and loses less). By
/// alternating least squares, product after product, weighted by the second moments of what the layer reads; it starts from the greatest
/// singular values of the weights of each tap.
/// </summary>
internal sealed class CanonicalForm : ILayerForm
{
    private const double Ridge = 1e-6;
    private const int MostSweeps = 40;

    // Sums of products in all sweeps of a layer, and of all layers of a model together, which share them; with fewer sweeps than the least
    // the form is not tried.
    private const double Budget = 1L << 33;
    private const double BudgetOfModel = 1L << 36;
    private const int LeastSweeps = 4;

    private readonly WeightedLayer _layer;
    private readonly int _inputs;
    private readonly int _taps;
    private readonly double _macsOfRank;
    private readonly double _budget;
    private List<(double Value, double[] Output, double[] Input, int Tap)>? _start;

    private CanonicalForm(WeightedLayer layer, int layers)
    {
        _layer = layer;
        _budget = Math.Min(Budget, BudgetOfModel / layers);
        _taps = layer.Matrix.Taps;
        _inputs = layer.Columns / _taps;
        double places = (double)layer.Window!.InputPixels / layer.Window.OutputPixels;
        _macsOfRank = ((_inputs * places) + _taps + layer.Outputs) / ((double)layer.Outputs * layer.Columns);
    }

    /// <inheritdoc/>
    public RankForm Form => RankForm.CP;

    /// <summary>The form of a layer; null where it is no convolution of several taps.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="layers">How many layers of the model there are for whom this form is tried, at least.</param>
    public static CanonicalForm? Of(WeightedLayer layer, int layers) =>
        layer.Window is null || layer.Matrix.Taps < 2 || Math.Min(layer.Outputs, layer.Columns / layer.Matrix.Taps) is < 2
            || layer.Columns / layer.Matrix.Taps > LayerDivision.MostSize ? null : new(layer, layers);

    /// <inheritdoc/>
    public LayerFactors? At(double share)
    {
        int rank = WeightedLayer.Panels((int)(share / _macsOfRank)), n = _layer.Columns;
        rank = WeightedLayer.Panels(Math.Min(rank, _taps * Math.Min(_layer.Outputs, _inputs)));
        if (rank < 1)
            return null;
        double sweep = rank * ((6.0 * n * n) + (4.0 * _layer.Outputs * n) + ((double)_inputs * _inputs * _inputs / 3));
        int sweeps = (int)Math.Min(_budget / sweep, MostSweeps);
        if (sweeps < LeastSweeps)
            return null;
        (double[][] outputs, double[][] inputs, double[][] taps) = Start(rank);
        rank = outputs.Length;
        if (rank == 0)
            return null;
        for (int s = 0; s < sweeps; s++)
        {
            _layer.Cancellation.ThrowIfCancellationRequested();
            Sweep(outputs, inputs, taps);
        }
        return Factors(outputs, inputs, taps, rank);
    }

    private (double[][] Outputs, double[][] Inputs, double[][] Taps) Start(int rank)
    {
        _start ??= Singular();
        var chosen = _start.Take(rank).ToArray();
        return ([.. chosen.Select(c => (double[])c.Output.Clone())], [.. chosen.Select(c => (double[])c.Input.Clone())],
            [.. chosen.Select(c =>
            {
                var taps = new double[_taps];
                taps[c.Tap] = 1;
                return taps;
            })]);
    }

    // The singular vectors of the weights of each tap, all taps' together in the order of their values: as many as there can be rebuild the
    // weights.
    private List<(double Value, double[] Output, double[] Input, int Tap)> Singular()
    {
        int m = _layer.Outputs, n = _layer.Columns, count = Math.Min(m, _inputs);
        bool wide = m <= _inputs;
        var all = new (double Value, double[] Output, double[] Input, int Tap)[_taps][];
        Parallel.For(0, _taps, t =>
        {
            double At(int a, int b) => _layer.Weights[((wide ? a : b) * n) + ((wide ? b : a) * _taps) + t];
            int other = Math.Max(m, _inputs);
            var products = new double[count * count];
            for (int i = 0; i < count; i++)
                for (int j = 0; j < count; j++)
                    for (int k = 0; k < other; k++)
                        products[(i * count) + j] += At(i, k) * At(j, k);
            SymmetricEigen eigen = SymmetricEigen.Of(products, count, _layer.Cancellation);
            all[t] = new (double, double[], double[], int)[count];
            for (int r = 0; r < count; r++)
            {
                double[] u = eigen.Vectors[r];
                var v = new double[other];
                for (int k = 0; k < other; k++)
                    for (int i = 0; i < count; i++)
                        v[k] += u[i] * At(i, k);
                all[t][r] = (eigen.Values[r], wide ? u : v, wide ? v : u, t);
            }
        });
        return [.. all.SelectMany(a => a).Where(c => c.Value > 0).OrderByDescending(c => c.Value)];
    }

    // One product after the other: its three vectors, each the least-squares solution with all else as it is; then all vectors over outputs
    // at once.
    private void Sweep(double[][] outputs, double[][] inputs, double[][] taps)
    {
        int m = _layer.Outputs, n = _layer.Columns, rank = outputs.Length;
        double[] rest = Difference(outputs, inputs, taps);
        for (int r = 0; r < rank; r++)
        {
            (double[] a, double[] b, double[] t) = (outputs[r], inputs[r], taps[r]);
            AddTo(rest, a, Spread(b, t), 1);
            double power = a.Sum(x => x * x);
            double[] read = Times(_layer.Second, SmallMatrix.Product(a, rest, 1, m, n));
            if (Solve(MomentsOfInputs(t), Inputs(read, t), power) is { } better)
                b = better;
            if (Solve(MomentsOfTaps(b), Taps(read, b), power) is { } window)
                t = window;
            // Vectors over inputs and taps of length 1, so that only those over outputs say how much a product is.
            (b, t) = (OfLengthOne(b), OfLengthOne(t));
            double[] z = Spread(b, t), image = Times(_layer.Second, z);
            double own = Cholesky.Dot(z, image);
            if (own > 0)
                a = [.. SmallMatrix.Product(rest, image, m, n, 1).Select(x => x / own)];
            (outputs[r], inputs[r], taps[r]) = (a, b, t);
            AddTo(rest, a, z, -1);
        }
        SolveOutputs(outputs, inputs, taps);
    }

    private void SolveOutputs(double[][] outputs, double[][] inputs, double[][] taps)
    {
        int m = _layer.Outputs, n = _layer.Columns, rank = outputs.Length;
        double[] z = [.. Enumerable.Range(0, rank).SelectMany(r => Spread(inputs[r], taps[r]))];
        double[] image = SmallMatrix.Product(z, _layer.Second, rank, n, n);
        double[] products = SmallMatrix.ProductOfRows(image, z, rank, rank, n);
        double[] right = SmallMatrix.ProductOfRows(_layer.Weights, image, m, rank, n);
        AddRidge(products, rank);
        if (Cholesky.Of(products, rank) is not { } factor)
            return;
        Parallel.For(0, m, o => factor.Solve(right.AsSpan(o * rank, rank)));
        for (int r = 0; r < rank; r++)
            for (int o = 0; o < m; o++)
                outputs[r][o] = right[(o * rank) + r];
    }

    // The moments of channels that a window of taps gives, and of taps that a channel made of all gives.
    private double[] MomentsOfInputs(double[] t)
    {
        int n = _layer.Columns;
        var moments = new double[_inputs * _inputs];
        Parallel.For(0, _inputs, c =>
        {
            for (int y = 0; y < _taps; y++)
                for (int d = 0; d < _inputs; d++)
                {
                    double sum = 0;
                    for (int x = 0; x < _taps; x++)
                        sum += t[x] * _layer.Second[(((c * _taps) + y) * n) + (d * _taps) + x];
                    moments[(c * _inputs) + d] += t[y] * sum;
                }
        });
        return moments;
    }

    private double[] MomentsOfTaps(double[] b)
    {
        int n = _layer.Columns;
        var moments = new double[_taps * _taps];
        Parallel.For(0, _taps, y =>
        {
            for (int c = 0; c < _inputs; c++)
                for (int d = 0; d < _inputs; d++)
                    for (int x = 0; x < _taps; x++)
                        moments[(y * _taps) + x] += b[c] * b[d] * _layer.Second[(((c * _taps) + y) * n) + (d * _taps) + x];
        });
        return moments;
    }

    private double[] Inputs(double[] read, double[] t)
    {
        var sums = new double[_inputs];
        for (int k = 0; k < read.Length; k++)
            sums[k / _taps] += t[k % _taps] * read[k];
        return sums;
    }

    private double[] Taps(double[] read, double[] b)
    {
        var sums = new double[_taps];
        for (int k = 0; k < read.Length; k++)
            sums[k % _taps] += b[k / _taps] * read[k];
        return sums;
    }

    private static double[]? Solve(double[] moments, double[] right, double power)
    {
        for (int i = 0; i < moments.Length; i++)
            moments[i] *= power;
        AddRidge(moments, right.Length);
        if (Cholesky.Of(moments, right.Length) is not { } factor)
            return null;
        factor.Solve(right);
        return right;
    }

    private static void AddRidge(double[] matrix, int size)
    {
        double mean = 0;
        for (int i = 0; i < size; i++)
            mean += matrix[(i * size) + i] / size;
        for (int i = 0; i < size; i++)
            matrix[(i * size) + i] += Ridge * mean;
    }

    private static double[] Times(double[] symmetric, double[] vector)
    {
        int n = vector.Length;
        var product = new double[n];
        for (int i = 0; i < n; i++)
            product[i] = Cholesky.Dot(symmetric.AsSpan(i * n, n), vector);
        return product;
    }

    private static double[] OfLengthOne(double[] vector)
    {
        double length = Math.Sqrt(vector.Sum(x => x * x));
        return length > 0 ? Array.ConvertAll(vector, x => x / length) : vector;
    }

    private double[] Spread(double[] b, double[] t)
    {
        var z = new double[_inputs * _taps];
        for (int k = 0; k < z.Length; k++)
            z[k] = b[k / _taps] * t[k % _taps];
        return z;
    }

    private static void AddTo(double[] matrix, double[] a, double[] z, double factor)
    {
        for (int o = 0; o < a.Length; o++)
        {
            double x = factor * a[o];
            Span<double> row = matrix.AsSpan(o * z.Length, z.Length);
            for (int k = 0; k < z.Length; k++)
                row[k] += x * z[k];
        }
    }

    private double[] Difference(double[][] outputs, double[][] inputs, double[][] taps)
    {
        var difference = (double[])_layer.Weights.Clone();
        for (int r = 0; r < outputs.Length; r++)
            AddTo(difference, outputs[r], Spread(inputs[r], taps[r]), -1);
        return difference;
    }

    private LayerFactors Factors(double[][] outputs, double[][] inputs, double[][] taps, int rank)
    {
        float[] first = [.. inputs.SelectMany(b => b.Select(x => (float)x))], window = [.. taps.SelectMany(t => t.Select(x => (float)x))];
        var last = new float[_layer.Outputs * rank];
        for (int o = 0; o < _layer.Outputs; o++)
            for (int r = 0; r < rank; r++)
                last[(o * rank) + r] = (float)outputs[r][o];
        double[] difference = Difference(outputs, inputs, taps);
        return new(FormattableString.Invariant($"{rank}"), rank * _macsOfRank, _layer.LossOf(difference), "CP", editor =>
        {
            Node node = _layer.In(editor), start = node.WithoutActivation();
            ImmutableArray<int> kernel = [.. _layer.Matrix.WeightType.Dimensions.Skip(2)], point = [.. kernel.Select(_ => 1)];
            _layer.Insert(editor,
            [
                (_layer.Point(start), new(new(ElementType.Float32, [rank, _inputs, .. point]), first)),
                (start.As<IConvolution>()!.WithGroups(start, rank), new(new(ElementType.Float32, [rank, 1, .. kernel]), window)),
                (_layer.Point(node), new(new(ElementType.Float32, [_layer.Outputs, rank, .. point]), last)),
            ], difference);
        });
    }
}
