using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>DFT: the discrete Fourier transform along an axis, or its inverse, as a product with a constant matrix.</summary>
[RewrittenOperator("DFT")]
[Input(0, "input", Elements.Floats)]
[Input(1, "dft_length", Elements.Indices, Optional = true, Fixed = true)]
[Input(2, "axis", Elements.Int64, Optional = true, Fixed = true, From = 20)]
[Output(0, "output")]
[Parameter("axis", ParameterKind.Int, Until = 19)]
[Parameter("inverse", ParameterKind.Int)]
[Parameter("onesided", ParameterKind.Int)]
internal sealed class DftExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType type = context.Type(0);
        if (type.Rank < 2 || type.Dimensions[^1] is not (1 or 2))
            throw context.Invalid($"its input {type} is neither real nor complex numbers");
        long given = context.Opset < 20 ? context.Node.Int("axis", 1) : context.Has(2) ? One(context, 2) : -2;
        int axis = context.Axis(given, type.Rank);
        if (axis == type.Rank - 1)
            throw context.Invalid("its axis is that of the real and imaginary parts");
        int parts = type.Dimensions[^1], count = type.Dimensions[axis];
        bool inverse = context.Node.Int("inverse", 0) != 0, oneSided = context.Node.Int("onesided", 0) != 0;
        if (oneSided && parts != (inverse ? 2 : 1))
            throw context.Invalid(inverse ? "one side of a spectrum is complex" : "only real numbers have a spectrum of one side");
        long length = context.Has(1) ? One(context, 1) : inverse && oneSided ? 2L * (count - 1) : count;
        if (length is < 1 or > int.MaxValue || type.Count == 0)
            throw context.Invalid($"its length is {length}");

        long[] order = [.. Enumerable.Range(0, type.Rank).Where(d => d != axis && d != type.Rank - 1).Select(d => (long)d), axis,
            type.Rank - 1];
        int[] others = [.. order.Take(type.Rank - 2).Select(d => type.Dimensions[(int)d])];
        string rows = context.Reshape(context.Transpose(context[0], order), Shapes.Count(others), (long)count * parts);
        (string result, int results) = !inverse ? FourierMatrix.Forward(context, rows, count, parts, (int)length, oneSided)
            : (oneSided ? FourierMatrix.InverseToReal(context, rows, count, (int)length)
                : FourierMatrix.Inverse(context, rows, count, parts, (int)length), (int)length);
        int resultParts = inverse && oneSided ? 1 : 2;
        long[] back = [.. Enumerable.Range(0, type.Rank).Select(d => (long)Array.IndexOf(order, d))];
        context.Return(0, context.Transpose(context.Reshape(result, [.. others, results, resultParts]), back));
    }

    private static long One(ExpansionContext context, int input) =>
        context.Integers(input) is [var value] ? value : throw context.Invalid($"input {input} is not one number");
}
