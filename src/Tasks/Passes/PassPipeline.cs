using System.Collections.Immutable;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Passes;

/// <summary>All passes and the order in which they run: the whole list again and again until none finds anything more to do.</summary>
internal static class PassPipeline
{
    // Real models settle after three or four rounds.
    private const int MaximumRounds = 20;

    /// <summary>The passes in their order.</summary>
    public static ImmutableArray<IGraphPass> All { get; } =
    [
        new ConstantFolding(),
        new IdentityRemoval(),
        new ArithmeticNormalisation(),
        new ClipMerging(),
        new BatchNormalizationSplitting(),
        new HardActivations(),
        new OutputAffineFolding(),
        new InputAffineFolding(),
        new PaddingFusion(),
        new ActivationFusion(),
        new ReshapeMerging(),
        new CommonSubexpressions(),
        new DeadCodeRemoval(),
    ];

    /// <summary>Rewrites a graph with all passes.</summary>
    /// <param name="graph">The graph as imported.</param>
    /// <param name="cancellation">Stops the work; checked between passes.</param>
    /// <param name="off">Names of passes that are left out.</param>
    public static Graph Run(Graph graph, CancellationToken cancellation = default, ISet<string>? off = null)
    {
        for (int round = 0; round < MaximumRounds; round++)
        {
            Graph before = graph;
            foreach (IGraphPass pass in All)
            {
                cancellation.ThrowIfCancellationRequested();
                if (off is null || !off.Contains(pass.Name))
                    graph = pass.Apply(graph);
            }
            if (ReferenceEquals(before, graph))
                break;
        }
        return graph;
    }
}
