using System.Globalization;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Lowering;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Reporting;

/// <summary>
/// What became of one model, in figures: the content of <c>NAME.report.json</c>, whose fields have these names in camel case.
/// </summary>
internal sealed record ModelReport
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>The model's short name.</summary>
    public required string Model { get; init; }

    /// <summary>The generated class with its namespace.</summary>
    public required string Class { get; init; }

    /// <summary>The model file's name.</summary>
    public required string SourceFile { get; init; }

    /// <summary>SHA-256 of the model file with its external data.</summary>
    public required string SourceHash { get; init; }

    /// <summary>The size of these files.</summary>
    public required long SourceBytes { get; init; }

    /// <summary>What was compressed in the model's place, for example <c>student 0.5x</c>; null where it is the model itself.</summary>
    public string? Lineage { get; init; }

    /// <summary>The size of the float model's constants.</summary>
    public required long FloatWeightBytes { get; init; }

    /// <summary>The size of the packed weights in the assembly.</summary>
    public required long WeightBytes { get; init; }

    /// <summary>Their size in memory, which is larger where they are coded.</summary>
    public long WeightMemoryBytes { get; init; }

    /// <summary>The size of an instance's scratch memory.</summary>
    public required long ScratchBytes { get; init; }

    /// <summary>The most that the values of one step need together: no scratch memory can be smaller.</summary>
    public required long LargestLiveSetBytes { get; init; }

    /// <summary>Multiply-accumulates of one prediction.</summary>
    public required long Macs { get; init; }

    /// <summary>The sets of shapes that the class takes. The first is the main one, whose are work, layers and accuracy.</summary>
    public required IReadOnlyList<EntryReport> Entries { get; init; }

    /// <summary>For example <c>int8</c>.</summary>
    public required string Precision { get; init; }

    /// <summary>The share of multiply-accumulates that run in integers: 0 to 1; 1 also for a model without any.</summary>
    public required double IntegerMacShare { get; init; }

    /// <summary>
    /// The outputs' signal-to-quantisation-noise ratio in dB on the calibration samples, that of the noisiest output; null for a model in
    /// float32.
    /// </summary>
    public double? OutputSignalToNoise { get; init; }

    /// <summary>Whether the calibration samples were made up, because there was no data.</summary>
    public bool IsCalibrationMadeUp { get; init; }

    /// <summary>Whether scales and zero points are the model's own, because it is quantised already.</summary>
    public bool HasScalesOfModel { get; init; }

    /// <summary>Whether the default recipe equalised the model after a trial of both; null where it tried nothing.</summary>
    public bool? IsEqualized { get; init; }

    /// <summary>The metric's name; null where nothing was evaluated.</summary>
    public string? Metric { get; init; }

    /// <summary>The float model's figure.</summary>
    public double? FloatMetric { get; init; }

    /// <summary>The compressed model's figure.</summary>
    public double? CompressedMetric { get; init; }

    /// <summary>The number of evaluation samples.</summary>
    public required int Samples { get; init; }

    /// <summary>The class that loses most on the evaluation data; null where no metric over classes was measured.</summary>
    public ClassReport? WorstClass { get; init; }

    /// <summary>SHA-256 of the compressed model as an ONNX file; null where it was not asked for.</summary>
    public string? QdqModelHash { get; init; }

    /// <summary>What became of each node.</summary>
    public required IReadOnlyList<LayerReport> Layers { get; init; }

    /// <summary>What each compression technique did, in the order in which they ran.</summary>
    public required IReadOnlyList<TechniqueReport> Techniques { get; init; }

    /// <summary>Messages and warnings, which a build that takes the outputs from the cache repeats.</summary>
    public required IReadOnlyList<ReportedDiagnostic> Diagnostics { get; init; }

    /// <summary>The report of a compilation.</summary>
    public static ModelReport Of(CompilationOutcome outcome)
    {
        ModelPlan plan = outcome.Plan;
        PlanFacts facts = plan.Facts;
        bool evaluated = facts.Metric.Length > 0;
        long total = outcome.Layers.Sum(l => l.Macs);
        return new ModelReport
        {
            Model = plan.Model,
            Class = plan.Namespace.Length == 0 ? plan.ClassName : plan.Namespace + "." + plan.ClassName,
            SourceFile = facts.SourceFile,
            SourceHash = facts.SourceHash,
            SourceBytes = outcome.SourceBytes,
            Lineage = outcome.Lineage.Length == 0 ? null : outcome.Lineage,
            FloatWeightBytes = facts.FloatWeightBytes,
            WeightBytes = plan.Weights.Bytes,
            WeightMemoryBytes = plan.Weights.MemoryBytes,
            ScratchBytes = plan.ScratchBytes,
            LargestLiveSetBytes = plan.Entries.Max(e => LargestLiveSet.Of(e.Buffers)),
            Macs = facts.Macs,
            Entries = [.. plan.Entries.Select(EntryReport.Of)],
            Precision = facts.Precision,
            IntegerMacShare = total == 0 ? 1 : (double)outcome.Layers.Where(l => l.Precision != "float32").Sum(l => l.Macs) / total,
            OutputSignalToNoise = Finite(outcome.OutputSignalToNoise),
            IsCalibrationMadeUp = outcome.IsCalibrationMadeUp,
            HasScalesOfModel = outcome.HasScalesOfModel,
            IsEqualized = outcome.IsEqualized,
            Metric = evaluated ? facts.Metric : null,
            FloatMetric = evaluated ? Finite(facts.FloatMetric) : null,
            CompressedMetric = evaluated ? Finite(facts.CompressedMetric) : null,
            Samples = facts.Samples,
            WorstClass = outcome.WorstClass is { } worst
                ? new(worst.Class, plan.Classifier is { Labels.Count: > 0 } c ? c.Labels[worst.Class] : null, worst.Original,
                    worst.Compressed, worst.Samples)
                : null,
            QdqModelHash = HashOf(outcome.QdqModel),
            Layers =
            [
                .. outcome.Layers.Select(l => new LayerReport(l.Node, l.Operator, l.Precision, l.Reason, l.Macs, Finite(l.SignalToNoise),
                    l.PairSumsBounded, l.Storage, l.WeightBytes, l.Stored?.Code, l.Stored?.Bytes ?? l.WeightBytes)),
            ],
            Techniques =
            [
                .. outcome.Techniques.Select(t => new TechniqueReport(
                    t.Technique, t.Before.Bytes, t.After.Bytes, t.Before.Macs, t.After.Macs, t.Before.Parameters, t.After.Parameters,
                        t.Notes)),
            ],
            Diagnostics = [.. outcome.Diagnostics.Select(d => new ReportedDiagnostic(d.Descriptor.Code, d.Text))],
        };
    }

    /// <summary>Reads a report; null where the text is none that a build writes.</summary>
    public static ModelReport? TryParse(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<ModelReport>(json, Format) is { } report && report.IsUsable ? report : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>What <see cref="QdqModelHash"/> is for a file; null for none.</summary>
    public static string? HashOf(byte[]? qdqModel) => qdqModel is null ? null : Convert.ToHexStringLower(SHA256.HashData(qdqModel));

    /// <summary>The report as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Format) + "\n";

    // What the types do not say: no list has holes, numbers are finite (JSON's 1e999 is read as infinity), the metric is one that there is.
    private bool IsUsable =>
        !((IEnumerable<object?>)[.. Layers, .. Techniques, .. Diagnostics, .. Entries]).Contains(null)
        && Techniques.All(t => !((IEnumerable<string?>)t.Notes).Contains(null))
        && Entries.All(e => e.Inputs.Values.Concat(e.Outputs.Values).All(d => d is not null))
        && ((IEnumerable<double?>)[IntegerMacShare, FloatMetric, CompressedMetric, WorstClass?.FloatMetric, WorstClass?.CompressedMetric,
            .. Layers.Select(l => l.SignalToNoise)]).All(v => v is null || double.IsFinite(v.Value))
        && (Metric is null || MetricText.Knows(Metric));

    // JSON has no infinities and no NaN.
    private static double? Finite(double? value) => value is { } v && double.IsFinite(v) ? v : null;
}

/// <summary>The accuracy on the samples of one class.</summary>
/// <param name="Class">The class.</param>
/// <param name="Label">Its label; null where there are none.</param>
/// <param name="FloatMetric">The float model's figure.</param>
/// <param name="CompressedMetric">The compressed model's figure.</param>
/// <param name="Samples">The number of its samples.</param>
internal sealed record ClassReport(int Class, string? Label, double FloatMetric, double CompressedMetric, long Samples)
{
    /// <summary>The class for people: its label or its number.</summary>
    [JsonIgnore]
    public string Name => Label is { } label ? $"class '{label}'" : string.Create(CultureInfo.InvariantCulture, $"class {Class}");
}

/// <summary>One set of shapes that the class takes.</summary>
/// <param name="Method">The method that takes inputs of these shapes.</param>
/// <param name="Inputs">The dimensions of the inputs by their names in the model, as callers pass them.</param>
/// <param name="Outputs">The dimensions of the outputs by their names in the model.</param>
/// <param name="Macs">Multiply-accumulates of one prediction.</param>
/// <param name="ScratchBytes">The scratch memory that these shapes need.</param>
internal sealed record EntryReport(
    string Method, IReadOnlyDictionary<string, IReadOnlyList<int>> Inputs, IReadOnlyDictionary<string, IReadOnlyList<int>> Outputs,
    long Macs, long ScratchBytes)
{
    /// <summary>The report of an entry.</summary>
    public static EntryReport Of(PlanEntry entry) => new(
        PredictorNames.Method(entry.Name),
        entry.Inputs.ToDictionary(i => i.OnnxName, i => (IReadOnlyList<int>)[.. i.Dimensions]),
        entry.Outputs.ToDictionary(o => o.OnnxName, o => (IReadOnlyList<int>)[.. o.Dimensions]),
        entry.Macs,
        entry.ArenaBytes);
}

/// <summary>What became of one node.</summary>
/// <param name="Node">The node's name.</param>
/// <param name="Operator">Its operator.</param>
/// <param name="Precision"><c>int8</c> or <c>float32</c>.</param>
/// <param name="Reason">For a float node: why. Else empty.</param>
/// <param name="Macs">Its multiply-accumulates.</param>
/// <param name="SignalToNoise">Signal-to-quantisation-noise ratio in dB; null where not measured.</param>
/// <param name="PairSumsBounded">
/// For an integer dot product whether sums of two neighbouring products are proved to fit into 16 bits, so that AVX2 and AVX-512 without
/// VNNI may multiply without widening; null for other nodes.
/// </param>
/// <param name="Storage">The form in which its weights are stored, for example <c>s8</c>; null for a node without constant weights.</param>
/// <param name="WeightBytes">The packed size of these weights, with padding; layers with equal weights share one place.</param>
/// <param name="Code">The code in which the assembly holds them, for example <c>rans</c>; null where it holds them as they are.</param>
/// <param name="StoredBytes">Their size in the assembly.</param>
internal sealed record LayerReport(
    string Node, string Operator, string Precision, string Reason, long Macs, double? SignalToNoise, bool? PairSumsBounded = null,
    string? Storage = null, long WeightBytes = 0, string? Code = null, long StoredBytes = 0);

/// <summary>What a compression technique did.</summary>
/// <param name="Name">Its name.</param>
/// <param name="BytesBefore">The bytes of the constants before it, as they would be stored, without padding, multipliers and
/// tables.</param>
/// <param name="BytesAfter">The same after it.</param>
/// <param name="MacsBefore">The multiply-accumulates of one prediction before it.</param>
/// <param name="MacsAfter">The same after it.</param>
/// <param name="ParametersBefore">The number of real numbers among the constants before it.</param>
/// <param name="ParametersAfter">The same after it.</param>
/// <param name="Notes">What it did, one line each.</param>
internal sealed record TechniqueReport(
    string Name, long BytesBefore, long BytesAfter, long MacsBefore, long MacsAfter, long ParametersBefore, long ParametersAfter,
    IReadOnlyList<string> Notes);

/// <summary>A message or warning of the compilation.</summary>
/// <param name="Code">Its code.</param>
/// <param name="Text">Its text.</param>
internal sealed record ReportedDiagnostic(string Code, string Text)
{
    /// <summary>The diagnostic itself; null where this version knows no such code.</summary>
    [JsonIgnore]
    public Diagnostic? Diagnostic =>
        DiagnosticCatalog.All.FirstOrDefault(d => d.Code == Code) is { } descriptor ? new Diagnostic(descriptor, null, Text) : null;
}
