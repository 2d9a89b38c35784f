using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Movement;

/// <summary>Removes dimensions of size 1: those named, or all (ONNX operator Squeeze).</summary>
[Operator("Squeeze")]
[Input(0, "data", Elements.All)]
[Input(1, "axes", Elements.Int64, Optional = true, Fixed = true, From = 13)]
[Output(0, "squeezed")]
[Parameter("axes", ParameterKind.Ints, Until = 12)]
internal sealed class SqueezeOperator : ReshapingOperator
{
    /// <inheritdoc/>
    protected override int[] Dimensions(OperatorContext context)
    {
        TensorType x = context.Type(0);
        HashSet<int>? axes = context.ConstantInts(1)?.Select(a => context.Axis(a, x.Rank)).ToHashSet();
        if (axes is not null && axes.FirstOrDefault(a => x.Dimensions[a] != 1, -1) is var wrong and >= 0)
            throw context.Invalid($"dimension {wrong} of {x} is not 1");
        return [.. x.Dimensions.Where((d, i) => axes is null ? d != 1 : !axes.Contains(i))];
    }
}
