using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Reduction;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>The greatest or least elements along an axis with their indices.</summary>
[Lowers(LoweringForm.Native, typeof(TopKOperator))]
internal sealed class TopKLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage input = context.Dense(node, context.Read(node, node.Inputs[0]));
        int axis = Shapes.Axis(TopKOperator.AxisOf(node), input.Dimensions.Length);
        int k = context.Graph.TypeOf(node.Outputs.First(o => o.Length > 0)).Dimensions[axis];
        int[] shape = [.. input.Dimensions.Select((d, i) => i == axis ? k : d)];
        Storage values = node.Outputs[0].Length > 0
            ? context.Create(node.Outputs[0])
            : context.CreateScratch(node, input.Element, shape);
        Storage indices = node.Outputs.Length > 1 && node.Outputs[1].Length > 0
            ? context.Create(node.Outputs[1])
            : context.CreateScratch(node, ElementType.Int64, shape);
        if (values.Count == 0)
            return;
        context.Step(nameof(TopK), nameof(TopK.Run), node, $"{k} of {NativeSteps.Text(input)} along axis {axis}")
            .Operand("input", input)
            .Write("values", values)
            .Write("indices", indices)
            .Int("elementType", (int)input.Element)
            .Int("outer", Shapes.Count(input.Dimensions.AsSpan()[..axis]))
            .Int("count", input.Dimensions[axis])
            .Int("inner", Shapes.Count(input.Dimensions.AsSpan()[(axis + 1)..]))
            .Int("k", k)
            .Int("largest", TopKOperator.IsLargest(node) ? 1 : 0);
    }
}
