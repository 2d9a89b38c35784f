using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Lowering.Float32;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Reduction;

namespace OptimizerBuild.Lowering.Int8;

/// <summary>Normalisation of rows of u8 values along the last axes.</summary>
[Lowers(LoweringForm.Integer, typeof(RowNormalizationOperator))]
internal sealed class LayerNormalizationLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage input = context.Dense(node, context.ReadQuantized(node, node.Inputs[0]));
        Storage output = context.CreateQuantized(node.Outputs[0]);
        NormalizedRows constants = NormalizedRows.Of(
            OperatorContext.Of(context.Graph, node), input.Quantization!, output.Quantization!);
        var levels = new OutputLevels(output.Quantization!, node.ActivationBounds());
        int rows = input.Count / constants.Length;
        context.Step(nameof(Int8LayerNormalization), nameof(Int8LayerNormalization.Run), node, $"{rows} rows of {constants.Length}")
            .Read("input", input)
            .Operand("scale", context.Constant(constants.Factors, constants.Length))
            .Operand("bias", context.Constant(constants.Addends, constants.Length))
            .Write("output", output)
            .Int("rows", rows)
            .Int("length", constants.Length)
            .Real("epsilon", constants.Epsilon)
            .Int("centre", constants.Centre)
            .Int("minimum", levels.Minimum)
            .Int("maximum", levels.Maximum);
    }
}
