using OptimizerBuild.Graphs;

namespace OptimizerBuild.Passes;

/// <summary>
/// A rewrite of a graph into one that computes the same outputs from the same inputs, up to the rounding of constants that are
/// folded. Passes know nothing of quantisation or plans.
/// </summary>
internal interface IGraphPass
{
    /// <summary>The pass's name, by which tests turn it off.</summary>
    string Name { get; }

    /// <summary>Rewrites a graph; returns the same object where there was nothing to do.</summary>
    Graph Apply(Graph graph);
}
