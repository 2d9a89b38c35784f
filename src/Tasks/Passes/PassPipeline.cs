using System.Collections.Immutable;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Passes;

/// <summary>
/// All passes and the order in which they run. First those that simplify and fuse, again and again until none finds anything more to
/// do; then the same together with those that change the layout.
/// </summary>
internal static class PassPipeline
{
    // Real models settle after three or four rounds.
    private const int MaximumRounds = 20;

    /// <summary>The passes in their order.</summary>
    public static ImmutableArray<IGraphPass> All { get; } =
    [
        new ConstantFolding(),
        new IdentityRemoval(),
        new FakeQuantizeRecognition(),
        new DynamicQuantizationRecognition(),
        new RecurrentRecognition(),
        new ConcatSlicing(),
        new ArithmeticNormalisation(),
        new ClipMerging(),
        new BatchNormalizationSplitting(),
        new HardActivations(),
        new MeanRecognition(),
        new LayerNormalizationRecognition(),
        new SoftmaxRecognition(),
        new EmbeddingRecognition(),
        new OutputAffineFolding(),
        new InputAffineFolding(),
        new PaddingFusion(),
        new ActivationFusion(),
        new ElementwiseFusion(),
        new FunctionRecognition(),
        new SaturationBounds(),
        new EmbeddingFolding(),
        new GlobalPooling(),
        new ReshapeMerging(),
        new ReshapeSinking(),
        new CommonSubexpressions(),
        new ChannelsLast(),
        new TransposeSinking(),
        new TransposeIntoProduct(),
        new DeadCodeRemoval(),
    ];

    /// <summary>The passes that change the layout of feature maps.</summary>
    public static ImmutableHashSet<string> Layout { get; } =
        ImmutableHashSet.Create(StringComparer.Ordinal, nameof(ChannelsLast), nameof(TransposeSinking), nameof(TransposeIntoProduct));

    /// <summary>Rewrites a graph and the bodies of its control flow with all passes.</summary>
    /// <param name="graph">The graph as imported.</param>
    /// <param name="cancellation">Stops the work; checked between passes.</param>
    /// <param name="off">Names of passes that are left out.</param>
    public static Graph Run(Graph graph, CancellationToken cancellation = default, ISet<string>? off = null)
    {
        IGraphPass[] chosen = [.. All.Where(p => off is null || !off.Contains(p.Name))];
        graph = Settle(graph, [.. chosen.Where(p => !Layout.Contains(p.Name))], cancellation);
        graph = Settle(graph, chosen, cancellation);
        return SubGraphRewriting.Apply(graph, body => Run(body, cancellation, off));
    }

    private static Graph Settle(Graph graph, IGraphPass[] passes, CancellationToken cancellation)
    {
        for (int round = 0; round < MaximumRounds; round++)
        {
            Graph before = graph;
            foreach (IGraphPass pass in passes)
            {
                cancellation.ThrowIfCancellationRequested();
                graph = pass.Apply(graph);
            }
            if (ReferenceEquals(before, graph))
                break;
        }
        return graph;
    }
}
