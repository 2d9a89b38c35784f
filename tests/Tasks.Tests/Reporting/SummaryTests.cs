using System.Text.Json;
using OptimizerBuild.Build;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Metrics;
using OptimizerBuild.Options;

namespace OptimizerBuild.Reporting;

public class SummaryTests
{
    private static readonly ModelReport Report = ModelReport.Of(SmallOutcome.Of(new() { ModelPath = "fashion-mobilenet.onnx",
        Name = "fashion-mobilenet", ClassName = "Net" })) with
    {
        FloatWeightBytes = 160 * 1024,
        WeightBytes = 42 * 1024,
        ScratchBytes = 42 * 1024,
        LargestLiveSetBytes = 40 * 1024,
        Macs = 5_900_000,
        Precision = "int8",
        IntegerMacShare = 1,
        FloatMetric = 0.923,
        CompressedMetric = 0.922,
        OutputSignalToNoise = 36.24,
    };

    [Fact]
    public void ReadsAsDocumented() => Assert.Equal(
        "fashion-mobilenet: 160 KB → 42 KB (3.8×), Top-1 92.3 % → 92.2 % on 10,000 samples, outputs at 36.2 dB signal to noise, "
            + "42 KB scratch, 5.9 M MACs (int8)",
        SummaryLine.Of(Report));

    [Fact]
    public void TheRatioStandsAloneWithoutEvaluationAndSaysOnWhichInputs() =>
        Assert.Contains("(3.8×), outputs at 17.0 dB signal to noise on made-up inputs, 42 KB scratch", SummaryLine.Of(Report with
        {
            Metric = null, OutputSignalToNoise = 17.04, IsCalibrationMadeUp = true,
        }), StringComparison.Ordinal);

    [Fact]
    public void ScalesOfTheModelAreNamed() =>
        Assert.EndsWith("5.9 M MACs (int8, with the model's own scales)", SummaryLine.Of(Report with
        {
            OutputSignalToNoise = null, HasScalesOfModel = true,
        }), StringComparison.Ordinal);

    [Theory]
    [InlineData(true, "(int8, equalised)")]
    [InlineData(false, "(int8, not equalised after a trial)")]
    [InlineData(null, "(int8)")]
    public void ATrialSaysWhatCameOfIt(bool? isEqualized, string end) =>
        Assert.EndsWith("5.9 M MACs " + end, SummaryLine.Of(Report with { IsEqualized = isEqualized }), StringComparison.Ordinal);

    [Fact]
    public void FiguresThatDifferAreTwoFigures() =>
        Assert.Contains("Top-1 92.30 % → 92.31 % on", SummaryLine.Of(Report with { CompressedMetric = 0.9231 }));

    [Fact]
    public void WithoutEvaluationThereIsNoMetric() =>
        Assert.Equal("m: 0 bytes → 0 bytes, 1.5 MB scratch, 12 MACs (float32)", SummaryLine.Of(Report with
        {
            Model = "m", OutputSignalToNoise = null, FloatWeightBytes = 0, WeightBytes = 0, Metric = null,
            ScratchBytes = 3 << 19, Macs = 12, Precision = "float32", IntegerMacShare = 0,
        }));

    [Fact]
    public void TheReportHasTheDocumentedFields()
    {
        using JsonDocument json = JsonDocument.Parse(Report.ToJson());
        foreach (string field in (string[])["model", "sourceBytes", "floatWeightBytes", "weightBytes", "scratchBytes",
            "largestLiveSetBytes", "macs", "metric", "floatMetric",
            "compressedMetric", "samples", "integerMacShare", "hasScalesOfModel", "layers", "techniques"])
            Assert.True(json.RootElement.TryGetProperty(field, out _), field);
        foreach (string field in (string[])["node", "operator", "precision", "reason", "macs", "signalToNoise", "storage", "weightBytes"])
            Assert.True(json.RootElement.GetProperty("layers")[0].TryGetProperty(field, out _), field);
        JsonElement technique = json.RootElement.GetProperty("techniques")[0];
        Assert.Equal("Quantization", technique.GetProperty("name").GetString());
        Assert.Equal(400, technique.GetProperty("bytesBefore").GetInt32());
        Assert.Equal(100, technique.GetProperty("bytesAfter").GetInt32());
        foreach (string field in (string[])["macsBefore", "macsAfter", "parametersBefore", "parametersAfter", "notes"])
            Assert.True(technique.TryGetProperty(field, out _), field);
        Assert.Equal(Report.ToJson(), ModelReport.TryParse(Report.ToJson())!.ToJson());
        Assert.Null(ModelReport.TryParse("{}"));
        Assert.Null(ModelReport.TryParse("no JSON"));
    }

    [Theory]
    [InlineData(nameof(AccuracyMetric.Top1), 0.92, 0.915, 0.005, true)]
    [InlineData(nameof(AccuracyMetric.Top1), 0.92, 0.914, 0.005, false)]
    [InlineData(nameof(AccuracyMetric.Top5), 0.9, 0.95, 0, true)]
    [InlineData(nameof(AccuracyMetric.Cosine), 0.999, 0.99, 0.01, true)]
    [InlineData(nameof(AccuracyMetric.R2), 0.8, 0.7, 0.05, false)]
    [InlineData(nameof(AccuracyMetric.MeanSquaredError), 0.100, 0.103, 0.03, true)]
    [InlineData(nameof(AccuracyMetric.MeanSquaredError), 0.100, 0.104, 0.03, false)]
    [InlineData(nameof(AccuracyMetric.MeanSquaredError), 0.0, 0.001, 1, false)]
    [InlineData(nameof(AccuracyMetric.MeanSquaredError), 0.0, 0.0, 0, true)]
    [InlineData(nameof(AccuracyMetric.R2), 0.8, double.NaN, 1, false)]
    public void TheGateTakesTheDropInTheMetricsSense(string metric, double original, double compressed, double limit, bool passes)
    {
        ModelReport report = Report with { Metric = AccuracyMeasurement.Create(Enum.Parse<AccuracyMetric>(metric)).DisplayName,
            FloatMetric = original, CompressedMetric = double.IsNaN(compressed) ? null : compressed };

        if (passes)
            AccuracyGate.Check(report, limit);
        else
            Assert.Equal("OPT0013", Assert.Throws<ModelException>(() => AccuracyGate.Check(report, limit)).Diagnostic.Descriptor.Code);
        AccuracyGate.Check(report, null);
    }
}
