using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>EyeLike: a matrix of the input's shape with ones on a diagonal, known at build time as every shape is.</summary>
[RewrittenOperator("EyeLike")]
[Input(0, "input", Elements.Numbers | Elements.Bool)]
[Output(0, "output")]
[Parameter("dtype", ParameterKind.Int)]
[Parameter("k", ParameterKind.Int)]
internal sealed class EyeLikeExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType x = context.Type(0);
        if (x.Rank != 2)
            throw context.Invalid($"its input is {x} instead of a matrix");
        (int rows, int columns) = (x.Dimensions[0], x.Dimensions[1]);
        context.Elements(rows, columns);
        long k = context.Node.Int("k", 0);
        float[] values = [.. Enumerable.Range(0, rows * columns).Select(i => (i % columns) - (i / columns) == k ? 1f : 0f)];
        var type = (ElementType)context.Node.Int("dtype", (long)x.Element);
        context.Return(0, context.Add(NumericCast.Convert(Tensor.Of(values, rows, columns), type)
            ?? throw context.Unsupported("EyeLike with numbers")));
    }
}
