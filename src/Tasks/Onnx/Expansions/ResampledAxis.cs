using OptimizerBuild.Graphs;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>One axis of a Resize: for each output the inputs that it is made of, and their weights.</summary>
/// <param name="Axis">The axis.</param>
/// <param name="Places">The inputs of each output.</param>
/// <param name="Weights">Their weights.</param>
/// <param name="Outside">For each output whether it lies outside of the region that is resized.</param>
internal sealed record ResampledAxis(int Axis, int[][] Places, float[][] Weights, bool[] Outside)
{
    /// <summary>Whether every output is the input at the same place.</summary>
    public bool IsIdentity { get; private init; }

    /// <summary>The axes of a node.</summary>
    public static ResampledAxis[] Of(ExpansionContext context, TensorType x)
    {
        Node node = context.Node;
        // Before opset 11 the scales stand where the region came to be; Upsample hands its own on in the new form.
        (int roiAt, int scalesAt, int sizesAt) = context.Opset < 11 && node.Inputs.Length == 2 ? (9, 1, 9) : (1, 2, 3);
        int[] axes = [.. (node.Ints("axes") ?? [.. Enumerable.Range(0, x.Rank).Select(a => (long)a)]).Select(a => context.Axis(a, x.Rank))];
        long[]? sizes = Given(sizesAt) ? context.Integers(sizesAt) : null;
        float[]? scales = sizes is null && Given(scalesAt) ? context.Reals(scalesAt) : null;
        float[]? roi = Given(roiAt) ? context.Reals(roiAt) : null;
        if ((sizes?.Length ?? scales?.Length ?? -1) != axes.Length || scales?.Any(s => !(s > 0)) == true || sizes?.Any(s => s < 1) == true
            || x.Count == 0)
            throw context.Invalid($"it has {sizes?.Length ?? 0} sizes and {scales?.Length ?? 0} scales for {axes.Length} axes of {x}");
        double[] factors = [.. axes.Select((a, i) => sizes is null ? scales![i] : (double)sizes[i] / x.Dimensions[a])];
        long[] lengths = sizes ?? [.. axes.Select((a, i) => (long)Math.Floor(x.Dimensions[a] * (double)scales![i]))];
        if (sizes is not null && node.Text("keep_aspect_ratio_policy", "stretch") is not "stretch" and var policy)
        {
            double factor = policy == "not_larger" ? factors.Min() : factors.Max();
            factors = [.. factors.Select(_ => factor)];
            lengths = [.. axes.Select(a => (long)Math.Floor((factor * x.Dimensions[a]) + 0.5))];
        }
        if (lengths.Any(l => l is < 1 or > 1 << 24))
            throw context.Invalid($"its result would have the extents [{string.Join(',', lengths)}]");
        string mode = context.Opset < 11 ? "asymmetric" : node.Text("coordinate_transformation_mode", "half_pixel");
        if (mode == "tf_crop_and_resize" && roi?.Length != 2 * axes.Length)
            throw context.Invalid("its mode tf_crop_and_resize needs a region (input roi) with two numbers for each axis");
        return [.. axes.Select((axis, i) => One(context, mode, axis, x.Dimensions[axis], (int)lengths[i], factors[i],
            roi is null ? (0, 1) : (roi[i], roi[axes.Length + i])))];

        bool Given(int input) => node.HasInput(input) && context.Type(input).Count > 0;
    }

    private static ResampledAxis One(
        ExpansionContext context, string mode, int axis, int input, int output, double scale, (double Start, double End) region)
    {
        context.Elements(output);
        var places = new int[output][];
        var weights = new float[output][];
        var outside = new bool[output];
        var kernel = ResamplingKernel.Of(context.Node, scale, context.Opset);
        for (int i = 0; i < output; i++)
        {
            double at = Place(mode, i, input, output, scale, region);
            outside[i] = mode == "tf_crop_and_resize" && (at < 0 || at > input - 1);
            (places[i], weights[i]) = kernel.Taps(at, input);
        }
        bool identity = input == output && Enumerable.Range(0, output).All(i => !outside[i]
            && Enumerable.Range(0, places[i].Length).All(t => weights[i][t] == 0 || (weights[i][t] == 1 && places[i][t] == i)));
        return new(axis, places, weights, outside) { IsIdentity = identity };
    }

    // Where an output lies among the inputs (ONNX, operator Resize, attribute coordinate_transformation_mode).
    private static double Place(string mode, int i, int input, int output, double scale, (double Start, double End) region) => mode switch
    {
        "asymmetric" => i / scale,
        "align_corners" => scale * input == 1 ? 0 : i * (input - 1.0) / ((scale * input) - 1),
        "pytorch_half_pixel" => output > 1 ? ((i + 0.5) / scale) - 0.5 : 0,
        "half_pixel_symmetric" => (input / 2.0 * (1 - (output / (scale * input)))) + ((i + 0.5) / scale) - 0.5,
        "tf_half_pixel_for_nn" => (i + 0.5) / scale,
        "tf_crop_and_resize" => output > 1
            ? (region.Start * (input - 1)) + (i * (region.End - region.Start) * (input - 1) / (output - 1))
            : 0.5 * (region.Start + region.End) * (input - 1),
        _ => ((i + 0.5) / scale) - 0.5,
    };
}
