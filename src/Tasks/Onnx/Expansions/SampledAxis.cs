using OptimizerBuild.Graphs;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>The two pixels around places along one axis with what each counts, computed by standard operators.</summary>
/// <param name="Low">Int64 index of the lower pixel.</param>
/// <param name="High">Int64 index of the higher one.</param>
/// <param name="LowWeight">What the lower one counts.</param>
/// <param name="HighWeight">What the higher one counts.</param>
internal sealed record SampledAxis(string Low, string High, string LowWeight, string HighWeight)
{
    /// <summary>Places of which pixels outside count nothing.</summary>
    /// <param name="context">The node.</param>
    /// <param name="places">Real places in pixels.</param>
    /// <param name="size">The pixels of the axis.</param>
    public static SampledAxis InZeros(ExpansionContext context, string places, int size)
    {
        string low = context.Add("Floor", places);
        string fraction = context.Add("Sub", places, low);
        string one = context.Scalar(context.TypeOf(places).Element, 1);
        string high = context.Add("Add", low, one);
        return new(Index(context, low, size), Index(context, high, size),
            context.Add("Mul", context.Add("Sub", one, fraction), IsInside(context, low, 0, size - 1)),
            context.Add("Mul", fraction, IsInside(context, high, 0, size - 1)));
    }

    /// <summary>Places that may lie up to a pixel outside, where the outermost pixel counts; those farther out count nothing.</summary>
    /// <param name="context">The node.</param>
    /// <param name="places">Real places in pixels.</param>
    /// <param name="size">The pixels of the axis.</param>
    public static SampledAxis AtEdges(ExpansionContext context, string places, int size)
    {
        ElementType type = context.TypeOf(places).Element;
        string last = context.Scalar(type, size - 1), one = context.Scalar(type, 1);
        string at = context.Add("Min", context.Add("Max", places, context.Scalar(type, 0)), last);
        string low = context.Add("Floor", at);
        string fraction = context.Add("Sub", at, low);
        string counts = IsInside(context, places, -1, size);
        return new(Index(context, low, size), Index(context, context.Add("Add", low, one), size),
            context.Add("Mul", context.Add("Sub", one, fraction), counts), context.Add("Mul", fraction, counts));
    }

    /// <summary>
    /// The four pixels around places with their weights, as a product of two axes: rows of a table, each multiplied by what it counts.
    /// </summary>
    /// <param name="context">The node.</param>
    /// <param name="table">Rows of channels, one for each pixel.</param>
    /// <param name="first">Int64 index of the first row of a place's map.</param>
    /// <param name="y">The vertical axis.</param>
    /// <param name="x">The horizontal axis.</param>
    /// <param name="width">The pixels of a line.</param>
    /// <returns>Four values of the places' dimensions and the channels.</returns>
    public static string[] Corners(ExpansionContext context, string table, string first, SampledAxis y, SampledAxis x, int width) =>
        [.. from line in new[] { (y.Low, y.LowWeight), (y.High, y.HighWeight) }
            from pixel in new[] { (x.Low, x.LowWeight), (x.High, x.HighWeight) }
            select Corner(context, table, first, line, pixel, width)];

    private static string Corner(
        ExpansionContext context, string table, string first, (string Index, string Weight) line, (string Index, string Weight) pixel,
        int width)
    {
        string row = context.Add("Add", context.Add("Add", first,
            context.Add("Mul", line.Index, context.Scalar(ElementType.Int64, width))), pixel.Index);
        string weight = context.Add("Mul", line.Weight, pixel.Weight);
        return context.Add("Mul", context.Add("Gather", table, row), context.Add("Unsqueeze", weight, context.Ints(-1)));
    }

    private static string Index(ExpansionContext context, string place, int size)
    {
        ElementType type = context.TypeOf(place).Element;
        string inside = context.Add("Min", context.Add("Max", place, context.Scalar(type, 0)), context.Scalar(type, size - 1));
        return context.Cast(inside, ElementType.Int64);
    }

    // 1 where a place lies between two others, else 0.
    private static string IsInside(ExpansionContext context, string place, double least, double greatest)
    {
        ElementType type = context.TypeOf(place).Element;
        return context.Cast(context.Add("And", context.Add("GreaterOrEqual", place, context.Scalar(type, least)),
            context.Add("LessOrEqual", place, context.Scalar(type, greatest))), type);
    }
}
