using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Linear;

namespace OptimizerBuild.Compression.Quantization.Arithmetic;

/// <summary>
/// The constants of a resampling in integers (docs/arithmetic.md, Resampling): weights in fixed point that contain the ratio of the scales,
/// and an addend for each output that contains the zero points and half a step.
/// </summary>
/// <param name="Places">The taps' places, <see cref="Taps"/> for each output.</param>
/// <param name="Weights">Their weights.</param>
/// <param name="Addends">One for each output.</param>
/// <param name="Shift">How far sums are shifted right, 1…30.</param>
internal sealed record ResampledLevels(int[] Places, int[] Weights, int[] Addends, int Shift)
{
    /// <summary>The steps of a value between two axes that make one of a u8 value.</summary>
    public const int Finer = 128;

    /// <summary>The greatest magnitude of a value between two axes: what 255 levels can become, with room for one bit.</summary>
    public const int GreatestFiner = ushort.MaxValue;

    private const int GreatestShift = 30;

    /// <summary>The taps of an output.</summary>
    public int Taps => Places.Length / Addends.Length;

    /// <summary>The constants of a node.</summary>
    /// <param name="context">A node of <see cref="AxisResamplingOperator"/> in integers.</param>
    /// <param name="input">The input's quantisation.</param>
    /// <param name="output">The output's quantisation.</param>
    public static ResampledLevels Of(OperatorContext context, ActivationQuantization input, ActivationQuantization output)
    {
        int[] places = context.InputConstants[1]!.Values<int>();
        int outputs = context.Type(1).Dimensions[0];
        double factor = input.Scale / output.Scale;
        double[] weights = Array.ConvertAll(context.InputConstants[2]!.Values<float>(), w => w * factor);
        for (int shift = GreatestShift; shift > 1; shift--)
            if (Fixed(places, weights, outputs, shift, input, output) is { } constants)
                return constants;

        // Such factors make any difference of levels saturate the output; weights that fit do so, too.
        int greatest = (1 << 29) / (Largest(input) * (places.Length / outputs));
        return Fixed(places, Array.ConvertAll(weights, w => Math.Clamp(w, -greatest, greatest)), outputs, 1, input, output)!;
    }

    /// <summary>The bounds of a node's output: those of its levels, or of finer ones.</summary>
    /// <param name="output">The output's quantisation.</param>
    public static (int Minimum, int Maximum) Bounds(ActivationQuantization output) =>
        output.Type == ActivationType.S32 ? (-GreatestFiner, GreatestFiner) : (0, ActivationRange.Levels);

    private static int Largest(ActivationQuantization input) =>
        input.Type == ActivationType.S32 ? GreatestFiner : ActivationRange.Levels;

    private static ResampledLevels? Fixed(
        int[] places, double[] weights, int outputs, int shift, ActivationQuantization input, ActivationQuantization output)
    {
        int taps = places.Length / outputs;
        (int low, int high) = Bounds(input);
        var integers = new int[weights.Length];
        var addends = new int[outputs];
        for (int i = 0; i < outputs; i++)
        {
            long[] rounded = Round(weights.AsSpan(i * taps, taps), shift);
            long addend = ((long)output.ZeroPoint << shift) + (1L << (shift - 1)) - (input.ZeroPoint * rounded.Sum());
            long least = addend + rounded.Sum(w => Math.Min(low * w, high * w));
            long greatest = addend + rounded.Sum(w => Math.Max(low * w, high * w));
            if (Math.Min(least, addend) < int.MinValue || Math.Max(greatest, addend) > int.MaxValue
                || rounded.Any(w => w is < int.MinValue or > int.MaxValue))
                return null;
            for (int t = 0; t < taps; t++)
                integers[(i * taps) + t] = (int)rounded[t];
            addends[i] = (int)addend;
        }
        return new(places, integers, addends, shift);
    }

    // The nearest integers, of which the largest takes up what their sum lacks: the mean of equal levels is that level.
    private static long[] Round(ReadOnlySpan<double> weights, int shift)
    {
        var rounded = new long[weights.Length];
        double sum = 0;
        int largest = 0;
        for (int t = 0; t < weights.Length; t++)
        {
            // Beyond 2^40 nothing fits; so far doubles and their sums are exact.
            double real = Math.Clamp(Math.ScaleB(weights[t], shift), -(1L << 40), 1L << 40);
            rounded[t] = (long)Math.Round(real);
            sum += real;
            if (Math.Abs(rounded[t]) > Math.Abs(rounded[largest]))
                largest = t;
        }
        rounded[largest] += (long)Math.Round(sum) - rounded.Sum();
        return rounded;
    }
}
