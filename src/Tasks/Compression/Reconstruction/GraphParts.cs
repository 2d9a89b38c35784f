using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Reduction;

namespace OptimizerBuild.Compression.Reconstruction;

/// <summary>
/// A graph and its student cut into parts that follow each other: by the places of the nodes of the graph, which the student has under the
/// same names with further nodes between them.
/// </summary>
internal sealed class GraphParts
{
    private readonly Graph _graph;
    private readonly Graph _student;
    private readonly Func<string, string> _renamed;
    private readonly int[] _ends;
    private readonly int[] _places;

    /// <summary>Cuts a graph.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="student">Its student.</param>
    /// <param name="renamed">The name that a value of the graph has in the student.</param>
    /// <param name="isLayer">Whether a node has weights that are rounded.</param>
    /// <param name="inBlocks">
    /// Whether parts end only where one value alone is handed on, so that branches and what adds them up stay together (BRECQ: Y. Li et al.
    /// 2021, arXiv 2102.05426, section 3.2), and a depthwise layer goes with the next one; else each layer is a part.
    /// </param>
    public GraphParts(Graph graph, Graph student, Func<string, string> renamed, Func<Node, bool> isLayer, bool inBlocks)
    {
        (_graph, _student, _renamed) = (graph, student, renamed);
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < graph.Nodes.Length; i++)
            places[graph.Nodes[i].Name] = i;
        _places = new int[student.Nodes.Length];
        int place = 0;
        for (int i = 0; i < _places.Length; i++)
            _places[i] = place = places.GetValueOrDefault(student.Nodes[i].Name, place);
        _ends = [.. Ends(isLayer, inBlocks)];
    }

    /// <summary>The number of parts.</summary>
    public int Count => _ends.Length;

    /// <summary>A part of the graph, with all values for outputs that something behind it reads.</summary>
    public Graph OfGraph(int part) => Part(_graph, [.. _graph.Nodes[Start(part).._ends[part]]], HandedOn(part));

    /// <summary>The same of the student.</summary>
    public Graph OfStudent(int part) => Part(_student, StudentNodes(part), [.. HandedOn(part).Select(_renamed)]);

    /// <summary>
    /// The values of a part in which the student is to agree with the graph: those that are handed on, what is made scores of before
    /// Softmax and sigmoid instead of probabilities, which hide differences where they are close to 0 and 1.
    /// </summary>
    public ImmutableArray<string> Compared(int part)
    {
        GraphIndex index = GraphIndex.Of(_graph);
        var own = _graph.Nodes[Start(part).._ends[part]].SelectMany(n => n.Outputs).ToHashSet(StringComparer.Ordinal);
        var compared = ImmutableArray.CreateBuilder<string>();
        foreach (string value in HandedOn(part))
        {
            string name = index.IsOutput(value) && index.Producer(value) is { } made
                && (made.Is<AxisFunction>() || made.Is<SigmoidOperator>()) && own.Contains(made.Inputs[0]) ? made.Inputs[0] : value;
            if (own.Contains(name) && _graph.TypeOf(name) is { Element: ElementType.Float32, Count: > 0 } && !compared.Contains(name))
                compared.Add(name);
        }
        return compared.ToImmutable();
    }

    /// <summary>The values that parts from one on read of what is before it.</summary>
    public ImmutableHashSet<string> Alive(int part)
    {
        var made = _graph.Inputs.Concat(_graph.Nodes.Take(part == 0 ? 0 : _ends[part - 1]).SelectMany(n => n.Outputs))
            .ToHashSet(StringComparer.Ordinal);
        return [.. _graph.Nodes.Skip(part == 0 ? 0 : _ends[part - 1]).SelectMany(n => n.Inputs).Where(made.Contains)];
    }

    private int Start(int part) => part == 0 ? 0 : _ends[part - 1];

    private ImmutableArray<Node> StudentNodes(int part) =>
        [.. _student.Nodes.Where((_, i) => _places[i] >= Start(part) && _places[i] < _ends[part])];

    private string[] HandedOn(int part)
    {
        GraphIndex index = GraphIndex.Of(_graph);
        var behind = _graph.Nodes.Skip(_ends[part]).Select(n => n.Name).ToHashSet(StringComparer.Ordinal);
        IEnumerable<string> made = _graph.Nodes[Start(part).._ends[part]].SelectMany(n => n.Outputs);
        return [.. (part == 0 ? _graph.Inputs.Concat(made) : made).Where(o => o.Length > 0
            && (index.IsOutput(o) || index.Readers(o).Any(r => behind.Contains(r.Name))))];
    }

    private IEnumerable<int> Ends(Func<Node, bool> isLayer, bool inBlocks)
    {
        int layers = _graph.Nodes.Count(isLayer), seen = 0;
        bool hasLayer = false, isOpen = false;
        GraphIndex index = GraphIndex.Of(_graph);
        var lastReader = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < _graph.Nodes.Length; i++)
            foreach (string input in _graph.Nodes[i].Inputs)
                lastReader[input] = i;
        var alive = _graph.Inputs.ToHashSet(StringComparer.Ordinal);
        for (int i = 0; i < _graph.Nodes.Length; i++)
        {
            Node node = _graph.Nodes[i];
            if (isLayer(node))
            {
                (hasLayer, seen) = (true, seen + 1);
                isOpen = inBlocks && node.As<IConvolution>()?.Groups(node) > 1;
            }
            alive.UnionWith(node.Outputs.Where(o => o.Length > 0 && (lastReader.GetValueOrDefault(o, -1) > i || index.IsOutput(o))));
            alive.RemoveWhere(v => lastReader.GetValueOrDefault(v, -1) <= i && !index.IsOutput(v));

            // What comes after the last layer belongs to it.
            if (seen == layers)
                break;
            bool isNextLayer = isLayer(_graph.Nodes[i + 1]);
            if (hasLayer && !isOpen && (inBlocks ? alive.Count == 1 && (isNextLayer || IsBranching(alive.First())) : isNextLayer))
            {
                yield return i + 1;
                hasLayer = false;
            }
        }
        yield return _graph.Nodes.Length;

        bool IsBranching(string value) => index.Readers(value).Count > 1;
    }

    private static Graph Part(Graph graph, ImmutableArray<Node> nodes, string[] outputs)
    {
        var made = nodes.SelectMany(n => n.Outputs).ToHashSet(StringComparer.Ordinal);
        string[] read = [.. nodes.SelectMany(n => n.Inputs).Concat(outputs).Where(i => i.Length > 0 && !made.Contains(i))
            .Distinct(StringComparer.Ordinal)];
        return graph with
        {
            Inputs = [.. read.Where(r => !graph.IsConstant(r))],
            Outputs = [.. outputs],
            Nodes = nodes,
            Constants = graph.Constants.RemoveRange(graph.Constants.Keys.Except(read, StringComparer.Ordinal)),
            Types = graph.Types.RemoveRange(graph.Types.Keys.Where(t => !made.Contains(t) && !read.Contains(t))),
        };
    }
}
