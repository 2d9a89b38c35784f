using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Lowering;
using OptimizerBuild.Lowering.Float32;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;

namespace OptimizerBuild.WorkedExamples;

/// <summary>The absolute difference: one kernel on integers, two existing ones on float32 values.</summary>
[Lowers(LoweringForm.Native, typeof(AbsoluteDifferenceOperator))]
[Lowers(LoweringForm.Integer, typeof(AbsoluteDifferenceOperator))]
internal sealed class AbsoluteDifferenceLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage a = Operand(context, node, 0), b = Operand(context, node, 1);
        Storage output = context.CreateInForm(node, node.Outputs[0]);
        if (output.Count == 0)
            return;
        if (context.IsInteger(node))
            Integer(context, node, a, b, output);
        else
            Float(context, node, a, b, output);
    }

    private static void Integer(LoweringContext context, Node node, Storage a, Storage b, Storage output)
    {
        double scale = output.Quantization!.Scale;
        FixedPointMultipliers multipliers = FixedPointMultipliers.Of(a.Quantization!.Scale / scale, b.Quantization!.Scale / scale);
        var levels = new OutputLevels(output.Quantization, node.ActivationBounds());
        context.Step(nameof(Int8AbsoluteDifference), nameof(Int8AbsoluteDifference.Run), node, $"{output.Count} elements")
            .Operand("first", a)
            .Operand("second", b)
            .Write("output", output)
            .Int("firstZeroPoint", a.Quantization.ZeroPoint)
            .Int("firstMultiplier", multipliers.Multipliers[0])
            .Int("secondZeroPoint", b.Quantization.ZeroPoint)
            .Int("secondMultiplier", multipliers.Multipliers[1])
            .Int("shift", multipliers.Shift)
            .Int("outputZeroPoint", output.Quantization.ZeroPoint)
            .Int("minimum", levels.Minimum)
            .Int("maximum", levels.Maximum)
            .Int("count", output.Count);
    }

    private static void Float(LoweringContext context, Node node, Storage a, Storage b, Storage output)
    {
        if (output.Element != ElementType.Float32)
            throw LoweringContext.NoKernel(node, $"elements of type {output.Element} are not supported");
        Storage difference = context.CreateScratch(node, output.Element, output.Dimensions.AsSpan());
        context.Binary(node, nameof(Float32Binary.Sub), a, b, difference, FusedBounds.None);
        UnaryFunctions.Emit(context, node, NodeOperators.New<AbsOperator>(node.Name, [], []), difference, output);
    }

    // An operand in the output's shape without gaps: repeated where it broadcasts.
    private static Storage Operand(LoweringContext context, Node node, int input) => context.Dense(
        node, context.ReadInForm(node, node.Inputs[input]).Broadcast(context.Graph.TypeOf(node.Outputs[0]).Dimensions));
}
