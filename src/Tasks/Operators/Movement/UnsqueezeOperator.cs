using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Movement;

/// <summary>Inserts dimensions of size 1 (ONNX operator Unsqueeze).</summary>
[Operator("Unsqueeze")]
[Input(0, "data", Elements.All)]
[Input(1, "axes", Elements.Int64, Fixed = true, From = 13)]
[Output(0, "expanded")]
[Parameter("axes", ParameterKind.Ints, Required = true, Until = 12)]
internal sealed class UnsqueezeOperator : ReshapingOperator
{
    /// <inheritdoc/>
    protected override int[] Dimensions(OperatorContext context)
    {
        TensorType x = context.Type(0);
        long[] given = context.RequiredInts(1);
        int rank = x.Rank + given.Length;
        HashSet<int> axes = [.. given.Select(a => context.Axis(a, rank))];
        if (axes.Count != given.Length)
            throw context.Invalid("an axis occurs twice");
        int next = 0;
        return [.. Enumerable.Range(0, rank).Select(i => axes.Contains(i) ? 1 : x.Dimensions[next++])];
    }
}
