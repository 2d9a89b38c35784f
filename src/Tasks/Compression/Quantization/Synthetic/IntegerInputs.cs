using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Movement;
using OptimizerBuild.Operators.Types;

namespace OptimizerBuild.Compression.Quantization.Synthetic;

/// <summary>Which integers an integer input plausibly takes: those below the number of rows that a table it indexes has.</summary>
internal static class IntegerInputs
{
    /// <summary>The bound where the graph tells none: bytes.</summary>
    public const long DefaultBound = 256;

    /// <summary>For each integer input of which the graph tells it, the bound below which its values lie.</summary>
    public static ImmutableSortedDictionary<string, long> Bounds(Graph graph)
    {
        var bounds = ImmutableSortedDictionary.CreateBuilder<string, long>(StringComparer.Ordinal);
        foreach (string input in graph.Inputs)
        {
            if (graph.TypeOf(input).Element is var element && (element.IsFloat() || element.IsNarrow() || element == ElementType.String))
                continue;
            var waiting = new Queue<string>([input]);
            var seen = new HashSet<string>(StringComparer.Ordinal) { input };
            long bound = long.MaxValue;
            while (waiting.TryDequeue(out string? value))
                foreach (Node node in GraphIndex.Of(graph).Readers(value))
                {
                    bound = Math.Min(bound, Bound(graph, node, value));
                    if (Forwards(node) && !graph.TypeOf(node.Outputs[0]).Element.IsFloat() && seen.Add(node.Outputs[0]))
                        waiting.Enqueue(node.Outputs[0]);
                }
            if (bound is > 0 and < long.MaxValue)
                bounds[input] = Math.Min(bound, Greatest(graph.TypeOf(input).Element) + 1);
        }
        return bounds.ToImmutable();
    }

    private static bool Forwards(Node node) =>
        node.Is<ReshapingOperator>() || node.Is<CastOperator>() || node.Is<ExpandOperator>() || node.Is<TransposeOperator>();

    private static long Bound(Graph graph, Node node, string value)
    {
        switch (node.As<Operator>())
        {
            case GatherOperator when node.Input(1) == value:
                TensorType data = graph.TypeOf(node.Inputs[0]);
                return data.Dimensions[Shapes.Axis(GatherOperator.Axis(node), data.Rank)];
            case EmbeddingOperator when node.Input(1) == value:
                return graph.TypeOf(node.Inputs[0]).Dimensions[0];
            case EqualOperator when node.Inputs.FirstOrDefault(i => i != value) is { } other
                && graph.Constant(other) is { Count: > 0 } codes && !codes.Element.IsFloat():
                // A comparison with every code: a one-hot encoding.
                return codes.ToInt64().Max() + 1;
            default:
                return long.MaxValue;
        }
    }

    private static long Greatest(ElementType type) => type switch
    {
        ElementType.Int8 => sbyte.MaxValue,
        ElementType.UInt8 => byte.MaxValue,
        ElementType.Int16 => short.MaxValue,
        ElementType.UInt16 => ushort.MaxValue,
        _ => int.MaxValue - 1,
    };
}
