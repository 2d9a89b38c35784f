using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Recurrent;
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

        // Shared levels are those that are there; otherwise all of the bits that the greatest one needs.
        WeightLevels Levels(Node node, sbyte[] values)
        {
            if (node.Is<RecurrentOperator>())
                return WeightLevels.Bits8;
            int clusters = ClustersOf(node);
            WeightLevels asked = WeightLevels.Of(context.Options.Layers.PrecisionOf(node.Origin) ?? context.Options.Precision);
            bool isNarrow = asked != WeightLevels.Bits8 && values.All(v => Math.Abs(v) <= asked.Highest);
            hasFewLevels |= clusters > 0 || isNarrow;

            // Among binary weights that were pruned there are zeros.
            return clusters > 0 ? WeightLevels.Of(values.Select(v => (int)v))
                : !isNarrow ? WeightLevels.Bits8 : asked.IsSigns ? WeightLevels.Fewest(values) : asked;
        }
    }
}
