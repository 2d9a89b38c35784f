using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;

namespace OptimizerBuild.Compression.Recovery;

/// <summary>
/// Weights of several layers that are equal, or multiples of each other, as one parameter, so that they are so still when they have been
/// trained, and are stored once: equal ones become one constant, and multiples follow from it by a factor.
/// </summary>
internal sealed class SharedWeights
{
    // How far a multiple may be from one, in proportion to the greatest weight: what rounding a product leaves.
    private const float Tolerance = 2e-7f;

    private readonly Graph _graph;
    private readonly Dictionary<string, (string Original, float Factor)> _multiples = new(StringComparer.Ordinal);

    /// <summary>Looks for weights that follow from others.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="weights">The constants that are weights.</param>
    public SharedWeights(Graph graph, IEnumerable<string> weights)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        var originals = new List<string>();
        foreach (string name in weights)
        {
            (string? original, float factor) = originals.Select(o => (o, Factor(graph.Constants[o], graph.Constants[name])))
                .FirstOrDefault(o => o.Item2 != 0);
            if (original is null)
                originals.Add(name);
            else if (factor == 1)
                names[name] = original;
            else
                _multiples[name] = (original, factor);
        }
        _graph = names.Count == 0 ? graph : graph with
        {
            Nodes = [.. graph.Nodes.Select(n => n with { Inputs = [.. n.Inputs.Select(i => names.GetValueOrDefault(i, i))] })],
        };
        Student = _graph with
        {
            Nodes =
            [
                .. _multiples.Select(m => NodeOperators.New<MulOperator>(m.Key + "/scaling", [m.Value.Original, FactorOf(m.Key)], [m.Key])),
                .. _graph.Nodes,
            ],
            Constants = _graph.Constants.RemoveRange(_multiples.Keys)
                .AddRange(_multiples.Select(m => KeyValuePair.Create(FactorOf(m.Key), Tensor.Of([m.Value.Factor], 1)))),
            Types = _graph.Types.AddRange(_multiples.Keys.Select(m => KeyValuePair.Create(m, _graph.Constants[m].Type))),
        };
    }

    /// <summary>The graph that is trained, in which multiples are products.</summary>
    public Graph Student { get; }

    /// <summary>The model with the weights that have been trained, every layer with constants again.</summary>
    /// <param name="trained">The graph that has been trained.</param>
    public Graph Trained(Graph trained) => _graph with
    {
        Constants = _graph.Constants.SetItems(trained.Constants.Where(c => _graph.Constants.ContainsKey(c.Key)))
            .SetItems(_multiples.Select(m => KeyValuePair.Create(m.Key, new Tensor(_graph.Constants[m.Key].Type,
                Array.ConvertAll(trained.Constants[m.Value.Original].Values<float>(), w => w * m.Value.Factor))))),
    };

    private static string FactorOf(string name) => name + "/factor";

    // What one tensor is of another: 1 where they are equal, 0 where it is no multiple.
    private static float Factor(Tensor original, Tensor other)
    {
        if (original.Type != other.Type)
            return 0;
        float[] a = original.Values<float>(), b = other.Values<float>();
        if (a.AsSpan().SequenceEqual(b))
            return 1;
        int greatest = 0;
        for (int i = 1; i < a.Length; i++)
            if (Math.Abs(a[i]) > Math.Abs(a[greatest]))
                greatest = i;
        float factor = a[greatest] == 0 ? 0 : b[greatest] / a[greatest];
        if (!float.IsFinite(factor) || factor is 0 or 1)
            return 0;
        float bound = Tolerance * Math.Abs(b[greatest]);
        for (int i = 0; i < a.Length; i++)
            if (!(Math.Abs((a[i] * factor) - b[i]) <= bound) || (a[i] == 0) != (b[i] == 0))
                return 0;
        return factor;
    }
}
