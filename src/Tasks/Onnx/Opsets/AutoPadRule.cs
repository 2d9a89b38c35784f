using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Opsets;

/// <summary>
/// Windows may leave their padding to <c>auto_pad</c>, which is deprecated and depends on the input's size. Here, where that is known, it
/// becomes <c>pads</c>; nothing behind the importer knows of it.
/// </summary>
[OpsetRule("Conv")]
[OpsetRule("MaxPool")]
[OpsetRule("AveragePool")]
[OpsetRule("LpPool")]
internal sealed class AutoPadRule : OpsetRule
{
    private const string Attribute = "auto_pad";

    /// <inheritdoc/>
    public override IEnumerable<Node> Normalise(OpsetContext context)
    {
        Node node = context.Node;
        if (!node.Has(Attribute))
            return [node];
        Node plain = node.Without(Attribute);
        return node.Text(Attribute, "NOTSET") switch
        {
            "NOTSET" or "" => [plain],
            "VALID" => [plain.Without("pads")],
            "SAME_UPPER" => [WindowAttributes.WithPads(plain, Same(context, upper: true))],
            _ => [WindowAttributes.WithPads(plain, Same(context, upper: false))],
        };
    }

    private static long[] Same(OpsetContext context, bool upper)
    {
        Node node = context.Node;
        TensorType x = context.Type(0);
        int axes = x.Rank - 2;
        // A convolution's window is as large as its weights, which the operator compares with kernel_shape where that is given.
        long[] kernel = WindowAttributes.Kernel(node)
            ?? (node.HasInput(1) ? [.. context.Type(1).Dimensions.Skip(2).Select(d => (long)d)] : []);
        if (axes < 1 || kernel.Length != axes)
            throw context.Invalid($"its input {x} and its window of {kernel.Length} dimensions do not fit together");
        long[] strides = Values(context, "strides", WindowAttributes.Strides(node), axes);
        long[] dilations = Values(context, "dilations", WindowAttributes.Dilations(node), axes);
        var pads = new long[2 * axes];
        for (int i = 0; i < axes; i++)
        {
            int size = x.Dimensions[2 + i];
            if (size == 0)
                throw context.Invalid($"its input {x} has no elements that padding could surround");
            (pads[i], pads[axes + i]) = WindowAxis.SamePadding(
                size, Positive(context, "kernel_shape", kernel[i]), strides[i], dilations[i], upper);
        }
        return pads;
    }

    private static long[] Values(OpsetContext context, string attribute, long[]? given, int axes)
    {
        long[] values = given ?? [.. Enumerable.Repeat(1L, axes)];
        if (values.Length != axes)
            throw context.Invalid($"{attribute} has {values.Length} entries for {axes} spatial dimensions");
        return Array.ConvertAll(values, v => Positive(context, attribute, v));
    }

    // As large as the operators allow, so that the products below stay within 64 bits.
    private static long Positive(OpsetContext context, string attribute, long value) =>
        value is > 0 and <= WindowGeometry.MaximumStep ? value : throw context.Invalid($"{attribute} contains {value}");
}
