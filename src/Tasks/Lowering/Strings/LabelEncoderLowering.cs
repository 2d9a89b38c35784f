using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Lowering.Float32;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Lookup;

namespace OptimizerBuild.Lowering.Strings;

/// <summary>
/// Values by keys: each element's place among the sorted keys, then the value at that place in a table that begins with the default.
/// </summary>
[Lowers(LoweringForm.Native, typeof(LabelEncoderOperator))]
internal sealed class LabelEncoderLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage input = context.Dense(node, context.Read(node, node.Inputs[0]));
        Storage output = context.Create(node.Outputs[0]);
        if (output.Count == 0)
            return;
        (Tensor keys, Tensor values) = LabelEncoderOperator.Sorted(OperatorContext.Of(context.Graph, node));
        Storage places = context.CreateScratch(node, ElementType.Int32, input.Dimensions.AsSpan());
        context.Step(nameof(KeyLookup), nameof(KeyLookup.Run), node, $"{NativeSteps.Text(input)} among {keys.Count} keys")
            .Operand("input", input)
            .Int("keys", context.AddTensor(keys))
            .Write("output", places)
            .Int("elementType", (int)input.Element)
            .Int("count", input.Count)
            .Int("keyCount", keys.Count);
        context.Step(nameof(Gather), nameof(Gather.ByInt32), node, $"{NativeSteps.Text(output)} of {values.Count} values")
            .Int("data", ~context.AddTensor(values))
            .Operand("indices", places)
            .Write("output", output)
            .Int("outer", 1)
            .Int("rows", values.Count)
            .Int("rowBytes", output.ElementSize)
            .Int("count", output.Count)
            .Int("wrap", 0)
            .Int("fill", 0);
    }
}
