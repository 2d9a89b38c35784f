using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Compression.Channels;

/// <summary>
/// Sums over rows that a layer reads: their number, the sum of each column and the products of each two columns; and, where the layer is to
/// be fitted to given results, the products of columns and results. Rows come in batches, whose products are summed in float32
/// (<see cref="MatrixProduct"/>, the same bits on every machine), and those of the batches in double precision.
/// </summary>
/// <param name="columns">The columns of a row.</param>
/// <param name="results">The results beside each row; 0 for none.</param>
internal sealed class LayerMoments(int columns, int results = 0)
{
    private readonly double[] _sum = new double[columns];
    private readonly double[] _products = new double[columns * columns];
    private readonly double[] _resultSum = new double[results];
    private readonly double[] _resultSquares = new double[results];
    private readonly double[] _cross = new double[results * columns];

    /// <summary>The columns of a row.</summary>
    public int Columns => columns;

    /// <summary>The number of rows.</summary>
    public long Count { get; private set; }

    /// <summary>The mean of each column.</summary>
    public double[] Mean => Array.ConvertAll(_sum, s => Count == 0 ? 0 : s / Count);

    /// <summary>The mean of each result.</summary>
    public double[] ResultMean => Array.ConvertAll(_resultSum, s => Count == 0 ? 0 : s / Count);

    /// <summary>Adds rows.</summary>
    /// <param name="rows">The rows one after the other.</param>
    /// <param name="count">Their number.</param>
    /// <param name="y">The results of the rows one after the other; none where there are none.</param>
    public void Add(float[] rows, int count, ReadOnlySpan<float> y = default)
    {
        if (count == 0)
            return;
        var part = new float[columns * columns];
        MatrixProduct.Accumulate(columns, columns, count, rows, 1, columns, rows, columns, 1, part, columns);
        AddTo(_products, part);
        for (int r = 0; r < count; r++)
            AddTo(_sum, rows.AsSpan(r * columns, columns));
        if (results > 0)
        {
            var cross = new float[results * columns];
            MatrixProduct.Accumulate(results, columns, count, y, 1, results, rows, columns, 1, cross, columns);
            AddTo(_cross, cross);
            for (int r = 0; r < count; r++)
            {
                ReadOnlySpan<float> row = y.Slice(r * results, results);
                AddTo(_resultSum, row);
                for (int o = 0; o < results; o++)
                    _resultSquares[o] += (double)row[o] * row[o];
            }
        }
        Count += count;
    }

    /// <summary>The mean products of each two columns, [columns, columns]; of their deviations from the mean where
    /// <paramref name="centred"/>.</summary>
    public double[] Second(bool centred)
    {
        double[] mean = Mean;
        var second = new double[columns * columns];
        for (int i = 0; i < columns; i++)
            for (int j = 0; j < columns; j++)
                second[(i * columns) + j] = (_products[(i * columns) + j] / Count) - (centred ? mean[i] * mean[j] : 0);
        return second;
    }

    /// <summary>The mean products of each result and each column, [results, columns]; of their deviations from the mean where
    /// <paramref name="centred"/>.</summary>
    public double[] Cross(bool centred)
    {
        (double[] mean, double[] resultMean) = (Mean, ResultMean);
        var cross = new double[results * columns];
        for (int o = 0; o < results; o++)
            for (int j = 0; j < columns; j++)
                cross[(o * columns) + j] = (_cross[(o * columns) + j] / Count) - (centred ? resultMean[o] * mean[j] : 0);
        return cross;
    }

    /// <summary>The mean square of each result; of its deviation from the mean where <paramref name="centred"/>.</summary>
    public double[] ResultPower(bool centred)
    {
        double[] mean = ResultMean;
        return [.. _resultSquares.Select((s, o) => Math.Max((s / Count) - (centred ? mean[o] * mean[o] : 0), 0))];
    }

    private static void AddTo(double[] sums, ReadOnlySpan<float> values)
    {
        for (int i = 0; i < sums.Length; i++)
            sums[i] += values[i];
    }
}
