using System.Text;
using OptimizerBuild.Build;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Fuzz.Running;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Reporting;

namespace OptimizerBuild.Fuzz.Targets;

/// <summary>Reports of earlier builds: read and used for summary, gate and messages, or known to be none.</summary>
internal sealed class ReportTarget() : FuzzTarget("report", ".json")
{
    private static readonly TextMutation Mutation = new("null", "true", "{}", "[]", "\"x\"", "model", "layers", "Top-1", "OPT0011",
        "metric");

    /// <inheritdoc/>
    public override IEnumerable<byte[]> Seeds()
    {
        CompilationOutcome outcome = SmallOutcome.Of(
            new ModelOptions { ModelPath = "m.onnx", Name = "m", ClassName = "M", Namespace = "N", ExportOnnx = true });
        ModelReport report = ModelReport.Of(outcome);
        yield return Encoding.UTF8.GetBytes(report.ToJson());
        yield return Encoding.UTF8.GetBytes((report with { WorstClass = new(1, "dog", 0.9, 0.8, 100) }).ToJson());
        yield return Encoding.UTF8.GetBytes((report with { Metric = null, FloatMetric = null, Layers = [], Techniques = [] }).ToJson());
    }

    /// <inheritdoc/>
    public override byte[] Mutate(byte[] input, IReadOnlyList<byte[]> others, Random random) => Mutation.Of(input, others, random);

    /// <inheritdoc/>
    public override Verdict Check(byte[] input, CancellationToken cancellation)
    {
        if (ModelReport.TryParse(Encoding.UTF8.GetString(input)) is not { } report)
            return new(false, "no report");
        string line = SummaryLine.Of(report);
        if (line.AsSpan().ContainsAny('\n', '\r') && !report.Model.AsSpan().ContainsAny('\n', '\r'))
            throw new ContractException("the summary line is several lines");
        int known = report.Diagnostics.Count(d => d.Diagnostic is not null);
        string gate = "passed";
        try
        {
            AccuracyGate.Check(report, 0.01, 0.05);
        }
        catch (ModelException e)
        {
            gate = e.Diagnostic.Descriptor.Code;
        }
        string json = report.ToJson();
        if (ModelReport.TryParse(json)?.ToJson() != json)
            throw new ContractException("a report differs when it is written and read again");
        return new(true,
            $"{gate}, metric {report.Metric is not null}, class {report.WorstClass is not null}, {Math.Min(known, 2)} messages, "
            + $"{Math.Min(report.Layers.Count, 3)} layers");
    }
}
