using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Linear;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>
/// Batch normalisation that no pass could fold into a convolution: x · s + t for each channel, with s = scale / √(variance + ε) and
/// t = bias − mean · s computed at build time where the parameters are constant, else by steps of their own.
/// </summary>
[Lowers(LoweringForm.Native, typeof(BatchNormalizationOperator))]
internal sealed class BatchNormalizationLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage x = context.ReadFloat32(node, node.Inputs[0]);
        int rank = x.Dimensions.Length;
        int channelAxis = node.IsChannelsLast() ? rank - 1 : 1;
        int channels = rank < 2 ? 1 : x.Dimensions[channelAxis];
        int[] shape = [.. Enumerable.Range(0, Math.Max(rank, 1)).Select(i => rank >= 2 && i == channelAxis ? channels : 1)];
        float epsilon = INormalisation.Epsilon(node);
        Tensor?[] constants = [.. node.Inputs.Skip(1).Take(4).Select(context.Graph.Constant)];
        (Storage factor, Storage summand) = constants.All(c => c is { Element: ElementType.Float32 })
            ? Folded(context, constants, epsilon)
            : Computed(context, node, epsilon);
        factor = factor.TryReshape([.. shape])!;
        summand = summand.TryReshape([.. shape])!;
        context.CreateFloat32(node, node.Outputs[0], output =>
        {
            Storage scaled = context.CreateScratch(node, ElementType.Float32, output.Dimensions.AsSpan());
            context.Binary(node, "Mul", x, factor, scaled, FusedBounds.None);
            context.Binary(node, "Add", scaled, summand, output, FusedBounds.Of(node));
        });
    }

    private static (Storage Factor, Storage Summand) Folded(LoweringContext context, Tensor?[] parameters, float epsilon)
    {
        float[] scale = parameters[0]!.Values<float>();
        float[] bias = parameters[1]!.Values<float>();
        float[] mean = parameters[2]!.Values<float>();
        float[] variance = parameters[3]!.Values<float>();
        double[] factor = [.. scale.Select((s, i) => s / Math.Sqrt((double)variance[i] + epsilon))];
        return (
            context.Constant([.. factor.Select(f => (float)f)], scale.Length),
            context.Constant([.. factor.Select((f, i) => (float)(bias[i] - (mean[i] * f)))], scale.Length));
    }

    private static (Storage Factor, Storage Summand) Computed(LoweringContext context, Node node, float epsilon)
    {
        Storage[] p = [.. node.Inputs.Skip(1).Take(4).Select(i => context.ReadFloat32(node, i))];
        Storage[] t = [.. Enumerable.Range(0, 5).Select(_ => context.CreateScratch(node, ElementType.Float32, p[0].Dimensions.AsSpan()))];
        context.Step("Float32Unary", "Affine", node, "variance + ε")
            .Operand("input", p[3])
            .Write("output", t[0])
            .Int("count", t[0].Count)
            .Real("scale", 1f)
            .Real("shift", epsilon);
        UnaryFunctions.Emit(context, node, NodeOperators.New<SqrtOperator>(node.Name, [], []), t[0], t[1]);
        context.Binary(node, "Div", p[0], t[1], t[2], FusedBounds.None);
        context.Binary(node, "Mul", p[2], t[2], t[3], FusedBounds.None);
        context.Binary(node, "Sub", p[1], t[3], t[4], FusedBounds.None);
        return (t[2], t[4]);
    }
}
