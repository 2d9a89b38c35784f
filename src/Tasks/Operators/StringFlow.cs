using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Control;

namespace OptimizerBuild.Operators;

/// <summary>What an operator does with strings.</summary>
internal enum StringUse
{
    /// <summary>It does not take any.</summary>
    None,

    /// <summary>It moves or selects them, so that its result may hold what its inputs hold.</summary>
    Moves,

    /// <summary>It compares them with each other.</summary>
    Compares,

    /// <summary>It looks them up among strings of its own; its result holds only strings of its own.</summary>
    LooksUp,
}

/// <summary>
/// Where the strings that callers pass get to. A predictor has a table of the strings that the model holds and computes with their numbers;
/// any other string has the number of no entry. Hence two strings of callers cannot be compared, and none can be handed back.
/// </summary>
internal static class StringFlow
{
    /// <summary>Refuses a graph in which a string that is not the model's own would have to be told from others.</summary>
    /// <exception cref="ModelException">An operator does not take strings, compares two of callers, or an output may hold one.</exception>
    public static void Check(Graph graph)
    {
        HashSet<string> callers = Follow(graph, graph.Inputs.Where(i => IsString(graph, i)));
        if (graph.Outputs.FirstOrDefault(callers.Contains) is { } output)
            throw new ModelException(DiagnosticCatalog.UnknownText, $"the output '{output}'", "may hold a text that the caller passes");
    }

    /// <summary>Whether a graph has strings anywhere, bodies included.</summary>
    public static bool HasStrings(Graph graph) => graph.Types.Values.Any(t => t.Element == ElementType.String)
        || graph.Constants.Values.Any(c => c.Element == ElementType.String) || graph.Nodes.SelectMany(BodiesOf).Any(HasStrings);

    /// <summary>The strings that a graph holds in constants and attributes, bodies included, in ordinal order.</summary>
    public static ImmutableArray<string> Texts(Graph graph)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        Collect(graph);
        return [.. found];

        void Collect(Graph from)
        {
            foreach (Tensor value in from.Constants.Values.Concat(from.Nodes.SelectMany(n => n.Attributes.Values)
                .OfType<AttributeValue.TensorValue>().Select(a => a.Value)))
                if (value.Element == ElementType.String)
                    found.UnionWith(value.Values<string>());
            foreach (Graph body in from.Nodes.SelectMany(BodiesOf))
                Collect(body);
        }
    }

    // The values that may hold a string of a caller's.
    private static HashSet<string> Follow(Graph graph, IEnumerable<string> given)
    {
        var callers = new HashSet<string>(given, StringComparer.Ordinal);
        foreach (Node node in graph.Nodes)
        {
            // What a body captures and carries is looked at as one: any of it may get to any of its results.
            bool carries = node.Inputs.Any(callers.Contains);
            Graph[] bodies = [.. BodiesOf(node)];
            foreach (Graph body in bodies)
                carries |= body.Outputs.Any(Follow(body, carries ? body.Inputs.Where(i => IsString(body, i)) : []).Contains);
            string[] strings = [.. node.Inputs.Where(i => i.Length > 0 && IsString(graph, i))];
            StringUse use = bodies.Length > 0 ? StringUse.Moves : OperatorRegistry.Of(node).OnStrings;
            if (strings.Length > 0 && use == StringUse.None)
                throw new ModelException(DiagnosticCatalog.UnsupportedElementType, strings[0], "string",
                    $"node '{node.Name}' ({node.OpType}) does not take strings");
            if (use == StringUse.Compares && strings.Length > 1 && strings.All(callers.Contains))
                throw new ModelException(DiagnosticCatalog.UnknownText, $"node '{node.Name}' ({node.OpType})",
                    $"compares '{strings[0]}' with '{strings[1]}', which are both texts that the caller passes");
            if (use == StringUse.Moves && carries)
                callers.UnionWith(node.Outputs.Where(o => o.Length > 0 && IsString(graph, o)));
        }
        return callers;
    }

    private static IEnumerable<Graph> BodiesOf(Node node) =>
        (node.As<IControlFlow>()?.Bodies ?? []).Select(node.SubGraph).OfType<Graph>();

    private static bool IsString(Graph graph, string value) => graph.TypeOf(value).Element == ElementType.String;
}
