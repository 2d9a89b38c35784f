namespace OptimizerBuild.Compression.Quantization.Arithmetic;

/// <summary>
/// What an elementwise operation on two u8 tensors of different scales does with two levels (docs/arithmetic.md, Elementwise integer
/// operations).
/// </summary>
/// <param name="first">The first operand's quantisation.</param>
/// <param name="second">The second operand's quantisation.</param>
/// <param name="output">The output's quantisation.</param>
/// <param name="multipliers">The factors that bring the result to the output's scale.</param>
internal abstract class PairArithmetic(
    ActivationQuantization first, ActivationQuantization second, ActivationQuantization output, FixedPointMultipliers multipliers)
{
    /// <summary>The first operand's quantisation.</summary>
    public ActivationQuantization First { get; } = first;

    /// <summary>The second operand's quantisation.</summary>
    public ActivationQuantization Second { get; } = second;

    /// <summary>The output's quantisation.</summary>
    public ActivationQuantization Output { get; } = output;

    /// <summary>The factors that bring the result to the output's scale: one for a product, else one for each operand.</summary>
    public FixedPointMultipliers Multipliers { get; } = multipliers;

    /// <summary>The result for two levels, before the output's zero point is added and its bounds hold.</summary>
    public long Of(int first, int second) => Combine(first - First.ZeroPoint, second - Second.ZeroPoint);

    /// <summary>Combines two levels from which their zero points are taken.</summary>
    protected abstract long Combine(long a, long b);
}

/// <summary>The sum of two values, or their difference where the sign is -1: rounded once, after the addition.</summary>
internal sealed class SumArithmetic(ActivationQuantization first, ActivationQuantization second, ActivationQuantization output, int sign)
    : PairArithmetic(first, second, output, FixedPointMultipliers.Of(first.Scale / output.Scale, second.Scale / output.Scale))
{
    /// <inheritdoc/>
    protected override long Combine(long a, long b) =>
        Multipliers.Round((a * Multipliers.Multipliers[0]) + (sign * b * Multipliers.Multipliers[1]));
}

/// <summary>The product of two values.</summary>
internal sealed class ProductArithmetic(ActivationQuantization first, ActivationQuantization second, ActivationQuantization output)
    : PairArithmetic(first, second, output, FixedPointMultipliers.Of(first.Scale * second.Scale / output.Scale))
{
    /// <inheritdoc/>
    protected override long Combine(long a, long b) => Multipliers.Round(a * b * Multipliers.Multipliers[0]);
}

/// <summary>The greater or the lesser of two values, each brought to the output's scale.</summary>
internal sealed class ExtremumArithmetic(
    ActivationQuantization first, ActivationQuantization second, ActivationQuantization output, bool greatest)
    : PairArithmetic(first, second, output, FixedPointMultipliers.Of(first.Scale / output.Scale, second.Scale / output.Scale))
{
    /// <inheritdoc/>
    protected override long Combine(long a, long b)
    {
        (long x, long y) = (Multipliers.Apply(a, 0), Multipliers.Apply(b, 1));
        return greatest ? Math.Max(x, y) : Math.Min(x, y);
    }
}
