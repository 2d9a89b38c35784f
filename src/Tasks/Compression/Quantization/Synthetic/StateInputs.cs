using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Movement;
using OptimizerBuild.Operators.Recurrent;

namespace OptimizerBuild.Compression.Quantization.Synthetic;

/// <summary>
/// Float inputs that are states of recurrent layers and nothing else: what the model made in the call before. A hidden state is the product
/// of a gate and an activation, so that it lies within −1 and 1 whatever the model's other inputs are.
/// </summary>
internal static class StateInputs
{
    private static readonly (double Low, double High) Range = (-1, 1);

    /// <summary>The ranges of a graph's states by input name.</summary>
    public static ImmutableSortedDictionary<string, (double Low, double High)> Ranges(Graph graph) => graph.Inputs
        .Where(i => graph.TypeOf(i).Element.IsFloat() && IsState(graph, i))
        .ToImmutableSortedDictionary(i => i, _ => Range, StringComparer.Ordinal);

    // Whether only movements lie between the input and the first states of layers, and something reads it there.
    private static bool IsState(Graph graph, string input)
    {
        var waiting = new Queue<string>([input]);
        var seen = new HashSet<string>(StringComparer.Ordinal) { input };
        bool found = false;
        while (waiting.TryDequeue(out string? value))
        {
            if (GraphIndex.Of(graph).IsOutput(value) && value != input)
                return false;
            foreach (Node node in GraphIndex.Of(graph).Readers(value))
            {
                if (node.Is<RecurrentOperator>() && RecurrentOperator.ReadsAsState(node, value))
                    found = true;
                else if (node.Is<MovementOperator>() || node.Is<ReshapingOperator>())
                    foreach (string output in node.Outputs.Where(o => o.Length > 0 && seen.Add(o)))
                        waiting.Enqueue(output);
                else
                    return false;
            }
        }
        return found;
    }
}
