using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Movement;

/// <summary>A tensor broadcast together with a shape (ONNX operator Expand).</summary>
[Operator("Expand")]
[Input(0, "input", Elements.All)]
[Input(1, "shape", Elements.Int64, Fixed = true)]
[Output(0, "output")]
internal sealed class ExpandOperator : MovementOperator
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        TensorType x = context.Type(0);
        long[] shape = context.RequiredInts(1);
        if (shape.Any(d => d < 0))
            throw context.Invalid($"its shape is [{string.Join(',', shape)}]");
        int[] wanted = [.. shape.Select(d => checked((int)d))];
        return [TensorType.Of(x.Element, Shapes.Broadcast(x.Dimensions.AsSpan(), wanted)
            ?? throw context.Invalid($"{x} does not broadcast against [{string.Join(',', shape)}]"))];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs) =>
        [TensorMove.Expand(inputs[0]!, context.OutputTypes[0].Dimensions.AsSpan())];

    /// <inheritdoc/>
    public override bool IsIdentity(OperatorContext context) => true;
}
