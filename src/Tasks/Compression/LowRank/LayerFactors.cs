using System.Collections.Immutable;
using OptimizerBuild.Compression.Algebra;
using OptimizerBuild.Compression.Channels;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Linear;

namespace OptimizerBuild.Compression.LowRank;

/// <summary>A layer as two layers of a smaller rank between them.</summary>
/// <param name="Rank">The channels between the two.</param>
/// <param name="Macs">The multiply-accumulates of both for each row, in proportion to those of the one layer.</param>
/// <param name="Loss">The share of the power of the layer's results that is lost on the samples.</param>
/// <param name="Kind">What was divided, for the report.</param>
/// <param name="Insert">Puts the two layers in the place of the one.</param>
internal sealed record LayerFactors(int Rank, double Macs, double Loss, string Kind, Action<GraphEditor> Insert);

/// <summary>
/// The ways in which a layer can be two layers of a smaller rank, from the layer's weights W and the mean products S of what it reads
/// (about the mean): the loss of an approximation W' is tr((W − W')·S·(W − W')ᵀ), so that what inputs never show costs nothing.
/// </summary>
internal sealed class LayerDivision
{
    // Rotations of a symmetric matrix cost some tens of its size to the third power.
    private const int MostSize = 512;

    private readonly Graph _graph;
    private readonly LayerMatrix _layer;
    private readonly float[] _weights;
    private readonly double[] _second;
    private readonly double[] _mean;
    private readonly double _power;
    private readonly CancellationToken _cancellation;
    private SymmetricEigen? _responses;
    private SymmetricEigen? _spatial;

    /// <summary>The ways of a layer of one group.</summary>
    /// <param name="graph">The layer's graph.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="moments">What it reads on the samples; null where nothing is known, so that all inputs count alike.</param>
    /// <param name="cancellation">Stops the work.</param>
    public LayerDivision(Graph graph, LayerMatrix layer, LayerMoments? moments, CancellationToken cancellation)
    {
        (_graph, _layer, _cancellation) = (graph, layer, cancellation);
        _weights = layer.Weights(0);
        int n = layer.Columns;
        _mean = moments?.Mean ?? new double[n];
        _second = moments?.Second(layer.TakesBias) ?? new double[n * n];
        for (int i = 0; moments is null && i < n; i++)
            _second[(i * n) + i] = 1;
        _power = Power(Array.ConvertAll(_weights, w => (double)w));
    }

    /// <summary>Whether the layer is of a kind and size that can be divided.</summary>
    public static bool Takes(LayerMatrix layer) =>
        layer is { Groups: 1, Rows: > 0 } && layer.Outputs > 1 && layer.Columns > 1
            && layer.Outputs <= MostSize && layer.Columns <= 2304;

    /// <summary>The division of least loss that costs at most a share of the layer's multiply-accumulates; null where there is none.
    /// </summary>
    /// <param name="share">The share.</param>
    public LayerFactors? Cheapest(double share)
    {
        LayerFactors?[] all = [Responses(RankFor(share, _layer.Outputs + _layer.Columns)), Spatial(share)];
        return all.OfType<LayerFactors>().MinBy(f => f.Loss);
    }

    /// <summary>The division of the least work whose loss is at most a share of the power; null where there is none that saves
    /// anything.</summary>
    /// <param name="loss">The share of the power.</param>
    /// <param name="most">The share of the multiply-accumulates that the division may cost at most.</param>
    public LayerFactors? Within(double loss, double most)
    {
        for (double share = 0.1; share <= most + 1e-9; share += 0.05)
            if (Cheapest(share) is { } factors && factors.Loss <= loss)
                return factors;
        return null;
    }

    // Ranks are multiples of eight, or of four, as kernels compute outputs in panels of eight.
    private int RankFor(double share, long perRank)
    {
        int rank = (int)(share * _layer.Outputs * _layer.Columns / perRank);
        return rank >= 8 ? rank / 8 * 8 : rank >= 4 ? 4 : rank;
    }

    // The first layer projects onto the directions in which the results vary most, the second turns them back: principal components of the
    // responses (X. Zhang et al. 2015, arXiv 1505.06798, section 3.1), which is a truncated singular value decomposition of the weights
    // whitened by what the layer reads.
    private LayerFactors? Responses(int rank)
    {
        int m = _layer.Outputs, n = _layer.Columns;
        if (rank < 1 || rank >= Math.Min(m, n))
            return null;
        if (_responses is null)
        {
            double[] image = Image(Array.ConvertAll(_weights, w => (double)w));
            var covariance = new double[m * m];
            Parallel.For(0, m, i =>
            {
                for (int j = 0; j < m; j++)
                {
                    double sum = 0;
                    for (int k = 0; k < n; k++)
                        sum += image[(i * n) + k] * _weights[(j * n) + k];
                    covariance[(i * m) + j] = sum;
                }
            });
            for (int i = 0; i < m; i++)
                for (int j = 0; j < i; j++)
                    covariance[(i * m) + j] = covariance[(j * m) + i] = (covariance[(i * m) + j] + covariance[(j * m) + i]) / 2;
            _responses = SymmetricEigen.Of(covariance, m, _cancellation);
        }
        var first = new float[rank * n];
        var second = new float[m * rank];
        for (int r = 0; r < rank; r++)
        {
            double[] u = _responses.Vectors[r];
            for (int k = 0; k < n; k++)
            {
                double sum = 0;
                for (int o = 0; o < m; o++)
                    sum += u[o] * _weights[(o * n) + k];
                first[(r * n) + k] = (float)sum;
            }
            for (int o = 0; o < m; o++)
                second[(o * rank) + r] = (float)u[o];
        }
        double kept = 0;
        for (int r = 0; r < rank; r++)
            kept += Math.Max(_responses.Values[r], 0);
        double macs = rank * (double)(m + n) / ((double)m * n);
        return new(rank, macs, _power > 0 ? Math.Max(1 - (kept / _power), 0) : 0, "responses",
            editor => InsertResponses(editor, rank, first, second));
    }

    // A column of taps and then a row of them (M. Jaderberg et al. 2014, arXiv 1405.3866, section 2, scheme 2): the weights as a matrix of
    // input channels and vertical taps by output channels and horizontal ones, of which the greatest singular values stay.
    private LayerFactors? Spatial(double share)
    {
        if (!_layer.Node.Is<IConvolution>() || _layer.WeightType.Rank != 4)
            return null;
        (int outputs, int inputs, int height, int width) = (_layer.WeightType.Dimensions[0], _layer.WeightType.Dimensions[1],
            _layer.WeightType.Dimensions[2], _layer.WeightType.Dimensions[3]);
        int left = inputs * height, right = outputs * width;
        if (height < 2 || width < 2 || Math.Min(left, right) > MostSize)
            return null;
        WindowGeometry window = WindowGeometry.OfConvolution(OperatorContext.Of(_graph, _layer.Node));
        // The column is computed at every place along a row that the second layer reads.
        double macsOfRank = ((left * (double)window.X.Input / window.X.Output) + right) / ((double)outputs * _layer.Columns);
        int rank = (int)(share / macsOfRank);
        rank = rank >= 8 ? rank / 8 * 8 : rank >= 4 ? 4 : rank;
        if (rank < 1 || rank >= Math.Min(left, right))
            return null;
        // The matrix with its shorter side as rows.
        bool turned = right < left;
        (int rows, int columns) = turned ? (right, left) : (left, right);
        var matrix = new double[rows * columns];
        for (int o = 0; o < outputs; o++)
            for (int i = 0; i < inputs; i++)
                for (int y = 0; y < height; y++)
                    for (int x = 0; x < width; x++)
                    {
                        (int a, int b) = ((i * height) + y, (o * width) + x);
                        matrix[turned ? (b * columns) + a : (a * columns) + b] =
                            _weights[(((((o * inputs) + i) * height) + y) * width) + x];
                    }
        if (_spatial is null)
        {
            var products = new double[rows * rows];
            Parallel.For(0, rows, i =>
            {
                for (int j = 0; j < rows; j++)
                {
                    double sum = 0;
                    for (int k = 0; k < columns; k++)
                        sum += matrix[(i * columns) + k] * matrix[(j * columns) + k];
                    products[(i * rows) + j] = sum;
                }
            });
            _spatial = SymmetricEigen.Of(products, rows, _cancellation);
        }
        // The two factors share each singular value's root, so that both have weights of like size.
        var column = new float[rank * left];
        var row = new float[outputs * rank * width];
        for (int r = 0; r < rank; r++)
        {
            double[] u = _spatial.Vectors[r];
            double root = Math.Sqrt(Math.Sqrt(Math.Max(_spatial.Values[r], 0)));
            var v = new double[columns];
            for (int k = 0; k < columns; k++)
            {
                double sum = 0;
                for (int i = 0; i < rows; i++)
                    sum += u[i] * matrix[(i * columns) + k];
                v[k] = root > 0 ? sum / root : 0;
            }
            for (int a = 0; a < left; a++)
                column[(r * left) + a] = (float)(turned ? v[a] : u[a] * root);
            for (int b = 0; b < right; b++)
                row[(((b / width * rank) + r) * width) + (b % width)] = (float)(turned ? u[b] * root : v[b]);
        }
        double[] difference = Difference(column, row, rank, inputs, height, width);
        return new(rank, rank * macsOfRank, _power > 0 ? Math.Max(Power(difference) / _power, 0) : 0, "columns and rows of taps",
            editor => InsertSpatial(editor, rank, column, row, difference));
    }

    private double[] Difference(float[] column, float[] row, int rank, int inputs, int height, int width)
    {
        var difference = new double[_weights.Length];
        Parallel.For(0, _layer.Outputs, o =>
        {
            for (int i = 0; i < inputs; i++)
                for (int y = 0; y < height; y++)
                    for (int x = 0; x < width; x++)
                    {
                        double sum = 0;
                        for (int r = 0; r < rank; r++)
                            sum += (double)column[(((r * inputs) + i) * height) + y] * row[(((o * rank) + r) * width) + x];
                        int at = (((((o * inputs) + i) * height) + y) * width) + x;
                        difference[at] = _weights[at] - sum;
                    }
        });
        return difference;
    }

    private void InsertResponses(GraphEditor editor, int rank, float[] first, float[] second)
    {
        int m = _layer.Outputs, n = _layer.Columns;
        var difference = new double[m * n];
        for (int o = 0; o < m; o++)
            for (int k = 0; k < n; k++)
            {
                double sum = 0;
                for (int r = 0; r < rank; r++)
                    sum += (double)second[(o * rank) + r] * first[(r * n) + k];
                difference[(o * n) + k] = _weights[(o * n) + k] - sum;
            }
        Node node = editor.Find(_layer.Node.Name)!;
        bool spatial = node.Is<IConvolution>();
        bool transposed = !spatial && node.As<IMatrixProduct>()!.TransposesSecond(node);
        ImmutableArray<int> kernel = spatial ? [.. _layer.WeightType.Dimensions.Skip(2)] : [];
        Tensor a = spatial
            ? new(new(ElementType.Float32, [rank, _layer.WeightType.Dimensions[1], .. kernel]), first)
            : transposed ? Tensor.Of(first, rank, n) : Tensor.Of(Turned(first, rank, n), n, rank);
        Tensor b = spatial
            ? new(new(ElementType.Float32, [m, rank, .. kernel.Select(_ => 1)]), second)
            : transposed ? Tensor.Of(second, m, rank) : Tensor.Of(Turned(second, m, rank), rank, m);
        Node start = node.WithoutActivation();
        Node end = spatial ? Point(node) : node;
        Insert(editor, node, start, a, end, b, difference);
    }

    private void InsertSpatial(GraphEditor editor, int rank, float[] column, float[] row, double[] difference)
    {
        Node node = editor.Find(_layer.Node.Name)!;
        ImmutableArray<int> w = _layer.WeightType.Dimensions;
        long[] pads = WindowAttributes.Pads(node) ?? [0, 0, 0, 0];
        long[] strides = WindowAttributes.Strides(node) ?? [1, 1], dilations = WindowAttributes.Dilations(node) ?? [1, 1];
        Node start = WindowAttributes.WithWindow(
            node.WithoutActivation(), [w[2], 1], [pads[0], 0, pads[2], 0], [strides[0], 1], [dilations[0], 1]);
        Node end = WindowAttributes.WithWindow(node, [1, w[3]], [0, pads[1], 0, pads[3]], [1, strides[1]], [1, dilations[1]]);
        Insert(editor, node, start, Tensor.Of(column, rank, w[1], w[2], 1), end, Tensor.Of(row, w[0], rank, 1, w[3]), difference);
    }

    // The second layer keeps the name: it gives what the layer gave. What the weights have lost on the mean of the inputs goes into the
    // bias.
    private void Insert(GraphEditor editor, Node node, Node start, Tensor a, Node end, Tensor b, double[] difference)
    {
        TensorType type = editor.TypeOf(node.Outputs[0]);
        string between = editor.AddValue(node.Name + ".rank", type);
        start = start with
        {
            Name = editor.UniqueName(node.Name + ".rank"),
            CopyOf = node.Name,
            Inputs = [node.Input(0), editor.AddConstant(node.Input(1), a)],
            Outputs = [between],
        };
        end = end with { Inputs = [between, editor.AddConstant(node.Input(1), b)] };
        if (_layer.TakesBias)
        {
            var bias = new float[_layer.Outputs];
            for (int o = 0; o < bias.Length; o++)
            {
                double sum = _layer.Bias?[o] ?? 0;
                for (int k = 0; k < _layer.Columns; k++)
                    sum += difference[(o * _layer.Columns) + k] * _mean[k];
                bias[o] = (float)sum;
            }
            end = end with
            {
                Inputs = end.Inputs.Add(editor.AddConstant(
                    node.HasInput(2) ? node.Input(2) : node.Name + ".bias", Tensor.Of(bias, bias.Length))),
            };
            if (node.Is<MatMulOperator>())
                end = end.Becoming<GemmOperator>();
        }
        editor.Replace(node, start, end);
    }

    private Node Point(Node node)
    {
        int axes = _layer.WeightType.Rank - 2;
        long[] ones = [.. Enumerable.Repeat(1L, axes)], zeros = new long[2 * axes];
        return WindowAttributes.WithWindow(node, ones, zeros, ones, ones);
    }

    private static float[] Turned(float[] matrix, int rows, int columns)
    {
        var turned = new float[matrix.Length];
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < columns; j++)
                turned[(j * rows) + i] = matrix[(i * columns) + j];
        return turned;
    }

    // W·S for weights [outputs, columns].
    private double[] Image(double[] weights)
    {
        int n = _layer.Columns;
        var image = new double[weights.Length];
        Parallel.For(0, _layer.Outputs, o =>
        {
            Span<double> row = image.AsSpan(o * n, n);
            for (int k = 0; k < n; k++)
            {
                double w = weights[(o * n) + k];
                for (int j = 0; w != 0 && j < n; j++)
                    row[j] += w * _second[(k * n) + j];
            }
        });
        return image;
    }

    private double Power(double[] weights)
    {
        double[] image = Image(weights);
        double sum = 0;
        for (int i = 0; i < weights.Length; i++)
            sum += image[i] * weights[i];
        return sum;
    }
}
