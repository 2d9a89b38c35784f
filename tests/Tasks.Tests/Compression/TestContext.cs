using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;

namespace OptimizerBuild.Compression;

/// <summary>Contexts around small graphs, whose data are given and counted.</summary>
internal sealed class TestContext(Graph graph, SampleSet? calibration = null, SampleSet? evaluation = null) : ISampleSource, IBuildProgress
{
    /// <summary>How often calibration samples were asked for.</summary>
    public int Calibrations { get; private set; }

    /// <summary>How often evaluation samples were asked for.</summary>
    public int Evaluations { get; private set; }

    /// <summary>What was reported.</summary>
    public List<(string Step, double Fraction)> Reports { get; } = [];

    /// <summary>Options of a model without files.</summary>
    public static ModelOptions Options { get; } = new() { ModelPath = "/m.onnx", Name = "m", ClassName = "M" };

    /// <summary>The context.</summary>
    public CompressionContext Context(ModelOptions? options = null, Teacher? teacher = null, CancellationToken cancellation = default) =>
        new(options ?? Options, teacher ?? new Teacher(graph), this,
            new TrialLowering(graph, new() { Interface = graph, Adaptation = InputAdaptation.Of(options ?? Options) }), this, cancellation);

    public SampleSet Calibration()
    {
        Calibrations++;
        return calibration ?? throw new InvalidOperationException("nobody was to ask for calibration samples");
    }

    public SampleSet? Evaluation()
    {
        Evaluations++;
        return evaluation;
    }

    public void Report(string step, double fraction, string text)
    {
        lock (Reports)
            Reports.Add((step, fraction));
    }
}
