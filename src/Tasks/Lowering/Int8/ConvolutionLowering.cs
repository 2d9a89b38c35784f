using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Lowering.Weights;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Lowering.Int8;

/// <summary>
/// Channels-last convolution of u8 feature maps with s8 weights: dense, grouped, dilated and depthwise, over one or two axes. Padding
/// is the border of the input's buffer.
/// </summary>
[Lowers(LoweringForm.Integer, typeof(IConvolution))]
internal sealed class ConvolutionLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        WindowGeometry window = WindowGeometry.OfConvolution(OperatorContext.Of(context.Graph, node));
        if (!window.IsChannelsLastMap)
            throw LoweringContext.NoKernel(node, "integer convolutions run over one or two axes, channels last");
        WeightQuantization quantized = context.Quantization!.Weights[node.Name];
        Storage input = context.ReadQuantized(node, node.Inputs[0]);
        if (FeatureMap.Of(input) is null)
            input = context.Dense(node, input);
        input = context.WithBorder(node, input, Border.Under(window));
        Storage output = context.CreateQuantized(node.Outputs[0], bordered: true);
        FeatureMap from = FeatureMap.Of(input)!.Value;
        FeatureMap to = FeatureMap.Of(output)!.Value;
        WeightLayout layout = quantized.Layout!.Over(from.PixelStride);
        DotProductParameters parameters = DotProductParameters.Of(node, quantized, layout, input.Quantization!, output.Quantization!);
        bool wide = output.Quantization!.Type == ActivationType.S32;
        bool depthwise = layout.Order == WeightOrder.Depthwise;
        WeightSection weights = context.AddLayer(
            node,
            LayerShape.Of(layout) with { Rows = checked(to.Images * to.Height * to.Width), GroupInputs = quantized.GroupInputs },
            Tensor.Of(quantized.Values, layout.Groups * layout.Outputs, layout.Inputs, layout.Taps),
            out _);
        context.PairSumsBounded[node.Name] = PairSums16.Fit(layout.Pack(quantized.Values));

        string kernel = Kernel(weights, layout);
        WinogradTiles tiles = kernel != "Int8Convolution" || wide || context.SavesMemory ? default
            : WinogradRule.Of(window, layout, quantized.Values, to, context.PairSumsBounded[node.Name]);
        if (!tiles.IsDirect)
            kernel = nameof(Int8WinogradConvolution);

        string shapes = $"{from.Height}×{from.Width}×{from.Channels} → {to.Height}×{to.Width}×{to.Channels}, "
            + $"{window.Y.Kernel}×{window.X.Kernel}";
        LoweredStep step = context
            .Step(kernel, wide ? "RunWide" : "Run", node,
                (depthwise ? "depthwise Conv " : "Conv ") + shapes, context.Macs(node))
            .Read("input", input, -(window.Y.PadBegin * from.RowStride) - (window.X.PadBegin * from.PixelStride))
            .Int("inputImageStride", from.ImageStride)
            .Int("inputRowStride", from.RowStride)
            .Int("inputPixelStride", from.PixelStride)
            .Write("output", output)
            .Int("outputImageStride", to.ImageStride)
            .Int("outputRowStride", to.RowStride)
            .Int("outputPixelStride", to.PixelStride);
        (int bias, int multipliers) = parameters.Store(context.Weights, layout);
        step.Weights(weights).Int("bias", bias).Int("multipliers", multipliers);
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
            step.Int("groups", layout.Groups).Int("inputChannelsPerGroup", layout.Inputs).Int("outputChannelsPerGroup", layout.Outputs);
        step.Int("kernelHeight", window.Y.Kernel)
            .Int("kernelWidth", window.X.Kernel)
            .Int("strideHeight", window.Y.Stride)
            .Int("strideWidth", window.X.Stride)
            .Int("dilationHeight", window.Y.Dilation)
            .Int("dilationWidth", window.X.Dilation);
        if (!layout.AddsBlocks)
            step.Int("pairSums", context.PairSumsBounded[node.Name] ? 1 : 0);
        if (!tiles.IsDirect)
            step.Int("tile", tiles.Tile).Int("vnniTile", tiles.VnniTile);
    }

    private static string Kernel(WeightSection weights, WeightLayout layout) => layout.Order == WeightOrder.Depthwise ? "Int8Depthwise"
        : layout.AddsBlocks ? "Int8ConvolutionBlocked" : weights.Storage switch
        {
            SparseS8 => "Int8SparseConvolution",
            DenseS4 => "Int4Convolution",
            _ => "Int8Convolution",
        };
}
