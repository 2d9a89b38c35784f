using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering.Weights;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Lowering.Int8;

/// <summary>Matrix products: rows of u8 inputs times constant s8 weights, or matrices that are both known only at run time.</summary>
[Lowers(LoweringForm.Integer, typeof(IMatrixProduct))]
internal sealed class DenseLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        if (!context.Quantization!.Weights.TryGetValue(node.Name, out WeightQuantization? quantized))
        {
            ActivationProduct.Lower(context, node);
            return;
        }
        WeightLayout layout = quantized.Layout!;
        (int inputs, int outputs) = (layout.Inputs, layout.Outputs);
        Storage input = RowsOf(context, node, context.ReadQuantized(node, node.Inputs[0]), inputs, out int count, out int stride);
        Storage output = context.CreateQuantized(node.Outputs[0]);
        DotProductParameters parameters = DotProductParameters.Of(node, quantized, layout, input.Quantization!, output.Quantization!);
        bool wide = output.Quantization!.Type == ActivationType.S32;

        WeightSection weights = context.AddLayer(
            node, LayerShape.Of(layout) with { Rows = count, GroupInputs = quantized.GroupInputs },
            Tensor.Of(layout.Rows(quantized.Values), outputs, inputs, 1), out _);
        context.PairSumsBounded[node.Name] = PairSums16.Fit(layout.Pack(quantized.Values));
        (int bias, int multipliers) = parameters.Store(context.Weights, layout);

        LoweredStep step = context
            .Step(Kernel(weights, layout), wide ? "RunWide" : "Run", node,
                $"{node.OpType} {count}×{inputs} → {count}×{outputs}", context.Macs(node))
            .Read("input", input)
            .Int("inputRowStride", stride)
            .Write("output", output)
            .Int("outputRowStride", outputs * output.ElementSize)
            .Weights(weights)
            .Int("bias", bias)
            .Int("multipliers", multipliers)
            .Int("shift", parameters.Shift);
        if (!wide)
        {
            step.Int("outputZeroPoint", output.Quantization.ZeroPoint)
                .Int("minimum", parameters.Minimum)
                .Int("maximum", parameters.Maximum);
        }
        step.Int("rows", count).Int("inputs", inputs).Int("outputs", outputs);
        if (!layout.AddsBlocks)
            step.Int("pairSums", context.PairSumsBounded[node.Name] ? 1 : 0);
    }

    private static string Kernel(WeightSection weights, WeightLayout layout) =>
        layout.AddsBlocks ? "Int8DenseBlocked" : weights.Storage switch
        {
            SparseS8 => "Int8SparseDense",
            DenseS4 => "Int4Dense",
            _ => "Int8Dense",
        };

    /// <summary>The input as rows at one distance from each other, without a copy where its strides allow it.</summary>
    private static Storage RowsOf(LoweringContext context, Node node, Storage input, int length, out int count, out int stride)
    {
        count = input.Count / length;
        Storage? rows = input.TryReshape([count, length]);
        if (rows is null || (length > 1 && rows.Strides[1] != input.ElementSize))
            rows = context.Dense(node, input).TryReshape([count, length])!;
        stride = count > 1 ? rows.Strides[0] : length * input.ElementSize;
        return rows;
    }
}
