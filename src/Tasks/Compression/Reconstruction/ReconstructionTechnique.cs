using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Compression.Recovery;
using OptimizerBuild.Data;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Reconstruction;

/// <summary>
/// Chooses for each weight of a rounded model whether it is rounded up or down by what comes of it: layer by layer (AdaRound: M. Nagel
/// et al. 2020, arXiv 2004.10568, section 3) or block by block (BRECQ: Y. Li et al. 2021, arXiv 2102.05426, section 3, with the squared
/// error in the place of its Fisher information). Biases are fitted along. Needs samples and neither labels nor training of the model. What
/// the quantiser decided otherwise stays, and so does all of it where the outputs do not come closer to the float model's on samples that
/// were held back.
/// </summary>
internal sealed class ReconstructionTechnique : ICompressionTechnique
{
    private const int FewestSamples = 16;

    /// <inheritdoc/>
    public string Name => "Reconstruction";

    /// <inheritdoc/>
    public CompressionStage Stage => CompressionStage.Reconstruct;

    /// <inheritdoc/>
    public bool IsOn(ModelOptions options) => options.LearnsRounding && !options.IsFloat32;

    /// <inheritdoc/>
    public CompressionResult Apply(CompressedModel model, CompressionContext context)
    {
        if (model.Annotation<GraphQuantization>() is not { HasScalesOfModel: false } quantization || quantization.Weights.IsEmpty)
            return new(model, ["no weights that the build has rounded"], []);
        SampleSet samples = context.Calibration;
        if (samples.Synthetic || samples.Samples.Count < FewestSamples)
            return new(model, [$"fewer than {FewestSamples} samples to choose by: weights stay as they were rounded"], []);
        if (!ReconstructionRun.Affords(model.Graph))
            return new(model, ["too large a model to be reconstructed in a build: weights stay as they were rounded"], []);
        var notes = new List<string>();
        var student = new QuantizedStudent(
            model.Graph, quantization, (node, values) => QuantizedStudent.LevelsOf(context.Options, node, values));
        if (student.Layers.Any(l => !l.IsOriginal))
            return new(model, ["layers have the same weights: these stay as they were rounded"], []);
        var run = new ReconstructionRun(Name, model.Graph, quantization, student, samples, context);
        run.Learn(inBlocks: context.Options.Rounding == WeightRounding.Block, notes);
        CompressedModel rounded = student.WriteBack(model, notes);
        GraphQuantization now = rounded.Annotation<GraphQuantization>()!;
        var noise = new OutputNoise(model.Graph, new GraphEvaluator(model.Graph), run.HeldBack, [], new SharedFloats(_ => 0),
            context.Cancellation);
        double before = noise.Decibels(quantization, context.Cancellation), after = noise.Decibels(now, context.Cancellation);
        notes.Add(FormattableString.Invariant($"outputs' signal to noise on {noise.Count} samples held back: {before:F1} → {after:F1} dB"));
        if (after <= before)
        {
            notes.Add("no better, so weights stay as they were rounded");
            return new(model, notes, []);
        }
        return new(rounded.With(now with { OutputSignalToNoise = quantization.OutputSignalToNoise + after - before }), notes, []);
    }
}
