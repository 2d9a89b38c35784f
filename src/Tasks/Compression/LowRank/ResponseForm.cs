using System.Collections.Immutable;
using OptimizerBuild.Compression.Algebra;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.LowRank;

/// <summary>
/// The first layer projects onto the directions in which the results vary most, the second turns them back: principal components of the
/// responses (X. Zhang et al. 2015, arXiv 1505.06798, section 3.1), which is a truncated singular value decomposition of the weights
/// whitened by what the layer reads.
/// </summary>
/// <param name="layer">The layer.</param>
internal sealed class ResponseForm(WeightedLayer layer) : ILayerForm
{
    private SymmetricEigen? _directions;

    /// <inheritdoc/>
    public RankForm Form => RankForm.Responses;

    /// <summary>The power of the results along its principal directions, the greatest first.</summary>
    public double[] Powers => Directions.Values;

    /// <summary>The principal directions of the results.</summary>
    public SymmetricEigen Directions => _directions ??= SymmetricEigen.Of(Covariance(), layer.Outputs, layer.Cancellation);

    /// <summary>The share of the layer's multiply-accumulates that a rank costs.</summary>
    public double ShareOf(int rank) => rank * (double)(layer.Outputs + layer.Columns) / ((double)layer.Outputs * layer.Columns);

    /// <inheritdoc/>
    public LayerFactors? At(double share)
    {
        int m = layer.Outputs, n = layer.Columns;
        int rank = WeightedLayer.Panels((int)(share * m * n / (m + n)));
        if (rank < 1 || rank >= Math.Min(m, n))
            return null;
        var first = new float[rank * n];
        var second = new float[m * rank];
        for (int r = 0; r < rank; r++)
        {
            double[] u = Directions.Vectors[r];
            for (int k = 0; k < n; k++)
            {
                double sum = 0;
                for (int o = 0; o < m; o++)
                    sum += u[o] * layer.Weights[(o * n) + k];
                first[(r * n) + k] = (float)sum;
            }
            for (int o = 0; o < m; o++)
                second[(o * rank) + r] = (float)u[o];
        }
        double kept = 0;
        for (int r = 0; r < rank; r++)
            kept += Math.Max(Powers[r], 0);
        return new(FormattableString.Invariant($"{rank}"), ShareOf(rank), layer.Power > 0 ? Math.Max(1 - (kept / layer.Power), 0) : 0,
            "responses", editor => Insert(editor, rank, first, second));
    }

    private double[] Covariance()
    {
        int m = layer.Outputs, n = layer.Columns;
        double[] image = layer.Image;
        var covariance = new double[m * m];
        Parallel.For(0, m, i =>
        {
            for (int j = 0; j < m; j++)
            {
                double sum = 0;
                for (int k = 0; k < n; k++)
                    sum += image[(i * n) + k] * layer.Weights[(j * n) + k];
                covariance[(i * m) + j] = sum;
            }
        });
        for (int i = 0; i < m; i++)
            for (int j = 0; j < i; j++)
                covariance[(i * m) + j] = covariance[(j * m) + i] = (covariance[(i * m) + j] + covariance[(j * m) + i]) / 2;
        return covariance;
    }

    private void Insert(GraphEditor editor, int rank, float[] first, float[] second)
    {
        int m = layer.Outputs, n = layer.Columns;
        var difference = new double[m * n];
        for (int o = 0; o < m; o++)
            for (int k = 0; k < n; k++)
            {
                double sum = 0;
                for (int r = 0; r < rank; r++)
                    sum += (double)second[(o * rank) + r] * first[(r * n) + k];
                difference[(o * n) + k] = layer.Weights[(o * n) + k] - sum;
            }
        Node node = layer.In(editor);
        bool spatial = layer.Window is not null;
        bool transposed = !spatial && node.As<IMatrixProduct>()!.TransposesSecond(node);
        ImmutableArray<int> type = layer.Matrix.WeightType.Dimensions, kernel = spatial ? [.. type.Skip(2)] : [];
        Tensor a = spatial
            ? new(new(ElementType.Float32, [rank, type[1], .. kernel]), first)
            : transposed ? Tensor.Of(first, rank, n) : Tensor.Of(Turned(first, rank, n), n, rank);
        Tensor b = spatial
            ? new(new(ElementType.Float32, [m, rank, .. kernel.Select(_ => 1)]), second)
            : transposed ? Tensor.Of(second, m, rank) : Tensor.Of(Turned(second, m, rank), rank, m);
        layer.Insert(editor, [(node.WithoutActivation(), a), (spatial ? layer.Point(node) : node, b)], difference);
    }

    private static float[] Turned(float[] matrix, int rows, int columns)
    {
        var turned = new float[matrix.Length];
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < columns; j++)
                turned[(j * rows) + i] = matrix[(i * columns) + j];
        return turned;
    }
}
