using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Lowering.Weights;
using OptimizerBuild.Operators.Linear;

namespace OptimizerBuild.Lowering.Int8;

/// <summary>
/// Channels-last convolution of u8 feature maps with s8 weights: dense, grouped, dilated and depthwise, over one or two axes. Padding
/// is the border of the input's buffer.
/// </summary>
[Lowers(LoweringForm.Integer, typeof(ConvOperator))]
internal sealed class ConvolutionLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        if (!WindowGeometry.Applies(context.Graph, node))
            throw LoweringContext.NoKernel(node, "integer convolutions run over one or two axes, channels last");
        WindowGeometry window = WindowGeometry.Of(context.Graph, node);
        WeightQuantization quantized = context.Quantization!.Weights[node.Name];
        int groups = checked((int)ConvOperator.Groups(node));
        ReadOnlySpan<int> shape = context.Graph.TypeOf(node.Inputs[1]).Dimensions.AsSpan();
        int outputsPerGroup = shape[0] / groups;
        int inputsPerGroup = shape[1];

        Storage input = context.ReadQuantized(node, node.Inputs[0]);
        if (FeatureMap.Of(input) is null)
            input = context.Dense(node, input);
        input = context.WithBorder(node, input, window.Reach);
        Storage output = context.CreateQuantized(node.Outputs[0], bordered: true);
        FeatureMap from = FeatureMap.Of(input)!.Value;
        FeatureMap to = FeatureMap.Of(output)!.Value;
        DotProductParameters parameters = DotProductParameters.Of(node, quantized, quantized.Values, input.Quantization!,
            output.Quantization!);
        bool wide = output.Quantization!.Type == ActivationType.S32;
        bool depthwise = inputsPerGroup == 1 && outputsPerGroup == 1 && groups > 1 && !parameters.NeedsBlocks && !wide;

        string shapes = $"{from.Height}×{from.Width}×{from.Channels} → {to.Height}×{to.Width}×{to.Channels}, "
            + $"{window.KernelHeight}×{window.KernelWidth}";
        LoweredStep step = context
            .Step(Kernel(depthwise, parameters.NeedsBlocks), wide ? "RunWide" : "Run", node,
                (depthwise ? "depthwise Conv " : "Conv ") + shapes, context.Macs(node))
            .Read("input", input, -(window.Pads.Top * from.RowStride) - (window.Pads.Left * from.PixelStride))
            .Int("inputImageStride", from.ImageStride)
            .Int("inputRowStride", from.RowStride)
            .Int("inputPixelStride", from.PixelStride)
            .Write("output", output)
            .Int("outputImageStride", to.ImageStride)
            .Int("outputRowStride", to.RowStride)
            .Int("outputPixelStride", to.PixelStride);
        var layer = new LayerShape(
            depthwise ? LayerKind.Depthwise : LayerKind.Windows, groups, outputsPerGroup, inputsPerGroup,
            [window.KernelHeight, window.KernelWidth])
        {
            InputPixelStride = from.PixelStride,
            DilationWidth = window.DilationWidth,
        };
        WeightSection weights = context.AddLayer(
            node, layer, Tensor.Of(quantized.Values, shape[0], inputsPerGroup, layer.Taps), out byte[] packed);
        context.PairSumsBounded[node.Name] = PairSumProof.Holds(packed);
        (int bias, int multipliers) = depthwise
            ? parameters.StoreDepthwise(context.Weights)
            : parameters.Store(context.Weights, groups, Int8Packing.PaddedOutputs(outputsPerGroup));
        step.Int("weights", weights.Offset).Int("bias", bias).Int("multipliers", multipliers);
        step.Int("shift", parameters.Shift);
        if (!wide)
        {
            step.Int("outputZeroPoint", output.Quantization.ZeroPoint)
                .Int("minimum", parameters.Minimum)
                .Int("maximum", parameters.Maximum);
        }
        step.Int("images", to.Images).Int("outputHeight", to.Height).Int("outputWidth", to.Width);
        if (depthwise)
            step.Int("channels", to.Channels);
        else
            step.Int("groups", groups).Int("inputChannelsPerGroup", inputsPerGroup).Int("outputChannelsPerGroup", outputsPerGroup);
        step.Int("kernelHeight", window.KernelHeight)
            .Int("kernelWidth", window.KernelWidth)
            .Int("strideHeight", window.StrideHeight)
            .Int("strideWidth", window.StrideWidth)
            .Int("dilationHeight", window.DilationHeight)
            .Int("dilationWidth", window.DilationWidth);
        if (!parameters.NeedsBlocks)
            step.Int("pairSums", context.PairSumsBounded[node.Name] ? 1 : 0);
    }

    private static string Kernel(bool depthwise, bool blocked) =>
        depthwise ? "Int8Depthwise" : blocked ? "Int8ConvolutionBlocked" : "Int8Convolution";
}
