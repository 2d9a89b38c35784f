using System.Security.Cryptography;
using System.Text;
using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Equalization;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Calibration;
using OptimizerBuild.Compression.Quantization.Prequantized;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Numerics;
using OptimizerBuild.Options;

namespace OptimizerBuild.Pipeline.Recipes;

/// <summary>
/// Whether <c>Balanced</c> equalises. Where <see cref="EqualizationForecast"/> says that there is something to gain, the model is quantised
/// in both forms, and the outputs of both are compared with the float model's on samples that calibrated neither. What is compared is what
/// ships, so that nothing is quantised once more, and a build takes at most one quantisation longer.
/// </summary>
/// <param name="context">The build's context.</param>
/// <param name="source">The item's samples.</param>
/// <param name="lowering">How models are lowered.</param>
internal sealed class EqualizationTrial(CompressionContext context, ItemSamples source, ITrialLowering lowering)
{
    // In dB: by how much outputs must become quieter, and what the forecast must promise for a trial.
    private const double LeastGain = 1;

    // A few noisy samples make most of the noise: the difference must be so many times its own standard error.
    private const double LeastErrors = 3;

    // For the forecast extents suffice: so many samples at least and at most, and what they may take in multiply-accumulates.
    private const int FewestSamples = 4;
    private const int FewSamples = 32;
    private const double FewWork = 1e9;

    private const int MostJudges = 256;

    // Of fewer the standard error says nothing.
    private const int FewestJudges = 16;

    private readonly List<string> _notes = [];

    /// <summary>What the samples that calibrate may take in multiply-accumulates for a trial to be made: some seconds of processor
    /// time.</summary>
    public double MostWork { get; init; } = 8e9;

    /// <summary>What the forecast must promise for a trial to be made, in dB.</summary>
    public double LeastForecast { get; init; } = LeastGain;

    /// <summary>What the forecast promised, in dB; null where there was none, or nothing can move.</summary>
    public double? Forecast { get; private set; }

    /// <summary>What the trial found; null where there was none.</summary>
    public EqualizationFigures? Figures { get; private set; }

    /// <summary>Whether the equalised form was chosen; null where none was tried.</summary>
    public bool? IsEqualized { get; private set; }

    /// <summary>Compresses a model, equalised or not.</summary>
    /// <param name="model">The model before all techniques.</param>
    /// <exception cref="ModelException">A technique cannot be applied, or the data does not fit.</exception>
    public CompressionRun Run(CompressedModel model)
    {
        ModelOptions options = context.Options;
        if (options is not { Compression: CompressionRecipe.Balanced, Equalize: null, IsFloat32: false } || !IsAlone(options)
            || !context.HasCalibrationData || PrequantizedModel.Is(model.Graph))
            return CompressionTechniques.Run(model, context, from: CompressionStage.ReduceRanks);
        CompressionRun before = CompressionTechniques.Run(
            model, context, until: CompressionStage.Equalize, from: CompressionStage.ReduceRanks);
        bool isWorthIt = IsSmall(before.Model.Graph) && IsWorthIt(before.Model.Graph);
        CompressionRun chosen = CompressionTechniques.Run(before.Model, context, from: CompressionStage.Equalize);
        if (isWorthIt && Samples(before.Model.Graph) is { } judges)
            chosen = Better(before.Model, chosen, judges);
        TechniqueAccount[] trial = _notes.Count == 0 ? []
            : [new(RecipeSearch.Step, _notes, ModelSize.Of(before.Model), ModelSize.Of(before.Model))];
        return chosen with
        {
            Accounts = [.. before.Accounts, .. trial, .. chosen.Accounts],
            Diagnostics = [.. before.Diagnostics, .. chosen.Diagnostics],
        };
    }

    // Whether nothing but quantisation comes after: what others would take twice is not counted here.
    private static bool IsAlone(ModelOptions options) => !CompressionTechniques.All.Any(t => t.IsOn(options)
        && t.Stage is (> CompressionStage.Equalize and < CompressionStage.RoundLeaves) or > CompressionStage.Quantize);

    // Before anything is evaluated: a forecast that cannot lead to a trial is not worth its time either.
    private bool IsSmall(Graph graph)
    {
        if (Math.Min(context.Calibration.Samples.Count, context.Options.CalibrationSamples) * Work(graph) <= MostWork)
            return true;
        if (!EqualizableLayers.Of(graph).Groups.IsEmpty)
            _notes.Add("not equalised: the model is so large that a trial would take long; Equalize=\"True\" equalises without one");
        return false;
    }

    private static double Work(Graph graph) =>
        graph.Nodes.Sum(n => (double)OperatorRegistry.Of(n).MultiplyAccumulates(OperatorContext.Of(graph, n)));

    private bool IsWorthIt(Graph graph)
    {
        IReadOnlyList<IReadOnlyList<Tensor>> all = context.Calibration.Samples;
        int few = Math.Min((int)Math.Clamp(FewWork / Math.Max(Work(graph), 1), FewestSamples, FewSamples), all.Count);
        if (few == 0 || EqualizationForecast.Decibels(graph, SelectedSamples.Spread(all, few), context) is not { } decibels)
            return false;
        Forecast = decibels;
        bool isWorthIt = decibels >= LeastForecast;
        if (!isWorthIt)
            _notes.Add(FormattableString.Invariant($"not equalised: the noise of rounded values would change by {-decibels:F1} dB ")
                + FormattableString.Invariant($"on {few} samples, and a trial is worth its time from {-LeastForecast:F0} dB on"));
        return isWorthIt;
    }

    // The samples that judge; null where there is to be no trial.
    private SampleSet? Samples(Graph graph)
    {
        // What the float model gives for all of them is in memory at a time.
        long bytes = Math.Max(OutputNoise.Measured(graph).Sum(m => (long)graph.TypeOf(m).Count * sizeof(float)), 1);
        SampleSet judges = source.HeldOut((int)Math.Min(MostJudges, OutputNoise.MemoryBytes / bytes));

        // Where the reader's limits of memory cut the selection, what it gives may have calibrated.
        HashSet<string> calibrated = [.. context.Calibration.Samples.Select(Digest)];
        judges = judges.At([.. Enumerable.Range(0, judges.Samples.Count).Where(i => !calibrated.Contains(Digest(judges.Samples[i])))]);
        if (judges.Samples.Count >= FewestJudges)
            return judges;
        _notes.Add("not equalised: less noise is to be expected of it, but "
            + FormattableString.Invariant($"{judges.Samples.Count} samples are left to judge by, and it takes {FewestJudges}; ")
            + "CalibrationSamples says how many are not");
        return null;
    }

    private static string Digest(IReadOnlyList<Tensor> sample)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (Tensor tensor in sample)
        {
            if (tensor.Data is string[] texts)
                hash.AppendData(Encoding.UTF8.GetBytes(string.Join('\0', texts)));
            else
                hash.AppendData(tensor.Bytes);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private CompressionRun Better(CompressedModel before, CompressionRun plain, SampleSet judges)
    {
        if (!IsQuantized(plain.Model))
            return plain;
        CompressionContext other = context.With(context.Options with { Equalize = true });
        CompressionRun equalised = CompressionTechniques.Run(before, other, from: CompressionStage.Equalize);
        var noise = new HeldOutNoise(before.Graph, judges.Samples, context.Cancellation);
        ErrorPower[][] own = noise.Of(plain.Model, context.Cancellation), others = noise.Of(equalised.Model, context.Cancellation);
        if (own[0].Length == 0)
            return plain;
        Figures = new(judges.Samples.Count, Decibels(own), Decibels(others), Gain(own, others), Errors(own, others));
        bool isQuieter = Figures.Gain >= LeastGain && Figures.Errors >= LeastErrors, isCheap = isQuieter && IsCheap(equalised, plain);
        IsEqualized = isCheap;
        _notes.Add(FormattableString.Invariant($"compared on {judges.Samples.Count} samples that calibrated neither form: ")
            + FormattableString.Invariant($"outputs at {Figures.Plain:F1} dB, equalised at {Figures.Equalised:F1} dB"));
        _notes.Add(isCheap ? "chosen: Equalize=\"True\"" : isQuieter
            ? "chosen: not equalised, since that takes less time or fewer bytes"
            : "chosen: not equalised, since that is not clearly noisier");
        return isCheap ? equalised : plain;
    }

    // Layers that are quiet enough for integers by then may be slower in them, by the estimate.
    private bool IsCheap(CompressionRun run, CompressionRun than)
    {
        (TrialModel first, TrialModel second) =
            (lowering.Lower(run.Model, context.Cancellation), lowering.Lower(than.Model, context.Cancellation));
        return first.Nanoseconds <= second.Nanoseconds && first.WeightBytes.Value <= second.WeightBytes.Value;
    }

    private static bool IsQuantized(CompressedModel model) => model.Annotation<GraphQuantization>() is { Weights.IsEmpty: false };

    private static double Decibels(ErrorPower[][] errors) => Totals(errors).Min(t => t.Decibels);

    // The least by which the noise of any output falls, in dB.
    private static double Gain(ErrorPower[][] before, ErrorPower[][] after) => Totals(before).Zip(Totals(after), (b, a) =>
        b.Noise <= 0 ? (a.Noise <= 0 ? double.PositiveInfinity : double.NegativeInfinity)
            : a.Noise <= 0 ? double.PositiveInfinity : 10 * ElementaryFunctions.Log10(b.Noise / a.Noise)).Min();

    // How many of its own standard errors the noise is that all outputs of a sample lose on average, in proportion to their power.
    private static double Errors(ErrorPower[][] before, ErrorPower[][] after)
    {
        double[] signals = [.. Totals(before).Select(t => t.Signal)];
        double[] lost = [.. before.Zip(after, (b, a) => Enumerable.Range(0, signals.Length)
            .Where(o => signals[o] > 0).Sum(o => (b[o].Noise - a[o].Noise) / signals[o]))];
        double mean = lost.Average(), variance = lost.Sum(l => (l - mean) * (l - mean)) / (lost.Length - 1);
        return mean / Math.Max(Math.Sqrt(variance / lost.Length), double.Epsilon);
    }

    private static ErrorPower[] Totals(ErrorPower[][] errors) =>
        [.. Enumerable.Range(0, errors[0].Length).Select(o => errors.Aggregate(default(ErrorPower), (sum, own) => sum + own[o]))];
}

/// <summary>What a trial of equalisation found on samples that calibrated neither form.</summary>
/// <param name="Samples">The number of samples.</param>
/// <param name="Plain">The signal-to-noise ratio of the noisiest output without it, in dB.</param>
/// <param name="Equalised">The same with it.</param>
/// <param name="Gain">The least by which the noise of any output falls, in dB.</param>
/// <param name="Errors">How many standard errors the mean difference of the samples' noises is.</param>
internal sealed record EqualizationFigures(int Samples, double Plain, double Equalised, double Gain, double Errors);
