using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// ConvTranspose as a convolution that gives all outputs between two inputs as channels, which then take their places (W. Shi et al., "Is
/// the deconvolution layer the same as a convolutional layer?", 2016): it multiplies nothing by inserted zeros, and runs in integers as
/// every convolution does.
/// </summary>
[RewrittenOperator("ConvTranspose")]
[Input(0, "X", Elements.Floats, Variable = "T")]
[Input(1, "W", Elements.Floats, Variable = "T")]
[Input(2, "B", Elements.Floats, Variable = "T", Optional = true)]
[Output(0, "Y")]
[Parameter("auto_pad", ParameterKind.String, Choices = ["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", ""])]
[Parameter("dilations", ParameterKind.Ints, Minimum = 1)]
[Parameter("group", ParameterKind.Int, Minimum = 1)]
[Parameter("kernel_shape", ParameterKind.Ints, Minimum = 1)]
[Parameter("output_padding", ParameterKind.Ints, Minimum = 0)]
[Parameter("output_shape", ParameterKind.Ints, Minimum = 1)]
[Parameter("pads", ParameterKind.Ints)]
[Parameter("strides", ParameterKind.Ints, Minimum = 1)]
internal sealed class ConvTransposeExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        (TensorType x, TensorType w) = (context.Type(0), context.Type(1));
        long groups = context.Node.Int("group", 1);
        if (x.Rank is < 3 or > 5 || w.Rank != x.Rank || w.Dimensions[0] != x.Dimensions[1] || x.Dimensions[1] % groups != 0
            || w.Count == 0 || x.Count == 0)
            throw context.Invalid($"its input {x}, its weights {w} and {groups} groups do not fit together");
        TransposedAxis[] axes = TransposedAxis.Of(context, x, w);
        long outputs = w.Dimensions[1] * groups;
        long phases = axes.Aggregate(1L, (product, a) => product * a.Stride);
        string weights = Weights(context, w, axes, groups);
        string[] inputs = context.Has(2) ? [context[0], weights, Bias(context, outputs, phases)] : [context[0], weights];
        string all = context.Add(ExpansionContext.New("Conv", inputs).With("group", groups)
            .With("kernel_shape", [.. axes.Select(a => a.Taps)])
            .With("pads", [.. axes.Select(a => a.PadBegin), .. axes.Select(a => a.PadEnd)]));
        context.Return(0, Placed(context, all, x.Dimensions[0], outputs, axes));
    }

    // [inputs, outputs of a group, kernel…] → [outputs · phases, inputs of a group, taps…], in which each phase has every stride-th weight
    // of the kernel, in reverse order.
    private static string Weights(ExpansionContext context, TensorType w, TransposedAxis[] axes, long groups)
    {
        long inputs = w.Dimensions[0] / groups, outputs = w.Dimensions[1];
        string value = context[1];
        for (int i = 0; i < axes.Length; i++)
        {
            int axis = 2 + i;
            if (axes[i].Dilation > 1)
            {
                // Zeros between the weights.
                long[] shape = [.. context.TypeOf(value).Dimensions.Select(d => (long)d)];
                string spread = context.Add("Pad", context.Add("Unsqueeze", value, context.Ints(axis + 1)),
                    context.Ints(0, axes[i].Dilation - 1), "", context.Ints(axis + 1));
                shape[axis] *= axes[i].Dilation;
                value = context.Reshape(spread, shape);
            }
            long length = context.TypeOf(value).Dimensions[axis], wanted = axes[i].Taps * axes[i].Stride;
            value = length > wanted ? context.Slice(value, axis, 0, wanted)
                : length < wanted ? context.Add("Pad", value, context.Ints(0, wanted - length), "", context.Ints(axis))
                : value;
        }
        // [groups, inputs, outputs, taps, phases, taps, phases, …]
        value = context.Reshape(value, [groups, inputs, outputs, .. axes.SelectMany(a => (long[])[a.Taps, a.Stride])]);
        for (int i = 0; i < axes.Length; i++)
            value = context.Add("Slice", value, context.Ints(-1), context.Ints(long.MinValue), context.Ints(3 + (2 * i)), context.Ints(-1));
        long[] order = [0, 2, .. axes.Select((_, i) => 4L + (2 * i)), 1, .. axes.Select((_, i) => 3L + (2 * i))];
        long phases = axes.Aggregate(1L, (product, a) => product * a.Stride);
        return context.Reshape(context.Transpose(value, order), [groups * outputs * phases, inputs, .. axes.Select(a => a.Taps)]);
    }

    private static string Bias(ExpansionContext context, long outputs, long phases)
    {
        if (context.Type(2).Count != outputs)
            throw context.Invalid($"its bias is {context.Type(2)} for {outputs} output channels");
        string column = context.Reshape(context[2], outputs, 1);
        return context.Reshape(context.Add("Expand", column, context.Ints(outputs, phases)), outputs * phases);
    }

    // [n, outputs · phases, places…] → [n, outputs, places · phases…], of which the padding is cut off.
    private static string Placed(ExpansionContext context, string value, long images, long outputs, TransposedAxis[] axes)
    {
        if (axes.Any(a => a.Stride > 1))
        {
            long[] places = [.. context.TypeOf(value).Dimensions.Skip(2).Select(d => (long)d)];
            string split = context.Reshape(value, [images, outputs, .. axes.Select(a => a.Stride), .. places]);
            long[] order = [0, 1, .. Enumerable.Range(0, axes.Length).SelectMany(i => (long[])[2 + axes.Length + i, 2 + i])];
            value = context.Reshape(context.Transpose(split, order), [images, outputs, .. axes.Select((a, i) => places[i] * a.Stride)]);
        }
        for (int i = 0; i < axes.Length; i++)
            if (axes[i].Start > 0 || context.TypeOf(value).Dimensions[2 + i] != axes[i].Output)
                value = context.Slice(value, 2 + i, axes[i].Start, axes[i].Start + axes[i].Output);
        return value;
    }
}
