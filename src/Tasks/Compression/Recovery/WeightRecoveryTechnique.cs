using System.Security.Cryptography;
using OptimizerBuild.Compression.Quantization.Prequantized;
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
        Graph graph = WithSharedWeights(model.Graph);
        string[] names = Trainable(graph);
        var constants = graph.Constants.ToBuilder();
        var parameters = new List<TrainedParameter>();
        foreach (string name in names)
        {
            float[] weights = (float[])graph.Constants[name].Values<float>().Clone();
            constants[name] = new(graph.Constants[name].Type, weights);
            // Which single weights are zero may change, where they are known as they were before.
            if (context.Options.SparsityPattern == SparsityPattern.Unstructured && IsWeight(graph, name) && weights.Contains(0)
                && before.Constant(name) is { } dense && dense.Type == graph.Constants[name].Type)
            {
                var form = new SparseWeights(weights, dense.Values<float>());
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
        return new(isBetter == true ? model.WithGraph(student) : model, note.Length == 0 ? [] : [note], []);
    }

    // Weights and biases of layers that a gradient reaches.
    private static string[] Trainable(Graph graph) => [.. graph.Nodes.Where(TrainableInputs.IsLayer)
        .SelectMany(n => TrainableInputs.Of(graph, n).Select(i => n.Inputs[i])).Distinct(StringComparer.Ordinal)];

    // Weights of equal elements become one constant, so that they are still equal, and stored once, when they are trained.
    private static Graph WithSharedWeights(Graph graph)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (IGrouping<string, string> group in Trainable(graph).Where(n => IsWeight(graph, n))
            .GroupBy(n => graph.Constants[n].Type + " " + Convert.ToHexString(SHA256.HashData(graph.Constants[n].Bytes))))
            foreach (string copy in group.Skip(1))
                names[copy] = group.First();
        return names.Count == 0 ? graph : graph with
        {
            Nodes = [.. graph.Nodes.Select(n => n with { Inputs = [.. n.Inputs.Select(i => names.GetValueOrDefault(i, i))] })],
        };
    }

    private static bool IsWeight(Graph graph, string name) => graph.Constants[name].Rank > 1;
}
