using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// DeformConv: a convolution each of whose taps reads the map at a place of its own, with a mask (X. Zhu et al., "Deformable ConvNets
/// v2", 2019, section 3.2): the taps are gathered, and multiplied with the weights as one matrix product.
/// </summary>
[RewrittenOperator("DeformConv")]
[Input(0, "X", Elements.Floats, Variable = "T")]
[Input(1, "W", Elements.Floats, Variable = "T")]
[Input(2, "offset", Elements.Floats, Variable = "T")]
[Input(3, "B", Elements.Floats, Variable = "T", Optional = true)]
[Input(4, "mask", Elements.Floats, Variable = "T", Optional = true)]
[Output(0, "Y")]
[Parameter("dilations", ParameterKind.Ints, Minimum = 1)]
[Parameter("group", ParameterKind.Int, Minimum = 1)]
[Parameter("kernel_shape", ParameterKind.Ints, Minimum = 1)]
[Parameter("offset_group", ParameterKind.Int, Minimum = 1)]
[Parameter("pads", ParameterKind.Ints, Minimum = 0)]
[Parameter("strides", ParameterKind.Ints, Minimum = 1)]
internal sealed class DeformConvExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        (TensorType x, TensorType w, TensorType offset) = (context.Type(0), context.Type(1), context.Type(2));
        if (x.Rank != 4 || w.Rank != 4 || offset.Rank != 4)
            throw context.Unsupported("DeformConv of two spatial dimensions");
        (int images, int channels, int height, int width) = (x.Dimensions[0], x.Dimensions[1], x.Dimensions[2], x.Dimensions[3]);
        (int outputs, int kernelHeight, int kernelWidth) = (w.Dimensions[0], w.Dimensions[2], w.Dimensions[3]);
        (int rows, int columns) = (offset.Dimensions[2], offset.Dimensions[3]);
        long groups = context.Node.Int("group", 1), offsets = context.Node.Int("offset_group", 1);
        int taps = kernelHeight * kernelWidth, pixels = rows * columns;
        if (w.Dimensions[1] * groups != channels || outputs % groups != 0 || channels % offsets != 0 || offset.Dimensions[0] != images
            || offset.Dimensions[1] != offsets * taps * 2 || x.Count == 0 || offset.Count == 0
            || (context.Has(3) && context.Type(3).Count != outputs) || (context.Has(4) && context.Type(4).Count * 2L != offset.Count))
            throw context.Invalid($"its inputs are {x}, {w} and {offset}, its groups {groups} and {offsets}");
        (int perOffset, int o) = (channels / (int)offsets, (int)offsets);

        string moves = context.Reshape(context[2], images, o, taps, 2, rows, columns);
        string Move(int axis) => context.Reshape(context.Slice(moves, 3, axis, axis + 1), images, o, taps, rows, columns);
        Tensor baseY = Base(context, 0, height, kernelHeight, rows, [1, 1, kernelHeight, 1, rows, 1]);
        Tensor baseX = Base(context, 1, width, kernelWidth, columns, [1, 1, 1, kernelWidth, 1, columns]);
        string Places(Tensor start, string move) => context.Reshape(context.Add("Add",
            context.Reshape(move, images, o, kernelHeight, kernelWidth, rows, columns), context.Cast(context.Add(start), x.Element)),
            images, o, taps, rows, columns);
        var y = SampledAxis.InZeros(context, Places(baseY, Move(0)), height);
        var along = SampledAxis.InZeros(context, Places(baseX, Move(1)), width);

        string table = context.Reshape(context.Transpose(context.Reshape(context[0], images, o, perOffset, height, width), 0, 1, 3, 4, 2),
            (long)images * o * height * width, perOffset);
        string first = context.Add(Tensor.Of([.. Enumerable.Range(0, images * o).Select(i => (long)i * height * width)],
            images, o, 1, 1, 1));
        string read = context.Add("Sum", SampledAxis.Corners(context, table, first, y, along, width));
        if (context.Has(4))
            read = context.Add("Mul", read, context.Reshape(context[4], images, o, taps, rows, columns, 1));
        string gathered = context.Reshape(context.Transpose(read, 0, 1, 5, 2, 3, 4), images, groups, channels / groups * taps, pixels);
        string weights = context.Reshape(context[1], 1, groups, outputs / groups, channels / groups * taps);
        string sums = context.Reshape(context.Add("MatMul", weights, gathered), images, outputs, rows, columns);
        context.Return(0, context.Has(3) ? context.Add("Add", sums, context.Reshape(context[3], 1, outputs, 1, 1)) : sums);
    }

    // Where the taps lie without offsets: one number for each tap and output along an axis.
    private static Tensor Base(ExpansionContext context, int axis, int size, int kernel, int outputs, int[] shape)
    {
        long[] pads = context.Node.Ints("pads") ?? [0, 0, 0, 0], strides = context.Node.Ints("strides") ?? [1, 1];
        long[] dilations = context.Node.Ints("dilations") ?? [1, 1];
        if (pads.Length != 4 || strides.Length != 2 || dilations.Length != 2
            || ((size + pads[axis] + pads[axis + 2] - (dilations[axis] * (kernel - 1)) - 1) / strides[axis]) + 1 != outputs)
            throw context.Invalid($"its offsets are for {outputs} places along axis {axis + 2}");
        return Tensor.Of([.. Enumerable.Range(0, kernel * outputs).Select(i =>
            (float)((i % outputs * strides[axis]) - pads[axis] + (i / outputs * dilations[axis])))], shape);
    }
}
