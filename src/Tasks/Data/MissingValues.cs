using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Data;

/// <summary>
/// Whether a model takes values that are no finite numbers: missing ones, as trees and imputers know them. Such values may be moved and
/// computed with element by element until something takes them or replaces them; sums over several elements they would spoil.
/// </summary>
internal static class MissingValues
{
    /// <summary>Where values that are no finite numbers do harm.</summary>
    /// <param name="graph">The model as imported.</param>
    /// <param name="samples">Samples with such values.</param>
    /// <returns>What does not take them, in words; null where all samples have finite results.</returns>
    public static string? Obstacle(Graph graph, IEnumerable<IReadOnlyList<Tensor>> samples)
    {
        var evaluator = new GraphEvaluator(graph);
        foreach (IReadOnlyList<Tensor> sample in samples)
        {
            var missing = new HashSet<string>(StringComparer.Ordinal);
            evaluator.Evaluate(sample, (name, value) =>
            {
                if (!IsFinite(value))
                    missing.Add(name);
            });
            if (graph.Nodes.FirstOrDefault(n => n.Inputs.Any(missing.Contains) && !Passes(graph, n)) is { } node)
                return $"{node.OpType} '{node.Name}'";
            if (graph.Outputs.FirstOrDefault(missing.Contains) is { } output)
                return $"the output '{output}', which they make one of them,";
        }
        return null;
    }

    /// <summary>Whether all elements of a tensor are finite; other elements than real numbers are.</summary>
    public static bool IsFinite(Tensor tensor) => tensor.Data switch
    {
        float[] values => !values.AsSpan().ContainsAnyExceptInRange(float.MinValue, float.MaxValue),
        double[] values => !values.AsSpan().ContainsAnyExceptInRange(double.MinValue, double.MaxValue),
        _ => true,
    };

    /// <summary>
    /// Whether a node hands elements on, each by itself: it moves them, computes one of each, or converts them to real numbers of another
    /// type.
    /// </summary>
    public static bool HandsOn(Graph graph, Node node) => OperatorRegistry.Of(node) is var own
        && (own is IElementwise || own.Arithmetic == OperatorArithmetic.Moves
            // A whole number that stands for none would be any.
            || (own.Arithmetic == OperatorArithmetic.Converts && node.Outputs.All(o => graph.TypeOf(o).Element.IsFloat())));

    private static bool Passes(Graph graph, Node node) => node.Is<ITakesMissingValues>() || HandsOn(graph, node);
}
