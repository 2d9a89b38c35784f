using OptimizerBuild.Graphs;

namespace OptimizerBuild.Compression;

/// <summary>
/// What the candidates of a search have in common, so that it is found once: they have the same samples, and many of them the same graph at
/// the same stage. A single build finds everything once anyway.
/// </summary>
internal sealed class CommonFindings
{
    // Names of layers are the user's: they may be those of something else, of another type.
    private readonly Dictionary<(Type Type, string What), (Graph Graph, object Value)> _known = [];

    /// <summary>Something that follows from a graph and the samples, and from nothing else that differs between candidates.</summary>
    /// <param name="graph">The graph: the very one, not one of equal contents. What was found for another one is forgotten.</param>
    /// <param name="what">What it is, with all options that it follows from.</param>
    /// <param name="find">Finds it.</param>
    public T Of<T>(Graph graph, string what, Func<T> find)
        where T : class
    {
        if (!_known.TryGetValue((typeof(T), what), out (Graph Graph, object Value) known) || !ReferenceEquals(known.Graph, graph))
        {
            // What it replaces may be large.
            _known.Remove((typeof(T), what));
            _known[(typeof(T), what)] = known = (graph, find());
        }
        return (T)known.Value;
    }

    /// <summary>What the first candidate found that could be of use to others; null before.</summary>
    /// <param name="what">What it is.</param>
    /// <param name="graph">The graph of all candidates.</param>
    public T? First<T>(Graph graph, string what)
        where T : class =>
        _known.TryGetValue((typeof(T), what), out (Graph Graph, object Value) known) && ReferenceEquals(known.Graph, graph)
            ? (T)known.Value : null;
}
