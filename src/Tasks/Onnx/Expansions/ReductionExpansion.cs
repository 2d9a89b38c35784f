using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>A reduction that is a sum of functions of the elements, or a function of their sum.</summary>
[Input(0, "data", Elements.Numbers)]
[Input(1, "axes", Elements.Int64, Optional = true, Fixed = true, From = 18)]
[Output(0, "reduced")]
[Parameter("axes", ParameterKind.Ints, Until = 17)]
[Parameter("keepdims", ParameterKind.Int)]
[Parameter("noop_with_empty_axes", ParameterKind.Int, From = 18)]
internal abstract class ReductionExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        ElementType element = context.Type(0).Element;
        // Roots and logarithms of integers are computed as real numbers, and end as integers.
        bool real = element.IsFloat() || IsWhole;
        string value = real ? context[0] : context.Cast(context[0], ElementType.Float64);
        context.Return(0, context.Cast(Reduce(context, value), element));
    }

    /// <summary>Whether the reduction of integers needs no real numbers.</summary>
    protected virtual bool IsWhole => false;

    /// <summary>Adds the reduction of a value.</summary>
    protected abstract string Reduce(ExpansionContext context, string value);

    /// <summary>A standard reduction over the node's axes.</summary>
    /// <param name="context">The node.</param>
    /// <param name="opType">The reduction.</param>
    /// <param name="value">What is reduced.</param>
    /// <param name="keep">Whether reduced dimensions stay; null for what the node says.</param>
    protected static string Over(ExpansionContext context, string opType, string value, bool? keep = null)
    {
        string axes = context.Node.Ints("axes") is { } given ? context.Ints(given) : context.Has(1) ? context[1] : "";
        return context.Add(ExpansionContext.New(opType, axes.Length == 0 ? [value] : [value, axes])
            .With("keepdims", keep is { } k ? (k ? 1 : 0) : context.Node.Int("keepdims", 1))
            .With("noop_with_empty_axes", context.Node.Int("noop_with_empty_axes", 0)));
    }
}

/// <summary>ReduceL1: the sum of absolute values.</summary>
[RewrittenOperator("ReduceL1")]
internal sealed class ReduceL1Expansion : ReductionExpansion
{
    /// <inheritdoc/>
    protected override bool IsWhole => true;

    /// <inheritdoc/>
    protected override string Reduce(ExpansionContext context, string value) => Over(context, "ReduceSum", context.Add("Abs", value));
}

/// <summary>ReduceL2: the root of the sum of squares.</summary>
[RewrittenOperator("ReduceL2")]
internal sealed class ReduceL2Expansion : ReductionExpansion
{
    /// <inheritdoc/>
    protected override string Reduce(ExpansionContext context, string value) =>
        context.Add("Sqrt", Over(context, "ReduceSum", context.Add("Mul", value, value)));
}

/// <summary>ReduceSumSquare: the sum of squares.</summary>
[RewrittenOperator("ReduceSumSquare")]
internal sealed class ReduceSumSquareExpansion : ReductionExpansion
{
    /// <inheritdoc/>
    protected override bool IsWhole => true;

    /// <inheritdoc/>
    protected override string Reduce(ExpansionContext context, string value) =>
        Over(context, "ReduceSum", context.Add("Mul", value, value));
}

/// <summary>ReduceLogSum: the logarithm of the sum.</summary>
[RewrittenOperator("ReduceLogSum")]
internal sealed class ReduceLogSumExpansion : ReductionExpansion
{
    /// <inheritdoc/>
    protected override string Reduce(ExpansionContext context, string value) => context.Add("Log", Over(context, "ReduceSum", value));
}

/// <summary>ReduceLogSumExp: the logarithm of the sum of exponentials, which are taken relative to the greatest value.</summary>
[RewrittenOperator("ReduceLogSumExp")]
internal sealed class ReduceLogSumExpExpansion : ReductionExpansion
{
    /// <inheritdoc/>
    protected override string Reduce(ExpansionContext context, string value)
    {
        // Nothing has no greatest value.
        if (context.TypeOf(value).Count == 0)
            return context.Add("Log", Over(context, "ReduceSum", context.Add("Exp", value)));
        ElementType element = context.TypeOf(value).Element;
        double most = element == ElementType.Float64 ? double.MaxValue : float.MaxValue;
        string Bounded(string maximum) =>
            context.Add("Clip", maximum, context.Scalar(element, -most), context.Scalar(element, most));
        // Infinite values less an infinite maximum would be no numbers.
        string difference = context.Add("Sub", value, Bounded(Over(context, "ReduceMax", value, keep: true)));
        string logarithm = context.Add("Log", Over(context, "ReduceSum", context.Add("Exp", difference)));
        return context.Add("Add", logarithm, Bounded(Over(context, "ReduceMax", value)));
    }
}
