using OptimizerBuild.Graphs;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>The places at which a list of booleans is true, computed by standard operators.</summary>
internal static class SelectedPlaces
{
    /// <summary>The places in order, with zeros behind them, and their number.</summary>
    /// <param name="context">The node.</param>
    /// <param name="flags">A list of booleans.</param>
    /// <returns>As many int64 numbers as there are booleans, and an int64 scalar.</returns>
    public static (string Places, string Length) Of(ExpansionContext context, string flags)
    {
        int count = context.TypeOf(flags).Count;
        (string ranks, string length) = Ranks(context, flags);
        return (Scatter(context, Targets(context, flags, ranks, count), Increasing(context, count), count), length);
    }

    /// <summary>How many booleans before and at each place are true, less one, and how many are altogether.</summary>
    public static (string Ranks, string Length) Ranks(ExpansionContext context, string flags)
    {
        string ones = context.Cast(flags, ElementType.Int64);
        return (context.Add("Sub", context.Add("CumSum", ones, context.Scalar(ElementType.Int64, 0)),
            context.Scalar(ElementType.Int64, 1)), context.Reduce("ReduceSum", ones, [0L], keep: false));
    }

    /// <summary>Ranks where the booleans are true, elsewhere a place behind a list of <paramref name="count"/>.</summary>
    public static string Targets(ExpansionContext context, string flags, string ranks, int count) =>
        context.Add("Where", flags, ranks, context.Scalar(ElementType.Int64, count));

    /// <summary>A list of zeros with values at places; those behind its end are left out.</summary>
    /// <param name="context">The node.</param>
    /// <param name="places">Int64 places.</param>
    /// <param name="values">As many int64 values.</param>
    /// <param name="count">The length of the list.</param>
    /// <param name="reduction">How values of the same place are combined; <c>none</c> where the last one counts.</param>
    public static string Scatter(ExpansionContext context, string places, string values, int count, string reduction = "none")
    {
        Node scatter = ExpansionContext.New("ScatterRows", context.Add(Tensor.Zeros(TensorType.Of(ElementType.Int64, count, 1))), places,
            context.Reshape(values, context.TypeOf(values).Count, 1)) with { Domain = Node.InternalDomain };
        return context.Reshape(context.Add(scatter.With("reduction", new AttributeValue.Text(reduction))), (long)count);
    }

    /// <summary>0, 1, 2, … as an int64 constant.</summary>
    public static string Increasing(ExpansionContext context, int count) =>
        context.Ints([.. Enumerable.Range(0, count).Select(i => (long)i)]);
}
