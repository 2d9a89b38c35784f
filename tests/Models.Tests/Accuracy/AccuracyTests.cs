using OptimizerBuild.Pipeline;
using OptimizerBuild.Testing;
using Xunit.Abstractions;

namespace OptimizerBuild.Models.Accuracy;

public sealed class AccuracyTests(ITestOutputHelper output)
{
    [SharedTheory]
    [MemberData(nameof(SharedModels.Cases), MemberType = typeof(SharedModels))]
    public void Report(string name)
    {
        CompilationOutcome outcome = SharedModels.Compile(name);
        output.WriteLine(Facts(outcome));
        foreach (var l in outcome.Layers.Where(l => l.Precision != "int8"))
            output.WriteLine($"  {l.Node} {l.Operator} {l.Reason} {l.Macs}");
    }

    internal static string Facts(CompilationOutcome outcome)
    {
        long total = outcome.Layers.Sum(l => l.Macs);
        double share = total == 0 ? 1 : (double)outcome.Layers.Where(l => l.Precision == "int8").Sum(l => l.Macs) / total;
        var f = outcome.Plan.Facts;
        return FormattableString.Invariant($"{outcome.Plan.Model}: {f.Metric} {f.FloatMetric} -> {f.CompressedMetric} on {f.Samples}, integerMacShare {share:F4}, weights {f.FloatWeightBytes} -> {outcome.Weights.Length}, scratch {outcome.Plan.ArenaBytes}, MACs {f.Macs}, steps {outcome.Plan.Steps.Count}, {f.Precision}");
    }
}
