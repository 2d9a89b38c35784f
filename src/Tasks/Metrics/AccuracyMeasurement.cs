using System.Collections.Immutable;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;

namespace OptimizerBuild.Metrics;

/// <summary>What a model's output is compared with.</summary>
internal enum MetricReference
{
    /// <summary>Class indices of the data.</summary>
    Labels,

    /// <summary>Real targets of the data.</summary>
    Targets,

    /// <summary>The model's own input, which an autoencoder reconstructs.</summary>
    ModelInput,

    /// <summary>The float model's output.</summary>
    FloatModel,
}

/// <summary>
/// Which metric is taken over which output against what: decided once from the user's choice, the model's outputs and the data, then
/// fed with the outputs of the float and of the compressed model alike.
/// </summary>
internal sealed class AccuracyMeasurement
{
    private readonly float[]? _references;
    private readonly int _perSample;
    private readonly int _rows;

    private AccuracyMeasurement(AccuracyMetric kind, MetricReference reference, int output, float[]? references, int perSample, int rows)
    {
        Kind = kind;
        Reference = reference;
        Output = output;
        _references = references;
        _perSample = perSample;
        _rows = rows;
    }

    /// <summary>The metric.</summary>
    public AccuracyMetric Kind { get; }

    /// <summary>What the output is compared with.</summary>
    public MetricReference Reference { get; }

    /// <summary>The index of the output that is measured; −1 where all float outputs are.</summary>
    public int Output { get; }

    /// <summary>How far a model agrees with the float model, whatever the samples are: the cosine between their outputs.</summary>
    public static AccuracyMeasurement Agreement { get; } = new(AccuracyMetric.Cosine, MetricReference.FloatModel, -1, null, 0, 1);

    /// <summary>Whether a model gives the classes that are given, by the greatest score of an output.</summary>
    /// <param name="output">The index of the output, of one row of scores a sample.</param>
    /// <param name="classes">The class of each sample, counted from 0.</param>
    /// <param name="count">The number of classes.</param>
    public static AccuracyMeasurement OfClasses(int output, float[] classes, int count) =>
        new(AccuracyMetric.Top1, MetricReference.Labels, output, classes, 1, 1) { Classes = count };

    /// <summary>The same measurement over some of the samples that it was decided for.</summary>
    /// <param name="places">Their places among all.</param>
    public AccuracyMeasurement At(ImmutableArray<int> places)
    {
        int each = _rows * _perSample;
        return new(Kind, Reference, Output,
            _references is null ? null : [.. places.SelectMany(p => _references.AsSpan(p * each, each).ToArray())], _perSample, _rows)
        {
            FirstLabel = FirstLabel,
            Classes = Classes,
        };
    }

    /// <summary>A metric of a kind, with nothing accumulated.</summary>
    public static Metric Create(AccuracyMetric kind) => kind switch
    {
        AccuracyMetric.Top1 => new TopK(1),
        AccuracyMetric.Top5 => new TopK(5),
        AccuracyMetric.MeanSquaredError => new MeanSquaredError(),
        AccuracyMetric.Cosine => new Cosine(),
        AccuracyMetric.R2 => new CoefficientOfDetermination(),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "unknown metric"),
    };

    /// <summary>A metric of this measurement's kind, with nothing accumulated.</summary>
    public Metric NewMetric() => Create(Kind);

    /// <summary>The number of the first class in the data, which may count classes from 1; for messages.</summary>
    public int FirstLabel { get; private init; }

    /// <summary>The number of classes; 0 where the metric is none over classes.</summary>
    public int Classes { get; private init; }

    /// <summary>
    /// Decides how to measure. Without a choice of the user's: class indices ask for Top-1, real targets for R², data without either
    /// for the reconstruction error where the output has the input's shape, else for the cosine with the float model's outputs. Where the
    /// user may expect labels, the metric never changes without a word.
    /// </summary>
    /// <param name="options">What the item says of metric, task and labels.</param>
    /// <param name="graph">The model.</param>
    /// <param name="set">The samples, with their labels or targets where there are any.</param>
    /// <exception cref="ModelException">The data lacks what the metric needs, or what the user may expect of them.</exception>
    public static AccuracyMeasurement Decide(ModelOptions options, Graph graph, SampleSet set)
    {
        int samples = set.Samples.Count;
        DataSet? data = set.Data;
        int output = MeasuredOutput(graph);
        TensorType? scores = output < 0 ? null : graph.TypeOf(graph.Outputs[output]);
        Tensor? labels = set.Labels;
        if (labels is { Element: ElementType.String })
            throw Mismatch(data, "class indices or numbers as labels", $"the texts {data?.LabelName} {labels.Type}");
        LabelExpectation expectation = LabelExpectations.Of(options);
        bool wantsClasses = options.Metric is AccuracyMetric.Top1 or AccuracyMetric.Top5
            || (options.Metric is null && expectation == LabelExpectation.Classes);
        if (labels is null && (wantsClasses || expectation >= LabelExpectation.There
            || (expectation == LabelExpectation.FoundIfThere && data is not null && data.Table is null
                && data.Arrays.Length > graph.Inputs.Length)))
            throw Mismatch(data,
                $"{(wantsClasses ? "class labels" : "labels or targets")} named '{data?.LabelName ?? DataSet.DefaultLabelName}'",
                (data?.Describe() ?? "no data") + "; LabelKey names another array");
        if (wantsClasses && scores is null)
            throw Mismatch(data, "a float32 output with scores", "a model without one");

        string expected = "", found = "";
        ClassLabels? classes = labels is null || scores is null || options.Task == ModelTask.Regression
            ? null : ClassLabels.TryRead(labels, scores, samples, out expected, out found);
        bool reconstructs = scores is not null && graph.Inputs.Length == 1 && graph.TypeOf(graph.Inputs[0]) == scores;
        if (wantsClasses && classes is null)
            throw Mismatch(data, $"{expected} (output '{graph.Outputs[output]}' {scores})", $"{data?.LabelName} {found}");
        AccuracyMetric kind = options.Metric ?? (classes is not null ? AccuracyMetric.Top1
            : labels is not null && scores is not null ? AccuracyMetric.R2
            : reconstructs ? AccuracyMetric.MeanSquaredError
            : AccuracyMetric.Cosine);
        return kind switch
        {
            AccuracyMetric.Cosine => Agreement,
            AccuracyMetric.Top1 or AccuracyMetric.Top5 => new(kind, MetricReference.Labels, output, classes!.Indices, 1, classes.PerSample)
            {
                FirstLabel = classes.First,
                Classes = scores!.Count / classes.PerSample,
            },
            AccuracyMetric.MeanSquaredError when labels is null => new(
                kind, reconstructs ? MetricReference.ModelInput : MetricReference.FloatModel, reconstructs ? output : -1, null, 0, 1),
            _ => new(kind, MetricReference.Targets, output, Targets(data, labels, graph, output, samples, expected, found),
                scores?.Count ?? 0, 1),
        };
    }

    /// <summary>Takes one sample into account.</summary>
    /// <param name="metric">The metric of the model whose outputs are given.</param>
    /// <param name="sample">The sample's index in the data.</param>
    /// <param name="inputs">The sample: one tensor for each graph input.</param>
    /// <param name="outputs">The model's outputs.</param>
    /// <param name="floatOutputs">The float model's outputs for the same sample.</param>
    public void Accumulate(Metric metric, int sample, IReadOnlyList<Tensor> inputs, IReadOnlyList<Tensor> outputs,
        IReadOnlyList<Tensor> floatOutputs)
    {
        switch (Reference)
        {
            case MetricReference.FloatModel:
                for (int i = 0; i < outputs.Count; i++)
                    if (outputs[i].Element == ElementType.Float32)
                        metric.Accumulate(outputs[i].Values<float>(), floatOutputs[i].Values<float>());
                break;
            case MetricReference.ModelInput:
                metric.Accumulate(outputs[Output].Values<float>(), inputs[0].Values<float>());
                break;
            default:
                // A model of batch N has N rows of scores and N labels a sample.
                ReadOnlySpan<float> values = outputs[Output].Values<float>();
                int width = values.Length / _rows;
                for (int r = 0; r < _rows; r++)
                    metric.Accumulate(values.Slice(r * width, width), _references.AsSpan(((sample * _rows) + r) * _perSample, _perSample));
                break;
        }
    }

    // The output with the scores: the first float32 output with more than one element, else the first float32 output.
    private static int MeasuredOutput(Graph graph)
    {
        int first = -1;
        for (int i = 0; i < graph.Outputs.Length; i++)
        {
            TensorType type = graph.TypeOf(graph.Outputs[i]);
            if (type.Element != ElementType.Float32)
                continue;
            if (type.Count > 1)
                return i;
            if (first < 0)
                first = i;
        }
        return first;
    }

    private static float[] Targets(
        DataSet? data, Tensor? labels, Graph graph, int output, int samples, string expected, string found)
    {
        if (labels is null)
            throw Mismatch(data, $"targets named '{data?.LabelName ?? DataSet.DefaultLabelName}'", data?.Describe() ?? "no data");
        if (output < 0)
            throw Mismatch(data, "a float32 output", "a model without one");
        TensorType type = graph.TypeOf(graph.Outputs[output]);
        if (labels.Count != (long)type.Count * samples)
            throw Mismatch(data,
                $"{type.Count} targets for each of {samples} samples (output '{graph.Outputs[output]}' {type})"
                + (expected.Length == 0 ? "" : ", or " + expected),
                $"{data?.LabelName} {(found.Length == 0 ? labels.Type : found)}");
        var result = new float[labels.Count];
        for (int i = 0; i < result.Length; i++)
            result[i] = (float)ElementConversion.Real(labels, i);
        return result;
    }

    private static ModelException Mismatch(DataSet? data, string expected, string found) =>
        new(DiagnosticCatalog.DataMismatch, data?.Source ?? "(none)", expected, found);
}
