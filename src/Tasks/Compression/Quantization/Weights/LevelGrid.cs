using OptimizerBuild.Graphs;

namespace OptimizerBuild.Compression.Quantization.Weights;

/// <summary>
/// Finds the integers again of which real numbers were made by DequantizeLinear: the largest scale of which all are whole multiples. Their
/// quotients by it are the model's integers less their zero point, without a factor that all of them may have in common.
/// </summary>
internal static class LevelGrid
{
    // A real number is the product of an integer of 8 bits and a scale, rounded to 24 bits, perhaps times a factor that a pass folded in.
    private const double Tolerance = 1e-4;

    /// <summary>
    /// The integers and scales of a dot product's weights; null where those of a channel are no s8 multiples of one scale.
    /// </summary>
    public static QuantizedRows? Of(DotProductLayer layer)
    {
        if (Find(layer, sbyte.MinValue, sbyte.MaxValue) is not ({ } values, { } scales))
            return null;

        // Channels of zeros may have any scale.
        double greatest = scales.Max();
        for (int c = 0; c < scales.Length; c++)
            scales[c] = ActivationRange.RepresentableScale(scales[c] > 0 ? scales[c] : greatest > 0 ? greatest : 1.0 / sbyte.MaxValue);
        return new(Array.ConvertAll(values, v => (sbyte)v), scales);
    }

    /// <summary>
    /// The integers and scales of a dot product's weights that need nine bits with their sign; null where those of a channel are no such
    /// multiples of one scale. A channel of zeros has the scale 0.
    /// </summary>
    public static (int[] Values, double[] Scales)? Wide(DotProductLayer layer) =>
        Find(layer, -ActivationRange.Levels, ActivationRange.Levels);

    private static (int[] Values, double[] Scales)? Find(DotProductLayer layer, int least, int most)
    {
        var values = new int[layer.Weights.Length];
        var scales = new double[layer.Channels];
        var weights = new float[layer.Length];
        for (int c = 0; c < layer.Channels; c++)
        {
            for (int k = 0; k < weights.Length; k++)
                weights[k] = layer.Weights[layer.Index(c, k)];
            if (Find(weights, -least) is not { } scale)
                return null;
            scales[c] = scale;
            for (int k = 0; k < weights.Length; k++)
            {
                double level = scale == 0 ? 0 : Math.Round(weights[k] / scale);
                if (level < least || level > most)
                    return null;
                values[layer.Index(c, k)] = (int)level;
            }
        }
        return (values, scales);
    }

    /// <summary>
    /// The same weights as greater integers in those channels whose bias is no whole number of units of input scale · weight scale: with
    /// the factor that their integers had in common the biases of the model were whole, and float32 biases lose less.
    /// </summary>
    /// <param name="layer">The layer.</param>
    /// <param name="rows">Its integers and scales.</param>
    /// <param name="inputScale">The input's scale.</param>
    public static QuantizedRows Refined(DotProductLayer layer, QuantizedRows rows, double inputScale)
    {
        var values = (sbyte[])rows.Values.Clone();
        var scales = (double[])rows.Scales.Clone();
        for (int c = 0; c < scales.Length; c++)
        {
            double units = layer.Bias[c] / (inputScale * scales[c]);
            int greatest = 0;
            for (int k = 0; k < layer.Length; k++)
                greatest = Math.Max(greatest, Math.Abs((int)values[layer.Index(c, k)]));
            int factor = greatest == 0 ? 1 : WeightQuantizer.Highest / greatest;
            if (factor <= 1 || Math.Abs(units - Math.Round(units)) <= 1e-3 + (4e-7 * Math.Abs(units)))
                continue;
            for (int k = 0; k < layer.Length; k++)
                values[layer.Index(c, k)] *= (sbyte)factor;
            scales[c] = ActivationRange.RepresentableScale(scales[c] / factor);
        }
        return new(values, scales);
    }

    /// <summary>The u8 quantisation under which a constant keeps its values; null where there is none.</summary>
    public static ActivationQuantization? Of(Tensor constant)
    {
        float[] values = constant.Values<float>();
        if (values.Length == 0 || Find(values, ActivationRange.Levels) is not { } scale)
            return null;
        if (scale == 0)
            return ValuePlanner.OfConstant(constant);
        int least = (int)Math.Min(Math.Round(values.Min() / scale), 0), greatest = (int)Math.Max(Math.Round(values.Max() / scale), 0);
        return greatest - least <= ActivationRange.Levels
            ? new(ActivationType.U8, ActivationRange.RepresentableScale(scale), -least)
            : null;
    }

    // The largest scale of which all numbers are multiples, none greater in magnitude than a limit; 0 where all are 0.
    private static double? Find(ReadOnlySpan<float> numbers, int limit)
    {
        double greatest = 0;
        foreach (float number in numbers)
        {
            if (!float.IsFinite(number))
                return null;
            greatest = Math.Max(greatest, Math.Abs(number));
        }
        if (greatest == 0)
            return 0;
        for (int multiple = 1; multiple <= limit; multiple++)
            if (IsGrid(numbers, greatest / multiple))
                return Fitted(numbers, greatest / multiple);
        return null;
    }

    private static bool IsGrid(ReadOnlySpan<float> numbers, double scale)
    {
        foreach (float number in numbers)
            // Nothing but 0 is level 0: a small number beside great ones is no rounding of it.
            if (Math.Abs((number / scale) - Math.Round(number / scale)) > Tolerance || (number != 0 && Math.Round(number / scale) == 0))
                return false;
        return true;
    }

    // The scale with the least squared error: each number alone is rounded.
    private static double Fitted(ReadOnlySpan<float> numbers, double scale)
    {
        double products = 0, squares = 0;
        foreach (float number in numbers)
        {
            double level = Math.Round(number / scale);
            products += number * level;
            squares += level * level;
        }
        return products / squares;
    }
}
