using System.Collections.Immutable;
using OptimizerBuild.Compression.Algebra;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.LowRank;

/// <summary>
/// A column of taps and then a row of them (M. Jaderberg et al. 2014, arXiv 1405.3866, section 2, scheme 2): the weights as a matrix of
/// input channels and vertical taps by output channels and horizontal ones, of which the greatest singular values stay.
/// </summary>
internal sealed class SpatialForm : ILayerForm
{
    private readonly WeightedLayer _layer;
    private readonly (int Outputs, int Inputs, int Height, int Width) _size;
    private readonly double _macsOfRank;
    private readonly double[] _matrix;
    private readonly bool _turned;
    private SymmetricEigen? _singular;

    private SpatialForm(WeightedLayer layer)
    {
        _layer = layer;
        ImmutableArray<int> type = layer.Matrix.WeightType.Dimensions;
        _size = (type[0], type[1], type[2], type[3]);
        WindowGeometry window = layer.Window!;
        // The column is computed at every place along a row that the second layer reads.
        _macsOfRank = ((Left * (double)window.X.Input / window.X.Output) + Right) / ((double)layer.Outputs * layer.Columns);
        _turned = Right < Left;
        _matrix = Matrix();
    }

    /// <inheritdoc/>
    public RankForm Form => RankForm.Spatial;

    private int Left => _size.Inputs * _size.Height;

    private int Right => _size.Outputs * _size.Width;

    /// <summary>The form of a layer; null where it is no convolution of several taps in both directions, or too large.</summary>
    /// <param name="layer">The layer.</param>
    public static SpatialForm? Of(WeightedLayer layer)
    {
        if (layer.Window is null || layer.Matrix.WeightType is not { Rank: 4, Dimensions: [_, _, > 1, > 1] })
            return null;
        var form = new SpatialForm(layer);
        return Math.Min(form.Left, form.Right) > LayerDivision.MostSize ? null : form;
    }

    /// <inheritdoc/>
    public LayerFactors? At(double share)
    {
        (int outputs, int inputs, int height, int width) = _size;
        int rank = WeightedLayer.Panels((int)(share / _macsOfRank)), left = Left, right = Right;
        if (rank < 1 || rank >= Math.Min(left, right))
            return null;
        (int rows, int columns) = _turned ? (right, left) : (left, right);
        _singular ??= Decompose(rows, columns);
        // The two factors share each singular value's root, so that both have weights of like size.
        var column = new float[rank * left];
        var row = new float[outputs * rank * width];
        for (int r = 0; r < rank; r++)
        {
            double[] u = _singular.Vectors[r];
            double root = Math.Sqrt(Math.Sqrt(Math.Max(_singular.Values[r], 0)));
            var v = new double[columns];
            for (int k = 0; k < columns; k++)
            {
                double sum = 0;
                for (int i = 0; i < rows; i++)
                    sum += u[i] * _matrix[(i * columns) + k];
                v[k] = root > 0 ? sum / root : 0;
            }
            for (int a = 0; a < left; a++)
                column[(r * left) + a] = (float)(_turned ? v[a] : u[a] * root);
            for (int b = 0; b < right; b++)
                row[(((b / width * rank) + r) * width) + (b % width)] = (float)(_turned ? u[b] * root : v[b]);
        }
        double[] difference = Difference(column, row, rank);
        return new(FormattableString.Invariant($"{rank}"), rank * _macsOfRank, _layer.LossOf(difference), "columns and rows of taps",
            editor =>
            {
                Node node = _layer.In(editor);
                long[] pads = WindowAttributes.Pads(node) ?? [0, 0, 0, 0];
                long[] strides = WindowAttributes.Strides(node) ?? [1, 1], dilations = WindowAttributes.Dilations(node) ?? [1, 1];
                Node start = WindowAttributes.WithWindow(
                    node.WithoutActivation(), [height, 1], [pads[0], 0, pads[2], 0], [strides[0], 1], [dilations[0], 1]);
                Node end = WindowAttributes.WithWindow(node, [1, width], [0, pads[1], 0, pads[3]], [1, strides[1]], [1, dilations[1]]);
                _layer.Insert(editor,
                    [(start, Tensor.Of(column, rank, inputs, height, 1)), (end, Tensor.Of(row, outputs, rank, 1, width))], difference);
            });
    }

    // With the shorter side as rows.
    private double[] Matrix()
    {
        (int outputs, int inputs, int height, int width) = _size;
        var matrix = new double[_layer.Weights.Length];
        for (int o = 0; o < outputs; o++)
            for (int i = 0; i < inputs; i++)
                for (int y = 0; y < height; y++)
                    for (int x = 0; x < width; x++)
                    {
                        (int a, int b) = ((i * height) + y, (o * width) + x);
                        matrix[_turned ? (b * Left) + a : (a * Right) + b] =
                            _layer.Weights[(((((o * inputs) + i) * height) + y) * width) + x];
                    }
        return matrix;
    }

    private SymmetricEigen Decompose(int rows, int columns)
    {
        var products = new double[rows * rows];
        Parallel.For(0, rows, i =>
        {
            for (int j = 0; j < rows; j++)
            {
                double sum = 0;
                for (int k = 0; k < columns; k++)
                    sum += _matrix[(i * columns) + k] * _matrix[(j * columns) + k];
                products[(i * rows) + j] = sum;
            }
        });
        return SymmetricEigen.Of(products, rows, _layer.Cancellation);
    }

    private double[] Difference(float[] column, float[] row, int rank)
    {
        (int outputs, int inputs, int height, int width) = _size;
        var difference = new double[_layer.Weights.Length];
        Parallel.For(0, outputs, o =>
        {
            for (int i = 0; i < inputs; i++)
                for (int y = 0; y < height; y++)
                    for (int x = 0; x < width; x++)
                    {
                        double sum = 0;
                        for (int r = 0; r < rank; r++)
                            sum += (double)column[(((r * inputs) + i) * height) + y] * row[(((o * rank) + r) * width) + x];
                        int at = (((((o * inputs) + i) * height) + y) * width) + x;
                        difference[at] = _layer.Weights[at] - sum;
                    }
        });
        return difference;
    }
}
