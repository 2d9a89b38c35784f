using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Numerics;
using OptimizerBuild.Operators.Reduction;

namespace OptimizerBuild.Compression.Quantization.Arithmetic;

/// <summary>The constants of a layer normalisation in integers: factors and addends in steps of the output.</summary>
/// <param name="Length">The number of elements of a row.</param>
/// <param name="Factors">What normalised elements are multiplied by, one for each place of a row.</param>
/// <param name="Addends">What is added then; it contains the output's zero point.</param>
/// <param name="Epsilon">What is added to the square of the length times the variance, in steps of the input.</param>
/// <param name="Centre">
/// What is taken off each level without regard to the others: the input's zero point where rows are not brought to mean 0, else −1.
/// </param>
internal sealed record NormalizedRows(int Length, float[] Factors, float[] Addends, float Epsilon, int Centre)
{
    /// <summary>The constants of a node.</summary>
    /// <param name="context">A node of <see cref="RowNormalizationOperator"/> with constant parameters.</param>
    /// <param name="input">The input's quantisation.</param>
    /// <param name="output">The output's quantisation.</param>
    public static NormalizedRows Of(OperatorContext context, ActivationQuantization input, ActivationQuantization output)
    {
        int axis = context.Axis(RowNormalizationOperator.Axis(context.Node), context.Type(0).Rank);
        int[] shape = [.. context.Type(0).Dimensions.Skip(axis)];
        int length = Shapes.Count(shape);
        float[] scale = Parameter(1)!, bias = Parameter(2) ?? new float[length];
        double steps = length / input.Scale;
        return new(length, Array.ConvertAll(scale, s => Finite(s / output.Scale)),
            Array.ConvertAll(bias, b => Finite((b / output.Scale) + output.ZeroPoint)),
            Finite(INormalisation.Epsilon(context.Node) * steps * steps),
            context.Node.As<RowNormalizationOperator>()!.IsCentred ? -1 : input.ZeroPoint);

        float[]? Parameter(int index) => context.Has(index)
            ? FloatTensor.Values(TensorMove.Expand(context.InputConstants[index]!, shape)) : null;
    }

    // Products of finite numbers that may be infinite times 0 would be none.
    private static float Finite(double value) => (float)Math.Clamp(value, -1e30, 1e30);
}
