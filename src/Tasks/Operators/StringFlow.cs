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

    /// <summary>It reads what they say, or makes new ones.</summary>
    Reads,
}

/// <summary>
/// Where the strings that callers pass get to. A predictor has a table of the strings that the model holds and computes with their numbers.
/// Where it does no more with a string of the caller's than to compare it with the model's own, any other one has the number of no entry;
/// else the predictor keeps it for the time of the prediction.
/// </summary>
internal static class StringFlow
{
    /// <summary>Refuses a graph in which an operator is given strings that does not take any.</summary>
    /// <exception cref="ModelException">An operator does not take strings.</exception>
    public static void Check(Graph graph)
    {
        foreach (Node node in graph.Nodes)
        {
            foreach (Graph body in BodiesOf(node))
                Check(body);
            if (Use(node) == StringUse.None && node.Inputs.FirstOrDefault(i => i.Length > 0 && IsString(graph, i)) is { } text)
                throw new ModelException(DiagnosticCatalog.UnsupportedElementType, text, "string",
                    $"node '{node.Name}' ({node.OpType}) does not take strings");
        }
    }

    /// <summary>
    /// Whether strings that the model does not hold have to be told from each other: where an output may hold one, two are compared, or an
    /// operator reads or makes strings.
    /// </summary>
    public static bool MustBeKept(Graph graph)
    {
        (HashSet<string> callers, bool told) = Follow(graph, graph.Inputs.Where(i => IsString(graph, i)));
        return told || graph.Outputs.Any(callers.Contains);
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

    // The values that may hold a string of a caller's, and whether a node must tell such strings from others.
    private static (HashSet<string> Callers, bool Told) Follow(Graph graph, IEnumerable<string> given)
    {
        var callers = new HashSet<string>(given, StringComparer.Ordinal);
        bool told = false;
        foreach (Node node in graph.Nodes)
        {
            // What a body captures and carries is looked at as one: any of it may get to any of its results.
            bool carries = node.Inputs.Any(callers.Contains);
            foreach (Graph body in BodiesOf(node))
            {
                (HashSet<string> inner, bool toldInside) = Follow(body, carries ? body.Inputs.Where(i => IsString(body, i)) : []);
                carries |= body.Outputs.Any(inner.Contains);
                told |= toldInside;
            }
            string[] strings = [.. node.Inputs.Where(i => i.Length > 0 && IsString(graph, i))];
            StringUse use = Use(node);
            told |= use == StringUse.Reads || (use == StringUse.Compares && strings.Length > 1 && strings.All(callers.Contains));
            if (use == StringUse.Moves && carries)
                callers.UnionWith(node.Outputs.Where(o => o.Length > 0 && IsString(graph, o)));
        }
        return (callers, told);
    }

    private static StringUse Use(Node node) => BodiesOf(node).Any() ? StringUse.Moves : OperatorRegistry.Of(node).OnStrings;

    private static IEnumerable<Graph> BodiesOf(Node node) =>
        (node.As<IControlFlow>()?.Bodies ?? []).Select(node.SubGraph).OfType<Graph>();

    private static bool IsString(Graph graph, string value) => graph.TypeOf(value).Element == ElementType.String;
}
