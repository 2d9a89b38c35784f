using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators;

/// <summary>
/// The trait of an operator, or of a rewriting of one, that works on the places along some axis one by one, so that it may be given a
/// tensor of which only the first places count (<see cref="ModelValue.Bounded"/>): its result holds equally many.
/// </summary>
internal interface IKeepsExtent
{
    /// <summary>The axis of each output along which equally many places count as along those of the inputs.</summary>
    /// <param name="context">The node with its types.</param>
    /// <param name="axes">For each input the axis along which only the first places count; null where all do. All of them have the same
    /// length.</param>
    /// <returns>The axis; null where places that do not count would change others.</returns>
    int? ResultAxis(OperatorContext context, IReadOnlyList<int?> axes);
}

/// <summary>Axes of operators that broadcast their inputs against each other.</summary>
internal static class BroadcastExtent
{
    /// <summary>The axis of the result where inputs are combined element by element; null where an input has places of its own there.
    /// </summary>
    /// <param name="context">The node with its types.</param>
    /// <param name="axes">For each input the axis along which only the first places count; null where all do.</param>
    public static int? ResultAxis(OperatorContext context, IReadOnlyList<int?> axes)
    {
        int rank = context.InputTypes.Max(t => t?.Rank ?? 0);
        int?[] aligned = [.. axes.Select((axis, i) => axis + rank - context.InputTypes[i]?.Rank)];
        if (aligned.OfType<int>().Distinct().ToArray() is not [var result])
            return null;
        for (int i = 0; i < axes.Count; i++)
            if (axes[i] is null && context.InputTypes[i] is { } other && result - rank + other.Rank is >= 0 and var own
                && other.Dimensions[own] != 1)
                return null;
        return result;
    }
}
