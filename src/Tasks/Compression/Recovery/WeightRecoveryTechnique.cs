using OptimizerBuild.Compression.Quantization.Prequantized;
using OptimizerBuild.Compression.Sparsification;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;
using OptimizerBuild.Training;

namespace OptimizerBuild.Compression.Recovery;

/// <summary>
/// Recovery of what was lost before rounding: the weights and biases that are left after ranks were reduced, channels left out or
/// merged and weights set to zero are trained to give what the float model gives. Zeros stay zeros.
/// </summary>
internal sealed class WeightRecoveryTechnique : ICompressionTechnique
{
    private const double LearningRate = 1e-3;

    /// <inheritdoc/>
    public string Name => "Recovery";

    /// <inheritdoc/>
    public CompressionStage Stage => CompressionStage.Recover;

    /// <inheritdoc/>
    public bool IsOn(ModelOptions options) => options.Recovery;

    /// <inheritdoc/>
    public CompressionResult Apply(CompressedModel model, CompressionContext context)
    {
        // What was there before: a student that has learned already is not made from the model, whatever its weights are called.
        Graph before = context.TrainedGraph ?? context.Renormalize(context.Teacher.Graph);
        if (PrequantizedModel.Is(model.Graph))
            return new(model, ["the model is quantised already: its weights stay as they are"], []);
        if ((model.Graph.SameAs(before) && context.Teachers is null) || ReferenceEquals(model.Graph, context.TrainedGraph))
            return new(model, [], []);
        var shared = new SharedWeights(model.Graph, Trainable(model.Graph).Where(n => IsWeight(model.Graph, n)));
        Graph graph = shared.Student;
        string[] names = Trainable(graph);
        var constants = graph.Constants.ToBuilder();
        var parameters = new List<TrainedParameter>();
        Dictionary<string, int[][]> blocks = context.Options.SparsityPattern == SparsityPattern.Block ? Blocks(graph) : [];
        foreach (string name in names)
        {
            float[] weights = (float[])graph.Constants[name].Values<float>().Clone();
            constants[name] = new(graph.Constants[name].Type, weights);
            int[][]? groups = blocks.GetValueOrDefault(name);
            // Which single weights or blocks are zero may change, where they are known as they were before.
            if ((context.Options.SparsityPattern == SparsityPattern.Unstructured || groups is not null)
                && IsWeight(graph, name) && weights.Contains(0)
                && before.Constant(name) is { } dense && dense.Type == graph.Constants[name].Type)
            {
                var form = new SparseWeights(weights, dense.Values<float>(), groups);
                parameters.Add(new(name, weights, form.Master, form, decays: false, start: dense.Values<float>()));
            }
            else
            {
                parameters.Add(new(name, weights, (float[])weights.Clone(),
                    new FreeWeights(weights, keepsZeros: IsWeight(graph, name)), decays: false));
            }
        }
        Graph student = graph with { Constants = constants.ToImmutable() };
        bool? isBetter = RecoveryRun.Train(Name, student, parameters, value => value, LearningRate, context, out string note);
        return new(isBetter == true ? model.WithGraph(shared.Trained(student)) : model, note.Length == 0 ? [] : [note], []);
    }

    // The places of each block's weights in the constants of layers that have blocks.
    private static Dictionary<string, int[][]> Blocks(Graph graph)
    {
        var found = new Dictionary<string, int[][]>(StringComparer.Ordinal);
        foreach (PrunableLayer layer in graph.Nodes.Select(n => PrunableLayer.Of(graph, n)).OfType<PrunableLayer>())
            if (layer.Blocks is { } grid)
                found[layer.Constant] = [.. grid.Panels.SelectMany(panel => grid.Quads.Select(quad => Enumerable
                    .Range(panel.First, panel.Count).SelectMany(c => quad.Select(k => layer.Layer.Index(c, k))).ToArray()))];
        return found;
    }

    // Weights and biases of layers that a gradient reaches.
    private static string[] Trainable(Graph graph) => [.. graph.Nodes.Where(TrainableInputs.IsLayer)
        .SelectMany(n => TrainableInputs.Of(graph, n).Select(i => n.Inputs[i])).Distinct(StringComparer.Ordinal)];

    private static bool IsWeight(Graph graph, string name) => graph.Constants[name].Rank > 1;
}
