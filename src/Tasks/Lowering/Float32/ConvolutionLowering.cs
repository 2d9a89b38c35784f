using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Lowering.Weights;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Linear;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>
/// Convolution over one to three axes. Channels-last maps are read and written in place with their borders; channels-first ones,
/// which remain where the layout pass does not reach, are turned around first. Constant weights are packed at build time, others by
/// copying steps at run time.
/// </summary>
[Lowers(LoweringForm.Native, typeof(ConvOperator))]
internal sealed class ConvolutionLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        WindowGeometry window = WindowGeometry.OfConvolution(OperatorContext.Of(context.Graph, node));
        if (window.IsChannelsLastMap && context.Graph.TypeOf(node.Inputs[0]).Element == ElementType.Float32)
            ChannelsLast(context, node, window);
        else
            Other(context, node, window);
    }

    private static void ChannelsLast(LoweringContext context, Node node, WindowGeometry window)
    {
        if (SignBits.IsChosen(context, node))
        {
            SignSteps.Convolution(context, node, window);
            return;
        }
        Storage input = context.Read(node, node.Inputs[0]);
        if (FeatureMap.Of(input) is null)
            input = context.Dense(node, input);
        input = context.InArena(node, input);
        input = context.WithBorder(node, input, Border.Under(window));
        Storage output = context.Create(node.Outputs[0], bordered: true);
        FeatureMap from = FeatureMap.Of(input)!.Value;
        FeatureMap to = FeatureMap.Of(output)!.Value;
        Emit(context, node, new Geometry
        {
            Input = input,
            Output = output,
            Origin = -(window.Y.PadBegin * from.RowStride) - (window.X.PadBegin * from.PixelStride),
            Positions = [to.Images, to.Height, to.Width],
            InputSteps = [from.ImageStride, window.Y.Stride * from.RowStride, window.X.Stride * from.PixelStride],
            OutputSteps = [to.ImageStride, to.RowStride, to.PixelStride],
            Kernel = [window.Y.Kernel, window.X.Kernel],
            KernelSteps = [window.Y.Dilation * from.RowStride, window.X.Dilation * from.PixelStride],
        });
    }

    // Any number of axes, channels first or last, any real type: the input is copied into a channels-last map with a border.
    private static void Other(LoweringContext context, Node node, WindowGeometry window)
    {
        bool last = window.ChannelsLast;
        Storage input = context.ReadFloat32(node, node.Inputs[0]);
        TensorType output = context.Graph.TypeOf(node.Outputs[0]);
        int rank = input.Dimensions.Length;
        int axes = window.Axes.Length;
        int[] forward = [0, .. Enumerable.Range(2, axes), 1];
        int[] backward = [0, rank - 1, .. Enumerable.Range(1, axes)];
        Storage source = last ? input : input.Permuted(forward);
        int[] outputShape = [.. last ? output.Dimensions : [.. forward.Select(i => output.Dimensions[i])]];
        int[] padded = [.. source.Dimensions];
        Storage interior = context.CreateScratch(node, ElementType.Float32, Widen(padded, window));
        Storage map = interior;
        if (window.Axes.Any(a => a.PadBegin > 0 || Behind(a) > 0))
            context.Fill(node, map, 0, "zeros around the map");
        for (int i = 0; i < axes; i++)
            interior = interior.Cut(1 + i, window.Axes[i].PadBegin, source.Dimensions[1 + i]);
        context.Copy(node.Name, source, interior, "channels last, with border");

        int step = map.Strides[^1];
        Storage result = context.CreateScratch(node, ElementType.Float32, outputShape);
        Emit(context, node, new Geometry
        {
            Input = map,
            Output = result,
            Origin = 0,
            Positions = [.. outputShape[..^1]],
            InputSteps = [map.Strides[0], .. Enumerable.Range(0, axes).Select(i => window.Axes[i].Stride * map.Strides[1 + i])],
            OutputSteps = [.. result.Strides[..^1]],
            Kernel = [.. window.Axes.Select(a => a.Kernel)],
            KernelSteps = [.. Enumerable.Range(0, axes).Select(i => window.Axes[i].Dilation * map.Strides[1 + i])],
        });
        Storage turned = last ? result : result.Permuted(backward);
        if (output.Element == ElementType.Float32)
        {
            context.Alias(node.Outputs[0], turned);
            return;
        }
        context.Cast(node, context.Dense(node, turned), context.Create(node.Outputs[0]));
    }

    private static int[] Widen(int[] dimensions, WindowGeometry window)
    {
        for (int i = 0; i < window.Axes.Length; i++)
            dimensions[1 + i] += window.Axes[i].PadBegin + Behind(window.Axes[i]);
        return dimensions;
    }

    // The padding behind an axis, and what windows reach beyond it.
    private static int Behind(WindowAxis axis) => Math.Max(axis.PadEnd, axis.ReachEnd);

    private static void Emit(LoweringContext context, Node node, Geometry g)
    {
        TensorType weights = context.Graph.TypeOf(node.Inputs[1]);
        int groups = (int)ConvOperator.Groups(node);
        int outputs = weights.Dimensions[0];
        int groupInputs = weights.Dimensions[1];
        string description = $"Conv {NativeSteps.Text(g.Input)} → {NativeSteps.Text(g.Output)}, {string.Join('×', g.Kernel)}";
        bool depthwise = groups > 1 && groupInputs == 1 && outputs == groups;
        var kernels = new ConvolutionWeights(context, node, groups, outputs / groups, groupInputs, g.Kernel);
        FusedBounds bounds = FusedBounds.Of(node);
        LayerShape shape = new(WeightOrder.Convolution, groups, outputs / groups, groupInputs, [.. g.Kernel])
        {
            HasPanelKernels = true,
            InputPixelStride = g.KernelSteps[^1],
        };

        // Columns of the kernel that follow one another are one tap. Packing may need steps of its own, which come first.
        bool joined = !depthwise && shape.HasJoinedColumns;
        int run = joined ? g.Kernel[^1] * groupInputs : groupInputs;
        int[] taps = [.. Taps(joined ? g.Kernel[..^1] : g.Kernel, joined ? g.KernelSteps[..^1] : g.KernelSteps)];
        WeightSection? section = depthwise ? null : kernels.Section(shape);
        WeightSection? sparse = section?.Storage is SparseFloat32 ? section : null;
        Storage? packed = depthwise ? kernels.PerChannel() : section is null ? kernels.Packed()
            : sparse is null ? NativeSteps.Elements(section) : null;
        Storage biases = depthwise ? kernels.Bias() : kernels.PackedBias();
        bool narrow = sparse is null && groups == 1 && !context.SavesMemory && Kernels.Float32NarrowConvolution.Suits(
            outputs, g.Positions[^1], g.InputSteps[^1] / sizeof(float), run, taps.Length);
        string kernel = depthwise ? nameof(Float32Depthwise) : sparse is not null ? nameof(Float32SparseConvolution)
            : narrow ? nameof(Float32NarrowConvolution) : nameof(Float32Convolution);
        LoweredStep step = context.Step(kernel, "Run", node, description, context.Macs(node)).Read("input", g.Input, g.Origin);
        step = sparse is null ? step.Operand("weights", packed!) : step.Weights(sparse);
        step.Operand("bias", biases).Write("output", g.Output);
        if (depthwise)
            step.Int("channels", outputs);
        else
            step.Int("groups", groups).Int("groupOutputs", outputs / groups).Int("groupInputs", groupInputs);
        if (!depthwise && sparse is null)
            step.Int("run", run);
        bounds.AddTo(step)
            .Ints("positions", g.Positions)
            .Ints("inputSteps", g.InputSteps)
            .Ints("outputSteps", g.OutputSteps)
            .Ints("taps", taps);
    }

    private static IEnumerable<int> Taps(int[] kernel, int[] steps)
    {
        int count = Shapes.Count(kernel);
        for (int t = 0; t < count; t++)
        {
            int offset = 0;
            int rest = t;
            for (int d = kernel.Length - 1; d >= 0; d--)
            {
                offset += rest % kernel[d] * steps[d];
                rest /= kernel[d];
            }
            yield return offset;
        }
    }

    /// <summary>A convolution in byte steps.</summary>
    private sealed record Geometry
    {
        public required Storage Input { get; init; }

        public required Storage Output { get; init; }

        public required int Origin { get; init; }

        public required int[] Positions { get; init; }

        public required int[] InputSteps { get; init; }

        public required int[] OutputSteps { get; init; }

        public required int[] Kernel { get; init; }

        public required int[] KernelSteps { get; init; }
    }
}
