using System.Collections.Immutable;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering.Float32;

namespace OptimizerBuild.Lowering;

/// <summary>What is known in one graph: where its values lie, and which copies and conversions of them have been made.</summary>
internal sealed class LoweringScope
{
    /// <summary>Knows nothing of a graph yet.</summary>
    public LoweringScope(Graph graph, GraphQuantization? quantization)
    {
        Graph = graph;
        Quantization = quantization;
        WantedBorders = BorderWishes.Of(graph);
    }

    /// <summary>Knows in a body, whose values have names of their own, of the copies of what lies around it.</summary>
    public LoweringScope(Graph body, LoweringScope around)
        : this(body, (GraphQuantization?)null)
    {
        Dense = new(around.Dense, ReferenceEqualityComparer.Instance);
        InArena = new(around.InArena, ReferenceEqualityComparer.Instance);
        Bordered = new(around.Bordered, ReferenceEqualityComparer.Instance);
    }

    /// <summary>The graph.</summary>
    public Graph Graph { get; }

    /// <summary>Its quantisation; null for float32 throughout.</summary>
    public GraphQuantization? Quantization { get; }

    /// <summary>How far the convolutions that read a value reach beyond it.</summary>
    public Dictionary<string, Border> WantedBorders { get; }

    /// <summary>Where the producers of values left them.</summary>
    public Dictionary<string, Storage> Primary { get; } = new(StringComparer.Ordinal);

    /// <summary>Values in the form that their producers did not make.</summary>
    public Dictionary<(string Value, bool Quantized), Storage> Converted { get; } = [];

    /// <summary>Signs as bits.</summary>
    public List<SignPlaneStorages> SignPlanes { get; } = [];

    /// <summary>Copies without gaps.</summary>
    public Dictionary<Storage, Storage> Dense { get; } = new(ReferenceEqualityComparer.Instance);

    /// <summary>Copies of constants in the arena.</summary>
    public Dictionary<Storage, Storage> InArena { get; } = new(ReferenceEqualityComparer.Instance);

    /// <summary>Copies with a border, in the order in which they were made.</summary>
    public Dictionary<Storage, ImmutableArray<Storage>> Bordered { get; } = new(ReferenceEqualityComparer.Instance);
}
