using OptimizerBuild.Compression.Pruning;
using OptimizerBuild.Compression.Quantization.Prequantized;
using OptimizerBuild.Compression.Recovery;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;
using OptimizerBuild.Training;

namespace OptimizerBuild.Compression.Students;

/// <summary>
/// Puts a smaller model in the model's place, which learns from it (G. Hinton et al. 2015, arXiv 1503.02531): the model with a share of the
/// channels of each layer, where it begins with what channel pruning leaves, or of its residual blocks, or the graph of a file.
/// </summary>
internal sealed class StudentTechnique : ICompressionTechnique
{
    private const double LearningRate = 1e-3;

    // Weights that begin anywhere have farther to go.
    private const double LearningRateOfFresh = 2e-3;
    private const int FewestSamples = 4;

    /// <inheritdoc/>
    public string Name => "Student";

    /// <inheritdoc/>
    public CompressionStage Stage => CompressionStage.DeriveStudent;

    /// <inheritdoc/>
    public bool IsOn(ModelOptions options) => options.Student is not null;

    /// <inheritdoc/>
    public CompressionResult Apply(CompressedModel model, CompressionContext context)
    {
        StudentChoice choice = context.Options.Student!;
        if (context.Training is { Samples.Count: < FewestSamples } few)
            throw Unfit($"it learns from samples, and there are {few.Samples.Count} to learn from");
        bool isFresh = choice.Path is not null && context.Options.StudentWeights == StudentWeights.Fresh;
        (Graph graph, List<string> notes) = choice.Width is { } width ? Narrowed(width)
            : choice.Depth is { } depth ? Shortened(depth)
            : (context.Student!, [$"the graph of '{choice}', which begins with {(isFresh ? "random weights" : "its own weights")}"]);
        graph = StudentParameters.Of(graph, isFresh ? context.Random(Name + " weights") : null,
            out IReadOnlyList<TrainedParameter> parameters);
        if (parameters.Count == 0)
            throw Unfit("none of its weights can be trained");
        bool? isBetter = RecoveryRun.Train(
            Name, graph, parameters, value => value, isFresh ? LearningRateOfFresh : LearningRate, context, out string note);
        // Weights that are there may be the best already; random ones are not.
        if (isBetter is null || (isFresh && isBetter == false))
            throw Unfit(note);
        notes.Add(note);
        context.TrainedGraph = graph;
        return new(model.WithGraph(graph), notes, []);

        ModelException Unfit(string why) => new(DiagnosticCatalog.StudentDoesNotFit, choice.ToString(), why);

        (Graph, List<string>) Narrowed(double share)
        {
            if (PrequantizedModel.Is(model.Graph))
                throw Unfit("the model is quantised already, so that its channels cannot be left out");
            return new ChannelPruning(context, context.Options.PruningCriterion).Narrow(model.Graph, share) is { } narrow
                ? (context.Renormalize(narrow.Graph), narrow.Notes)
                : throw Unfit("the model has no channels that could be left out");
        }

        (Graph, List<string>) Shortened(double share)
        {
            if (PrequantizedModel.Is(model.Graph))
                throw Unfit("the model is quantised already, so that its blocks cannot be left out");
            return new DepthReduction(context).Shorten(model.Graph, share) is { } shorter
                ? (context.Renormalize(shorter.Graph), shorter.Notes)
                : throw Unfit("the model has no residual blocks, layers whose results are added to what they read");
        }
    }
}
