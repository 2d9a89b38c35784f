using System.Collections.Immutable;
using OptimizerBuild.Compression.Algebra;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.LowRank;

/// <summary>
/// A 1×1 convolution to few channels, a convolution with the layer's window among few channels, and a 1×1 convolution to the outputs:
/// Tucker-2 of the weights along inputs and outputs (Y. Kim et al. 2016, arXiv 1511.06530, section 3.1). The channels that are read are the
/// principal ones of the weights' inputs, whitened by the second moments of what the layer reads; given those, window and outputs are the
/// least-squares solution of their rank on the samples (reduced-rank regression: A. Izenman 1975), not only a projection of the weights.
/// </summary>
internal sealed class TuckerForm : ILayerForm
{
    // How many divisions of the work between inputs and outputs are worked out.
    private const int Trials = 3;

    private const double Ridge = 1e-9;

    private readonly WeightedLayer _layer;
    private readonly ResponseForm _responses;
    private readonly int _inputs;
    private readonly int _taps;
    private readonly double _placesOfInput;
    private readonly Dictionary<int, Projected> _projected = [];
    private (double[] Powers, double[][] Channels)? _read;

    private TuckerForm(WeightedLayer layer, ResponseForm responses)
    {
        (_layer, _responses) = (layer, responses);
        _taps = layer.Matrix.Taps;
        _inputs = layer.Columns / _taps;
        _placesOfInput = (double)layer.Window!.InputPixels / layer.Window.OutputPixels;
    }

    /// <inheritdoc/>
    public RankForm Form => RankForm.Tucker;

    /// <summary>The form of a layer; null where it is no convolution of several taps.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="responses">The directions of its results.</param>
    public static TuckerForm? Of(WeightedLayer layer, ResponseForm responses) =>
        layer.Window is null || layer.Matrix.Taps < 2 || layer.Columns / layer.Matrix.Taps is < 2 or > LayerDivision.MostSize
            ? null : new(layer, responses);

    /// <inheritdoc/>
    public LayerFactors? At(double share)
    {
        int m = _layer.Outputs;
        double most = share * m * _layer.Columns;
        (double[] powers, _) = Read();
        double powerRead = powers.Sum(p => Math.Max(p, 0)), powerGiven = _responses.Powers.Sum(p => Math.Max(p, 0));
        if (!(powerRead > 0) || !(powerGiven > 0))
            return null;
        // What the two projections lose one by one tells how to divide the work between them.
        (int Read, int Given)[] ranks =
        [
            .. Enumerable.Range(1, _inputs - 1).Where(r => WeightedLayer.Panels(r) == r)
                .Select(r => (Read: r, Given: Math.Min(
                    WeightedLayer.Panels((int)Math.Max((most - MacsOf(r, 0)) / ((r * (double)_taps) + m), 0)), m - 1)))
                .Select(r => (r.Read, Given: WeightedLayer.Panels(r.Given)))
                .Where(r => r.Given > 0)
                .OrderBy(r => (Rest(powers, r.Read) / powerRead) + (Rest(_responses.Powers, r.Given) / powerGiven)).ThenBy(r => r.Read)
                .Take(Trials),
        ];
        if (ranks.Length == 0)
            return null;
        (int read, int given) = ranks.MinBy(r => -Kept(Project(r.Read), r.Given));
        Projected projected = Project(read);
        return Factors(read, given, projected);
    }

    private double MacsOf(int read, int given) =>
        (read * _inputs * _placesOfInput) + (given * (double)((read * _taps) + _layer.Outputs));

    private static double Rest(double[] powers, int rank) => powers.Skip(rank).Sum(p => Math.Max(p, 0));

    private static double Kept(Projected projected, int rank) => projected.Results.Values.Take(rank).Sum(p => Math.Max(p, 0));

    // The channels that the weights read, by the power that they bring: eigenvectors of C^½·A·C^½ with C the mean products of channels at
    // one place and A the products of their weights. A channel's projection is C^−½ times its eigenvector, which is A·C^½ times it up to a
    // factor, so that nothing has to be inverted.
    private (double[] Powers, double[][] Channels) Read()
    {
        if (_read is { } known)
            return known;
        int n = _layer.Columns, count = _inputs;
        var places = new double[count * count];
        var products = new double[count * count];
        Parallel.For(0, count, i =>
        {
            for (int j = 0; j < count; j++)
            {
                double place = 0, product = 0;
                for (int t = 0; t < _taps; t++)
                {
                    place += _layer.Second[(((i * _taps) + t) * n) + (j * _taps) + t];
                    for (int o = 0; o < _layer.Outputs; o++)
                        product += _layer.Weights[(o * n) + (i * _taps) + t] * _layer.Weights[(o * n) + (j * _taps) + t];
                }
                places[(i * count) + j] = place / _taps;
                products[(i * count) + j] = product;
            }
        });
        double[] root = Root(SymmetricEigen.Of(places, count, _layer.Cancellation));
        double[] right = SmallMatrix.Product(products, root, count, count, count);
        double[] whitened = SmallMatrix.Product(root, right, count, count, count);
        SmallMatrix.MakeSymmetric(whitened, count);
        SymmetricEigen eigen = SymmetricEigen.Of(whitened, count, _layer.Cancellation);
        double[][] channels = [.. eigen.Vectors.Select((b, r) =>
        {
            double[] v = SmallMatrix.Product(right, b, count, count, 1);
            // Results of power 1, so that all channels of the layer between have like ranges.
            double power = Math.Max(eigen.Values[r], 0);
            return power > 0 ? Array.ConvertAll(v, x => x / power) : v;
        })];
        _read = (eigen.Values, channels);
        return _read.Value;
    }

    private static double[] Root(SymmetricEigen eigen)
    {
        int n = eigen.Values.Length;
        var root = new double[n * n];
        for (int r = 0; r < n; r++)
        {
            double s = Math.Sqrt(Math.Max(eigen.Values[r], 0));
            double[] v = eigen.Vectors[r];
            for (int i = 0; s > 0 && i < n; i++)
                for (int j = 0; j < n; j++)
                    root[(i * n) + j] += s * v[i] * v[j];
        }
        return root;
    }

    private Projected Project(int rank)
    {
        if (_projected.TryGetValue(rank, out Projected? known))
            return known;
        (int m, int n, int taps, int between) = (_layer.Outputs, _layer.Columns, _taps, rank * _taps);
        (_, double[][] channels) = Read();
        // Products of what the layer between would read with each other, and with the results.
        var reads = new double[n * between];
        Parallel.For(0, n, k =>
        {
            for (int r = 0; r < rank; r++)
                for (int c = 0; c < _inputs; c++)
                    for (int t = 0; t < taps; t++)
                        reads[(k * between) + (r * taps) + t] += channels[r][c] * _layer.Second[(k * n) + (c * taps) + t];
        });
        var products = new double[between * between];
        Parallel.For(0, rank, r =>
        {
            for (int c = 0; c < _inputs; c++)
                for (int t = 0; t < taps; t++)
                    for (int j = 0; j < between; j++)
                        products[(((r * taps) + t) * between) + j] += channels[r][c] * reads[(((c * taps) + t) * between) + j];
        });
        double[] results = SmallMatrix.Product(_layer.Weights, reads, m, n, between);
        double mean = 0;
        for (int i = 0; i < between; i++)
            mean += products[(i * between) + i] / between;
        for (int i = 0; i < between; i++)
            products[(i * between) + i] += Ridge * mean;
        var weights = (double[])results.Clone();
        if (Cholesky.Of(products, between) is { } factor)
            Parallel.For(0, m, o => factor.Solve(weights.AsSpan(o * between, between)));
        else
            Array.Clear(weights);
        double[] powers = SmallMatrix.ProductOfRows(weights, results, m, m, between);
        SmallMatrix.MakeSymmetric(powers, m);
        return _projected[rank] = new(weights, SymmetricEigen.Of(powers, m, _layer.Cancellation));
    }

    private LayerFactors Factors(int read, int given, Projected projected)
    {
        (int m, int n, int taps, int between) = (_layer.Outputs, _layer.Columns, _taps, read * _taps);
        (_, double[][] channels) = Read();
        var first = new float[read * _inputs];
        for (int r = 0; r < read; r++)
            for (int c = 0; c < _inputs; c++)
                first[(r * _inputs) + c] = (float)channels[r][c];
        var core = new float[given * between];
        var last = new float[m * given];
        for (int g = 0; g < given; g++)
        {
            double[] u = projected.Results.Vectors[g];
            double[] row = SmallMatrix.Product(u, projected.Weights, 1, m, between);
            for (int j = 0; j < between; j++)
                core[(g * between) + j] = (float)row[j];
            for (int o = 0; o < m; o++)
                last[(o * given) + g] = (float)u[o];
        }
        var difference = new double[m * n];
        Parallel.For(0, m, o =>
        {
            for (int j = 0; j < between; j++)
            {
                double sum = 0;
                for (int g = 0; g < given; g++)
                    sum += (double)last[(o * given) + g] * core[(g * between) + j];
                for (int c = 0; c < _inputs; c++)
                    difference[(o * n) + (c * taps) + (j % taps)] -= sum * first[(j / taps * _inputs) + c];
            }
            for (int k = 0; k < n; k++)
                difference[(o * n) + k] += _layer.Weights[(o * n) + k];
        });
        double macs = MacsOf(read, given) / ((double)m * n);
        return new(FormattableString.Invariant($"{read} and {given}"), macs, _layer.LossOf(difference), "Tucker-2", editor =>
        {
            Node node = _layer.In(editor), start = node.WithoutActivation();
            ImmutableArray<int> kernel = [.. _layer.Matrix.WeightType.Dimensions.Skip(2)], point = [.. kernel.Select(_ => 1)];
            _layer.Insert(editor,
            [
                (_layer.Point(start), new(new(ElementType.Float32, [read, _inputs, .. point]), first)),
                (start, new(new(ElementType.Float32, [given, read, .. kernel]), core)),
                (_layer.Point(node), new(new(ElementType.Float32, [m, given, .. point]), last)),
            ], difference);
        });
    }

    // The best weights behind a projection of the inputs, and the powers of the results that they give.
    private sealed record Projected(double[] Weights, SymmetricEigen Results);
}
