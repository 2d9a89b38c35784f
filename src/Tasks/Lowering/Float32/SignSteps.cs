using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Lowering.Weights;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>
/// Layers that multiply signs by signs: their input as two planes of bits, made once for all layers that read it, and the product.
/// </summary>
internal static class SignSteps
{
    /// <summary>
    /// Whether nothing reads what a Sign makes but layers that take the bits from what it reads, so that there is nothing to compute.
    /// </summary>
    public static bool AreBitsOnly(LoweringContext context, Node sign)
    {
        IReadOnlyList<Node> readers = GraphIndex.Of(context.Graph).Readers(sign.Outputs[0]);
        return readers.Count > 0 && !GraphIndex.Of(context.Graph).IsOutput(sign.Outputs[0])
            && readers.All(r => !context.IsInteger(r) && r.Inputs.Count(i => i == sign.Outputs[0]) == 1
                && SignBits.IsChosen(context, r) && SignLayers.Argument(context.Graph, r) == sign.Inputs[0]);
    }

    /// <summary>Emits a convolution over a channels-last map.</summary>
    public static void Convolution(LoweringContext context, Node node, WindowGeometry window)
    {
        Storage input = context.Read(node, SignLayers.Argument(context.Graph, node));
        if (FeatureMap.Of(input) is null)
            input = context.Dense(node, input);
        Storage output = context.Create(node.Outputs[0], bordered: true);
        FeatureMap to = FeatureMap.Of(output)!.Value;
        Tensor weights = context.Graph.Constant(node.Inputs[1])!;
        int outputs = weights.Dimensions[0], inputs = weights.Dimensions[1];
        LayerShape shape = new(WeightOrder.Convolution, 1, outputs, inputs, [window.Y.Kernel, window.X.Kernel])
        {
            Rows = to.Images * to.Height * to.Width,
        };
        float[] bias = node.HasInput(2) ? context.Graph.Constant(node.Inputs[2])!.Values<float>() : [];
        Emit(context, node, input, output, to, window, shape, weights.Values<float>(), bias, FusedBounds.Of(node),
            $"Conv {NativeSteps.Text(input)} → {NativeSteps.Text(output)}, {window.Y.Kernel}×{window.X.Kernel}, signs");
    }

    /// <summary>Emits rows times weights.</summary>
    /// <param name="context">Where the steps go.</param>
    /// <param name="node">The layer.</param>
    /// <param name="input">What the bits are made from, dense.</param>
    /// <param name="output">The output, dense.</param>
    /// <param name="shape">The layer.</param>
    /// <param name="weights">[outputs][inputs].</param>
    /// <param name="bias">One for each output.</param>
    /// <param name="bounds">The fused activation.</param>
    public static void Dense(
        LoweringContext context, Node node, Storage input, Storage output, LayerShape shape, float[] weights, float[] bias,
        FusedBounds bounds)
    {
        int rows = shape.Rows, outputBytes = shape.Outputs * sizeof(float);
        var to = new FeatureMap(1, 1, rows, shape.Outputs, 0, 0, outputBytes);
        Emit(context, node, input.TryReshape([1, 1, rows, shape.Inputs])!, output, to, null, shape, weights, bias, bounds,
            $"{node.OpType} {rows}×{shape.Inputs} → {rows}×{shape.Outputs}, signs");
    }

    private static void Emit(
        LoweringContext context, Node node, Storage input, Storage output, FeatureMap to, WindowGeometry? window, LayerShape shape,
        float[] weights, float[] bias, FusedBounds bounds, string description)
    {
        SignPlaneStorages planes = Planes(context, node, context.InArena(node, input), window is null ? Border.None : Border.Under(window));
        FeatureMap from = FeatureMap.Of(planes.Negative)!.Value;
        int origin = window is null ? 0 : -(window.Y.PadBegin * from.RowStride) - (window.X.PadBegin * from.PixelStride);
        WeightSection section = context.AddLayer(
            node, shape, Tensor.Of(weights, shape.Outputs, shape.Inputs, shape.Taps), out _);
        var biases = new float[SignPacking.PaddedOutputs(shape.Outputs)];
        bias.CopyTo(biases, 0);
        LoweredStep step = context.Step(nameof(SignConvolution), nameof(SignConvolution.Run), node, description, context.Macs(node))
            .Read("negative", planes.Negative, origin)
            .Read("nonzero", planes.Nonzero, origin)
            .Int("inputImageStride", from.ImageStride)
            .Int("inputRowStride", from.RowStride)
            .Int("inputPixelStride", from.PixelStride)
            .Write("output", output)
            .Int("outputImageStride", to.ImageStride)
            .Int("outputRowStride", to.RowStride)
            .Int("outputPixelStride", to.PixelStride)
            .Weights(section)
            .Int("bias", context.Weights.Add<float>(biases));
        bounds.AddTo(step)
            .Int("images", to.Images)
            .Int("outputHeight", to.Height)
            .Int("outputWidth", to.Width)
            .Int("inputs", shape.Inputs)
            .Int("outputs", shape.Outputs)
            .Int("kernelHeight", window?.Y.Kernel ?? 1)
            .Int("kernelWidth", window?.X.Kernel ?? 1)
            .Int("strideHeight", window?.Y.Stride ?? 1)
            .Int("strideWidth", window?.X.Stride ?? 1)
            .Int("dilationHeight", window?.Y.Dilation ?? 1)
            .Int("dilationWidth", window?.X.Dilation ?? 1);
    }

    // A border of zero bytes stands for zeros, which is what padding is.
    private static SignPlaneStorages Planes(LoweringContext context, Node node, Storage input, Border border)
    {
        foreach (SignPlaneStorages known in context.SignPlanes)
            if (known.Source.Buffer == input.Buffer && known.Source.Origin == input.Origin && known.Negative.Border.Covers(border)
                && known.Source.Dimensions.AsSpan().SequenceEqual(input.Dimensions.AsSpan())
                && known.Source.Strides.AsSpan().SequenceEqual(input.Strides.AsSpan()))
                return known;
        FeatureMap from = FeatureMap.Of(input)!.Value;
        Storage negative = Plane("negative"), nonzero = Plane("nonzero");
        FeatureMap to = FeatureMap.Of(negative)!.Value;
        context.Step(nameof(SignPlanes), nameof(SignPlanes.Run), node, $"signs of {NativeSteps.Text(input)}")
            .Read("input", input)
            .Int("inputImageStride", from.ImageStride)
            .Int("inputRowStride", from.RowStride)
            .Int("inputPixelStride", from.PixelStride)
            .Write("negative", negative)
            .Write("nonzero", nonzero)
            .Int("outputImageStride", to.ImageStride)
            .Int("outputRowStride", to.RowStride)
            .Int("outputPixelStride", to.PixelStride)
            .Int("images", from.Images)
            .Int("height", from.Height)
            .Int("width", from.Width)
            .Int("channels", from.Channels);
        context.FillBorders(node.Name);
        var planes = new SignPlaneStorages(input, negative, nonzero);
        context.SignPlanes.Add(planes);
        return planes;

        Storage Plane(string which) => context.NewStorage(
            $"{which} inputs of {node.Name}", ElementType.UInt8,
            [.. input.Dimensions.AsSpan()[..^1], Kernels.SignPlanes.PixelBytes(from.Channels)], null, border);
    }
}

/// <summary>The signs of a value as planes of bits.</summary>
/// <param name="Source">The float32 value.</param>
/// <param name="Negative">Bits of negative values.</param>
/// <param name="Nonzero">Bits of values that are not zero.</param>
internal sealed record SignPlaneStorages(Storage Source, Storage Negative, Storage Nonzero);
