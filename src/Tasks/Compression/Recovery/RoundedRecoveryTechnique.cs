using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Recovery;

/// <summary>
/// Recovery of what rounding loses: the integers of the weights, their scales and the biases are trained in a graph that rounds as the
/// integers will, to give what the float model gives. Precisions, ranges, bits, shared levels and zeros stay as they are decided.
/// </summary>
internal sealed class RoundedRecoveryTechnique : ICompressionTechnique
{
    // Few levels are far apart: weights have farther to go.
    private const double LearningRate = 1e-4;
    private const double LearningRateOfFewLevels = 2e-4;

    /// <inheritdoc/>
    public string Name => "Recovery of rounded weights";

    /// <inheritdoc/>
    public CompressionStage Stage => CompressionStage.RecoverRounded;

    /// <inheritdoc/>
    public bool IsOn(ModelOptions options) => options.Recovery
        && (!options.IsFloat32 || options.Clusters is not null || options.Layers.Rules.Any(r => r.Clusters is not null));

    /// <inheritdoc/>
    public CompressionResult Apply(CompressedModel model, CompressionContext context)
    {
        if (model.Annotation<GraphQuantization>() is not { HasScalesOfModel: false } quantization)
            return new(model, [], []);
        bool hasFewLevels = false;
        var student = new QuantizedStudent(model.Graph, quantization, Levels, node => ClustersOf(node) > 0);
        hasFewLevels |= quantization.Weights.IsEmpty;
        bool? isBetter = RecoveryRun.Train(Name, student.Graph, student.Parameters, student.Renamed,
            hasFewLevels ? LearningRateOfFewLevels : LearningRate, context, out string note);
        var notes = new List<string>();
        if (note.Length > 0)
            notes.Add(note);
        return new(isBetter == true ? student.WriteBack(model, notes) : model, notes, []);

        int ClustersOf(Node node) => context.Options.Layers.ClustersOf(node.Origin) ?? context.Options.Clusters ?? 0;

        WeightLevels Levels(Node node, sbyte[] values)
        {
            WeightLevels levels = QuantizedStudent.LevelsOf(context.Options, node, values);
            hasFewLevels |= levels != WeightLevels.Bits8;
            return levels;
        }
    }
}
