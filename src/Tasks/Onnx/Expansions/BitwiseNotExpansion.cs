using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>BitwiseNot: the difference from all bits set.</summary>
[RewrittenOperator("BitwiseNot")]
[Input(0, "X", Elements.Integers)]
[Output(0, "Y")]
internal sealed class BitwiseNotExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context) => context.Return(0, context.Add(
        "BitwiseXor", context[0], context.Add(NumericCast.Convert(Tensor.Scalar(-1L), context.Type(0).Element)!)));
}
