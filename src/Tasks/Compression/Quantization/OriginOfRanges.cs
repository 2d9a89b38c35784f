using System.Globalization;
using OptimizerBuild.Compression.Quantization.Outliers;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>What the user should know of where the ranges of the activations come from.</summary>
internal static class OriginOfRanges
{
    /// <summary>The reason of nodes that run in float32 because nobody knows the range of what they read or make.</summary>
    public const string UnknownRange = "range known only with CalibrationData";

    /// <summary>A warning where the ranges come from anything but calibration data; null where nothing depends on them.</summary>
    /// <param name="graph">The quantised graph.</param>
    /// <param name="quantization">What was decided about it.</param>
    /// <param name="data">The samples.</param>
    public static Diagnostic? Warning(Graph graph, GraphQuantization quantization, SampleSet data)
    {
        int unknown = quantization.Nodes.Values.Count(n => n.Reason == UnknownRange);
        if (unknown == 0 && !quantization.Nodes.Values.Any(n => n.Integer))
            return null;
        if (data.IsFromEvaluation)
            return Diagnostic.Of(DiagnosticCatalog.CalibratedOnEvaluationData, null, Count(data.Samples.Count));
        if (!data.Synthetic)
            return null;
        int measured = graph.Nodes.Count(n => n.HasInput(0) && DynamicRange.IsDivided(GraphIndex.Of(graph).Producer(n.Inputs[0])));
        if (unknown + measured == 0)
            return Diagnostic.Of(DiagnosticCatalog.SyntheticCalibration, null, Count(data.Samples.Count));
        string inputs = data.MadeUp is { UnknownInputs.Length: > 0 } made ? string.Join(", ", made.UnknownInputs.Select(i => $"'{i}'"))
            : data.MadeUp is { HasCodes: true } ? "what follows from the rows of tables that integers look up"
            : "the columns of its inputs";
        return Diagnostic.Of(DiagnosticCatalog.UnknownRanges, null, inputs, Count(measured), Count(unknown));
    }

    private static string Count(int count) => count.ToString("N0", CultureInfo.InvariantCulture);
}
