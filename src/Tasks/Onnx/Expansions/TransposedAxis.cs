using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>One axis of a transposed convolution, as a convolution with all outputs of a stride at once.</summary>
/// <param name="Stride">Outputs between those of neighbouring inputs.</param>
/// <param name="Dilation">Outputs between those of neighbouring weights.</param>
/// <param name="Taps">Inputs that an output sees, at most.</param>
/// <param name="PadBegin">Zeros before the first input.</param>
/// <param name="PadEnd">Zeros behind the last input.</param>
/// <param name="Start">Outputs to be cut off at the beginning.</param>
/// <param name="Output">The number of outputs.</param>
internal sealed record TransposedAxis(long Stride, long Dilation, long Taps, long PadBegin, long PadEnd, long Start, long Output)
{
    /// <summary>The axes of a node.</summary>
    public static TransposedAxis[] Of(ExpansionContext context, TensorType x, TensorType w)
    {
        Node node = context.Node;
        int count = x.Rank - 2;
        long[] strides = List("strides", 1), dilations = List("dilations", 1), extra = List("output_padding", 0);
        long[]? shape = node.Ints("output_shape");
        long[] pads = node.Ints("pads") ?? new long[2 * count];
        if (pads.Length != 2 * count || pads.Any(p => p is < -WindowGeometry.MaximumStep or > WindowGeometry.MaximumStep)
            || (shape is not null && shape.Length < count))
            throw context.Invalid($"its pads and its output_shape do not fit {x}");
        string auto = node.Text("auto_pad", "NOTSET");
        var axes = new TransposedAxis[count];
        for (int i = 0; i < count; i++)
        {
            long input = x.Dimensions[2 + i], kernel = ((w.Dimensions[2 + i] - 1) * dilations[i]) + 1;
            long full = (strides[i] * (input - 1)) + extra[i] + kernel;
            long begin = pads[i], output = full - begin - pads[count + i];
            bool same = auto is "SAME_UPPER" or "SAME_LOWER";
            if (shape is not null || same)
            {
                output = shape is not null ? shape[shape.Length - count + i] : input * strides[i];
                long total = full - output;
                long smaller = total / 2;
                begin = Math.Max(auto == "SAME_UPPER" ? smaller : total - smaller, 0);
            }
            else if (auto == "VALID")
            {
                (begin, output) = (0, full);
            }
            if (output < 1 || output > int.MaxValue)
                throw context.Invalid($"axis {i} would have {output} outputs");
            axes[i] = Axis(strides[i], dilations[i], input, Math.Max(kernel, begin + output - (strides[i] * (input - 1))), begin, output);
        }
        return axes;

        long[] List(string attribute, long otherwise)
        {
            long[] values = node.Ints(attribute) ?? [.. Enumerable.Repeat(otherwise, count)];
            return values.Length == count && values.All(v => v >= otherwise && v <= WindowGeometry.MaximumStep) ? values
                : throw context.Invalid($"its {attribute} is [{string.Join(',', values)}] for {count} axes");
        }
    }

    // Output t is phase t mod stride of place t / stride; place q sees the inputs from q - taps + 1 to q.
    private static TransposedAxis Axis(long stride, long dilation, long input, long kernel, long begin, long output)
    {
        long taps = (kernel + stride - 1) / stride;
        long first = Math.Clamp(begin / stride, 0, taps - 1), last = (begin + output - 1) / stride;
        return new(stride, dilation, taps, taps - 1 - first, Math.Max(last - (input - 1), 0), begin - (first * stride), output);
    }
}
