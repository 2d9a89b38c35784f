using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering.Weights;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>
/// The weights and biases of a convolution in the kernels' layouts: packed at build time where they are constant, else by steps.
/// </summary>
internal sealed class ConvolutionWeights(LoweringContext context, Node node, int groups, int groupOutputs, int groupInputs, int[] kernel)
{
    private readonly int _taps = Shapes.Count(kernel);

    /// <summary>The weights packed at build time; null where they are not constant.</summary>
    /// <param name="shape">The layer.</param>
    public WeightSection? Section(LayerShape shape) => Constant(1) is { } w ? context.Section(node, shape, w) : null;

    /// <summary>
    /// Panels of 16 outputs for each group, k running over taps and within a tap over input channels, of weights that are not constant.
    /// </summary>
    public Storage Packed()
    {
        int panels = DenseFloat32.Rounded(groupOutputs) / DenseFloat32.Panel;
        Storage room = context.CreateScratch(node, ElementType.Float32, groups, panels, _taps, groupInputs, DenseFloat32.Panel);
        // O,I,taps → group, output, input, tap
        Storage source = Dense(1, groups, groupOutputs, groupInputs, _taps);
        if (groupOutputs % DenseFloat32.Panel != 0)
            context.Fill(node, room, 0, "unused outputs of the last panel");
        for (int first = 0; first < groupOutputs; first += DenseFloat32.Panel)
        {
            int count = Math.Min(DenseFloat32.Panel, groupOutputs - first);
            Storage target = room.Cut(1, first / DenseFloat32.Panel, 1).Cut(4, 0, count);
            target = target with
            {
                Dimensions = target.Dimensions.RemoveAt(1),
                Strides = target.Strides.RemoveAt(1),
            };
            context.Copy(node.Name, source.Cut(1, first, count).Permuted(0, 3, 2, 1), target, "weights of a panel");
        }
        return room;
    }

    /// <summary>Biases, each group filled up to whole panels.</summary>
    public Storage PackedBias()
    {
        if (!node.HasInput(2) || Constant(2) is not null)
        {
            float[] packed = DenseFloat32.Biases(groups, groupOutputs, Constant(2) ?? []);
            return context.Constant(packed, packed.Length);
        }
        Storage room = context.CreateScratch(node, ElementType.Float32, groups, DenseFloat32.Rounded(groupOutputs));
        context.Fill(node, room, 0, "unused outputs of the last panel");
        context.Copy(node.Name, Dense(2, groups, groupOutputs), room.Cut(1, 0, groupOutputs), "biases");
        return room;
    }

    /// <summary>The weights of a depthwise convolution: for each tap one a channel.</summary>
    public Storage PerChannel()
    {
        if (Constant(1) is { } w)
            return context.Layer(node, new(WeightOrder.Depthwise, groups, 1, 1, [.. kernel]), w);
        return context.Dense(node, Dense(1, groups, _taps).Permuted(1, 0));
    }

    /// <summary>One bias an output.</summary>
    public Storage Bias() => node.HasInput(2)
        ? context.ReadFloat32(node, node.Inputs[2])
        : context.Constant(new float[groups * groupOutputs], groups * groupOutputs);

    private float[]? Constant(int input) =>
        node.HasInput(input) && context.Graph.Constant(node.Inputs[input]) is { Element: ElementType.Float32 } tensor
            ? tensor.Values<float>()
            : null;

    private Storage Dense(int input, params ReadOnlySpan<int> shape) =>
        context.Reshaped(node, context.ReadFloat32(node, node.Inputs[input]), [.. shape]);
}
