using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Lowering.Weights;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Linear;

namespace OptimizerBuild.Lowering.Int8;

/// <summary>Gemm and MatMul with constant weights: rows of u8 inputs times s8 weights.</summary>
[Lowers(LoweringForm.Integer, typeof(GemmOperator))]
[Lowers(LoweringForm.Integer, typeof(MatMulOperator))]
internal sealed class DenseLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        WeightQuantization quantized = context.Quantization!.Weights[node.Name];
        ReadOnlySpan<int> shape = context.Graph.TypeOf(node.Inputs[1]).Dimensions.AsSpan();
        bool transposed = node.Is<GemmOperator>() && GemmOperator.TransposesB(node);
        int outputs = shape[transposed ? 0 : 1];
        int inputs = shape[transposed ? 1 : 0];
        sbyte[] rows = transposed ? quantized.Values : Transposed(quantized.Values, inputs, outputs);

        Storage input = RowsOf(context, node, context.ReadQuantized(node, node.Inputs[0]), inputs, out int count, out int stride);
        Storage output = context.CreateQuantized(node.Outputs[0]);
        DotProductParameters parameters = DotProductParameters.Of(node, quantized, rows, input.Quantization!, output.Quantization!);
        bool wide = output.Quantization!.Type == ActivationType.S32;

        WeightSection weights = context.AddLayer(
            node, LayerShape.OfRows(outputs, inputs), Tensor.Of(rows, outputs, inputs, 1), out byte[] packed);
        context.PairSumsBounded[node.Name] = PairSumProof.Holds(packed);
        (int bias, int multipliers) = parameters.Store(context.Weights, 1, Int8Packing.PaddedOutputs(outputs));

        LoweredStep step = context
            .Step(parameters.NeedsBlocks ? "Int8DenseBlocked" : "Int8Dense", wide ? "RunWide" : "Run", node,
                $"{node.OpType} {count}×{inputs} → {count}×{outputs}", context.Macs(node))
            .Read("input", input)
            .Int("inputRowStride", stride)
            .Write("output", output)
            .Int("outputRowStride", outputs * output.ElementSize)
            .Int("weights", weights.Offset)
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
        if (!parameters.NeedsBlocks)
            step.Int("pairSums", context.PairSumsBounded[node.Name] ? 1 : 0);
    }

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

    private static sbyte[] Transposed(sbyte[] values, int rows, int columns)
    {
        var result = new sbyte[values.Length];
        for (int r = 0; r < rows; r++)
            for (int c = 0; c < columns; c++)
                result[(c * rows) + r] = values[(r * columns) + c];
        return result;
    }
}
