using OptimizerBuild.Graphs;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>
/// The weights and biases of a convolution in the kernels' layouts: packed at build time where they are constant, else by steps.
/// </summary>
internal sealed class ConvolutionWeights(LoweringContext context, Node node, int groups, int groupOutputs, int groupInputs, int[] kernel)
{
    private readonly int _taps = Shapes.Count(kernel);

    /// <summary>Panels of 16 outputs for each group, k running over taps and within a tap over input channels.</summary>
    public Storage Packed()
    {
        int products = _taps * groupInputs;
        if (Constant(1) is { } w)
        {
            float[] packed = Float32Packing.Weights(groups, groupOutputs, products, (g, o, k) =>
                w[((((g * groupOutputs) + o) * groupInputs) + (k % groupInputs)) * _taps + (k / groupInputs)]);
            return context.Constant(packed, packed.Length);
        }
        int panels = Float32Packing.Rounded(groupOutputs) / Float32Packing.Panel;
        Storage room = context.CreateScratch(node, ElementType.Float32, groups, panels, _taps, groupInputs, Float32Packing.Panel);
        // O,I,taps → group, output, input, tap
        Storage source = Dense(1, groups, groupOutputs, groupInputs, _taps);
        if (groupOutputs % Float32Packing.Panel != 0)
            context.Fill(node, room, 0, "unused outputs of the last panel");
        for (int first = 0; first < groupOutputs; first += Float32Packing.Panel)
        {
            int count = Math.Min(Float32Packing.Panel, groupOutputs - first);
            Storage target = room.Cut(1, first / Float32Packing.Panel, 1).Cut(4, 0, count);
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
            float[] packed = Float32Packing.Biases(groups, groupOutputs, Constant(2) ?? []);
            return context.Constant(packed, packed.Length);
        }
        Storage room = context.CreateScratch(node, ElementType.Float32, groups, Float32Packing.Rounded(groupOutputs));
        context.Fill(node, room, 0, "unused outputs of the last panel");
        context.Copy(node.Name, Dense(2, groups, groupOutputs), room.Cut(1, 0, groupOutputs), "biases");
        return room;
    }

    /// <summary>The weights of a depthwise convolution: for each tap one a channel.</summary>
    public Storage PerChannel()
    {
        if (Constant(1) is { } w)
        {
            var packed = new float[w.Length];
            for (int t = 0; t < _taps; t++)
                for (int c = 0; c < groups; c++)
                    packed[(t * groups) + c] = w[(c * _taps) + t];
            return context.Constant(packed, packed.Length);
        }
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
