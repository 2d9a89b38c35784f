using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// Col2Im: columns of blocks added up where they overlap in an image, a transposed convolution that puts each value into one place.
/// </summary>
[RewrittenOperator("Col2Im")]
[Input(0, "input", Elements.Floats)]
[Input(1, "image_shape", Elements.Int64, Fixed = true)]
[Input(2, "block_shape", Elements.Int64, Fixed = true)]
[Output(0, "output")]
[Parameter("dilations", ParameterKind.Ints, Minimum = 1)]
[Parameter("pads", ParameterKind.Ints, Minimum = 0)]
[Parameter("strides", ParameterKind.Ints, Minimum = 1)]
internal sealed class Col2ImExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType x = context.Type(0);
        long[] image = context.Integers(1), block = context.Integers(2);
        int axes = image.Length;
        long[] ones = [.. Enumerable.Repeat(1L, axes)];
        long[] dilations = context.Node.Ints("dilations") ?? ones, strides = context.Node.Ints("strides") ?? ones;
        long[] pads = context.Node.Ints("pads") ?? new long[2 * axes];
        if (x.Rank != 3 || axes is < 1 or > 3 || block.Length != axes || dilations.Length != axes || strides.Length != axes
            || pads.Length != 2 * axes || image.Concat(block).Any(d => d is < 1 or > 1 << 20))
            throw context.Invalid($"its input is {x}, its image [{string.Join(',', image)}] and its block [{string.Join(',', block)}]");
        // The places of a block in the image, and the pixels behind the last one.
        var places = new long[axes];
        var rest = new long[axes];
        for (int i = 0; i < axes; i++)
        {
            long free = image[i] + pads[i] + pads[axes + i] - (dilations[i] * (block[i] - 1)) - 1;
            (places[i], rest[i]) = (Math.Max(free / strides[i], 0) + 1, Math.Max(free % strides[i], 0));
        }
        int size = context.Elements(block);
        long channels = x.Dimensions[1] / size;
        if (channels * size != x.Dimensions[1] || places.Aggregate(1L, (a, b) => a * b) != x.Dimensions[2])
            throw context.Invalid(
                $"its input {x} is not made of blocks [{string.Join(',', block)}] at [{string.Join(',', places)}] places");
        var one = new float[context.Elements(channels, size, size)];
        for (long i = 0; i < channels * size; i++)
            one[(i * size) + (i % size)] = 1;
        string weights = context.Cast(context.Add(Tensor.Of(one, [(int)channels * size, 1, .. block.Select(b => (int)b)])), x.Element);
        context.Return(0, context.Add(ExpansionContext
            .New("ConvTranspose", context.Reshape(context[0], [x.Dimensions[0], x.Dimensions[1], .. places]), weights)
            .With("group", channels).With("dilations", dilations).With("strides", strides).With("pads", pads)
            .With("output_padding", rest)));
    }
}
