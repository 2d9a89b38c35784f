using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// RoiAlign: regions of feature maps as maps of one size, read between the pixels (K. He et al., "Mask R-CNN", 2017, section 3).
/// </summary>
[RewrittenOperator("RoiAlign")]
[Input(0, "X", Elements.Floats, Variable = "T1")]
[Input(1, "rois", Elements.Floats, Variable = "T1")]
[Input(2, "batch_indices", Elements.Int64)]
[Output(0, "Y")]
[Parameter("coordinate_transformation_mode", ParameterKind.String, From = 16, Choices = ["half_pixel", "output_half_pixel"])]
[Parameter("mode", ParameterKind.String, Choices = ["avg", "max"])]
[Parameter("output_height", ParameterKind.Int, Minimum = 1)]
[Parameter("output_width", ParameterKind.Int, Minimum = 1)]
[Parameter("sampling_ratio", ParameterKind.Int, Minimum = 0)]
[Parameter("spatial_scale", ParameterKind.Float)]
internal sealed class RoiAlignExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        (TensorType x, TensorType rois) = (context.Type(0), context.Type(1));
        if (x.Rank != 4 || rois.Rank != 2 || rois.Dimensions[1] != 4 || context.Type(2).Count != rois.Dimensions[0] || x.Count == 0)
            throw context.Invalid($"its inputs are {x}, {rois} and {context.Type(2)}");
        long ratio = context.Node.Int("sampling_ratio", 0);
        if (ratio == 0)
            throw context.Unsupported("RoiAlign with a sampling_ratio of 1 or more: otherwise the regions say how often they are read");
        long lines = context.Node.Int("output_height", 1), columns = context.Node.Int("output_width", 1);
        context.Elements(Math.Max(rois.Dimensions[0], 1), lines, ratio, columns, ratio);
        (int samples, int height, int width) = ((int)ratio, (int)lines, (int)columns);
        (int regions, int channels) = (rois.Dimensions[0], x.Dimensions[1]);
        (int h, int w) = (x.Dimensions[2], x.Dimensions[3]);
        bool halfPixel = context.Opset >= 16 && context.Node.Text("coordinate_transformation_mode", "half_pixel") == "half_pixel";
        string scaled = context.Add("Sub",
            context.Add("Mul", context[1], context.Scalar(x.Element, context.Node.Float("spatial_scale", 1))),
            context.Scalar(x.Element, halfPixel ? 0.5 : 0));
        var vertical = SampledAxis.AtEdges(context, Places(context, scaled, 1, height, samples, halfPixel, [regions, -1, 1]), h);
        var horizontal = SampledAxis.AtEdges(context, Places(context, scaled, 0, width, samples, halfPixel, [regions, 1, -1]), w);
        string first = context.Reshape(context.Add("Mul", context[2], context.Scalar(ElementType.Int64, (double)h * w)), regions, 1, 1);
        string table = context.Reshape(context.Transpose(context[0], 0, 2, 3, 1), (long)x.Dimensions[0] * h * w, channels);
        string[] corners = SampledAxis.Corners(context, table, first, vertical, horizontal, w);
        bool greatest = context.Node.Text("mode", "avg") == "max";
        string read = greatest ? context.Add("Max", corners) : context.Add("Sum", corners);
        string bins = context.Reshape(read, regions, height, samples, width, samples, channels);
        string result = context.Reduce(greatest ? "ReduceMax" : "ReduceMean", bins, [2L, 4L], keep: false);
        context.Return(0, context.Transpose(result, 0, 3, 1, 2));
    }

    // The places that the bins of all regions are read at along an axis.
    private static string Places(
        ExpansionContext context, string rois, int column, int bins, int samples, bool halfPixel, ReadOnlySpan<long> shape)
    {
        ElementType type = context.TypeOf(rois).Element;
        string start = context.Slice(rois, 1, column, column + 1);
        string extent = context.Add("Sub", context.Slice(rois, 1, column + 2, column + 3), start);
        if (!halfPixel)
            extent = context.Add("Max", extent, context.Scalar(type, 1));
        string bin = context.Add("Div", extent, context.Scalar(type, bins));
        double[] steps = [.. Enumerable.Range(0, bins * samples).Select(i => (i / samples) + (((i % samples) + 0.5) / samples))];
        string moved = context.Add("Mul", bin, context.Cast(context.Add(Tensor.Of(steps, 1, steps.Length)), type));
        return context.Reshape(context.Add("Add", start, moved), shape);
    }
}
