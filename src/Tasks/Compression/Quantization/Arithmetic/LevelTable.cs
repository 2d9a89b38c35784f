using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization.Arithmetic;

/// <summary>Functions of one u8 value as tables of 256 entries (docs/arithmetic.md, Elementwise integer operations).</summary>
internal static class LevelTable
{
    /// <summary><c>table[q] = clamp(round_half_up(f(scale·(q − z)) / outputScale) + outputZ)</c>, where f is the node in double
    /// precision.</summary>
    /// <param name="context">The node; its inputs other than the variable are constants of one element.</param>
    /// <param name="input">The variable's quantisation.</param>
    /// <param name="output">The result's quantisation.</param>
    public static byte[] Of(OperatorContext context, ActivationQuantization input, ActivationQuantization output) =>
        Array.ConvertAll(DoubleFunction.Apply(context, Reals(input)), y => NearestLevels.Of(output, y));

    /// <summary>The table that takes one scale and zero point to another.</summary>
    public static byte[] Rescaling(ActivationQuantization from, ActivationQuantization to) =>
        Array.ConvertAll(Reals(from), y => NearestLevels.Of(to, y));

    private static double[] Reals(ActivationQuantization quantization) =>
        [.. Enumerable.Range(0, 256).Select(q => quantization.Scale * (q - quantization.ZeroPoint))];
}
