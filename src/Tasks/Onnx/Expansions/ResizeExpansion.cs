using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Linear;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// Resize (Upsample, as it was called before opset 10): a selection along each axis for the nearest neighbour, which moves elements only,
/// else a resampling along each axis.
/// </summary>
[RewrittenOperator("Resize")]
[Input(0, "X", Elements.Numbers | Elements.Bool)]
[Input(1, "scales", Elements.Float32, Until = 10, Fixed = true)]
[Input(1, "roi", Elements.Floats, From = 11, Optional = true, Fixed = true)]
[Input(2, "scales", Elements.Float32, From = 11, Optional = true, Fixed = true)]
[Input(3, "sizes", Elements.Int64, From = 11, Optional = true, Fixed = true)]
[Output(0, "Y")]
[Parameter("antialias", ParameterKind.Int, From = 18)]
[Parameter("axes", ParameterKind.Ints, From = 18)]
[Parameter("coordinate_transformation_mode", ParameterKind.String, From = 11, Choices = ["half_pixel", "half_pixel_symmetric",
    "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize", "tf_half_pixel_for_nn"])]
[Parameter("cubic_coeff_a", ParameterKind.Float, From = 11)]
[Parameter("exclude_outside", ParameterKind.Int, From = 11)]
[Parameter("extrapolation_value", ParameterKind.Float, From = 11)]
[Parameter("keep_aspect_ratio_policy", ParameterKind.String, From = 18, Choices = ["stretch", "not_larger", "not_smaller"])]
[Parameter("mode", ParameterKind.String, Choices = ["nearest", "linear", "cubic"])]
[Parameter("nearest_mode", ParameterKind.String, From = 11,
    Choices = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])]
internal sealed class ResizeExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType x = context.Type(0);
        ResampledAxis[] axes = ResampledAxis.Of(context, x);
        bool nearest = context.Node.Text("mode", "nearest") == "nearest";
        ElementType element = nearest || x.Element == ElementType.Float32 ? x.Element : ElementType.Float32;
        string value = context.Cast(context[0], element);
        foreach (ResampledAxis axis in axes.Where(a => !a.IsIdentity))
            value = nearest ? Selected(context, value, axis) : Resampled(context, value, axis);
        if (axes.Any(a => a.Outside.Contains(true)))
            value = Extrapolated(context, value, axes);
        context.Return(0, context.Cast(value, x.Element));
    }

    private static string Selected(ExpansionContext context, string value, ResampledAxis axis) => context.Add(
        ExpansionContext.New("Gather", value, context.Ints([.. axis.Places.Select(p => (long)p[0])])).With("axis", axis.Axis));

    private static string Resampled(ExpansionContext context, string value, ResampledAxis axis)
    {
        int taps = axis.Places[0].Length;
        string places = context.Add(Tensor.Of([.. axis.Places.SelectMany(p => p)], axis.Places.Length, taps));
        string weights = context.Add(Tensor.Of([.. axis.Weights.SelectMany(p => p)], axis.Places.Length, taps));
        return context.Add(NodeOperators.New<AxisResamplingOperator>("", [value, places, weights], []).With("axis", axis.Axis));
    }

    // What lies outside of the region along one axis has the value that the node says.
    private static string Extrapolated(ExpansionContext context, string value, ResampledAxis[] axes)
    {
        TensorType type = context.TypeOf(value);
        string other = context.Scalar(type.Element, context.Node.Float("extrapolation_value", 0));
        foreach (ResampledAxis axis in axes.Where(a => a.Outside.Contains(true)))
        {
            string outside = context.Add(Tensor.Of(axis.Outside, [.. type.Dimensions.Select((d, i) => i == axis.Axis ? d : 1)]));
            value = context.Add("Where", outside, other, value);
        }
        return value;
    }
}

/// <summary>Upsample: a Resize by scales that were an attribute before opset 9.</summary>
[RewrittenOperator("Upsample")]
[Input(0, "X", Elements.Numbers | Elements.Bool)]
[Input(1, "scales", Elements.Float32, From = 9, Fixed = true)]
[Output(0, "Y")]
[Parameter("mode", ParameterKind.String, Choices = ["nearest", "linear", "bilinear"])]
[Parameter("scales", ParameterKind.Floats, From = 7, Until = 8, Required = true)]
[Parameter("height_scale", ParameterKind.Float, Until = 6)]
[Parameter("width_scale", ParameterKind.Float, Until = 6)]
internal sealed class UpsampleExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        float[] scales = context.Has(1) ? context.Reals(1) : context.Node.Floats("scales")
            ?? [1, 1, context.Node.Float("height_scale", 1), context.Node.Float("width_scale", 1)];
        string mode = context.Node.Text("mode", "nearest") == "nearest" ? "nearest" : "linear";
        context.Return(0, context.Add(
            ExpansionContext.New("Resize", context[0], "", context.Add(Tensor.Of(scales, scales.Length)))
                .With("mode", new AttributeValue.Text(mode)).With("nearest_mode", new AttributeValue.Text("floor"))
                .With("coordinate_transformation_mode", new AttributeValue.Text("asymmetric"))));
    }
}
