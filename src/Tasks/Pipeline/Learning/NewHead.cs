using System.Collections.Immutable;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;

namespace OptimizerBuild.Pipeline.Learning;

/// <summary>
/// A last layer for classes of the user's own, learned from some samples of each, on the features that the model's other layers give
/// (transfer learning with a frozen body).
/// </summary>
/// <param name="Place">Where it stands.</param>
/// <param name="Names">The names of the classes; empty where they have none.</param>
/// <param name="Weights">Its weights: features, then classes.</param>
/// <param name="Bias">The bias of each class.</param>
/// <param name="Notes">What was done, for the report.</param>
internal sealed record NewHead(
    HeadPlace Place, ImmutableArray<string> Names, Tensor Weights, Tensor Bias, IReadOnlyList<string> Notes)
{
    /// <summary>Warnings about the samples it has learned from.</summary>
    public ImmutableArray<Diagnostic> Diagnostics { get; init; } = [];

    /// <summary>The name of the step, for the report.</summary>
    public const string Step = "Head";

    private const int MostClasses = 100_000;

    // Samples are evaluated so many at a time.
    private const int Batch = 256;

    // Of samples without labels, for self-training.
    private const int MostUnlabelled = 4096;

    /// <summary>The model with this head.</summary>
    /// <param name="imported">The model as imported, with any number of samples at a time.</param>
    public ImportedModel Apply(ImportedModel imported)
    {
        Graph graph = Place.Replace(imported.Graph, Weights, Bias);
        return imported with
        {
            Graph = graph,
            Labels = Names.IsEmpty ? null : new(Place.Output, Names),
            FloatWeightBytes = imported.FloatWeightBytes - FloatBytes(imported.Graph) + FloatBytes(graph),
        };
    }

    /// <summary>Learns a head.</summary>
    /// <param name="options">What the item asks for.</param>
    /// <param name="imported">The model as imported.</param>
    /// <param name="data">Its samples.</param>
    /// <param name="progress">Hears how far it is.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="ModelException">The model has no last layer that could be replaced, or the samples do not fit.</exception>
    public static NewHead Learn(
        ModelOptions options, ImportedModel imported, ItemSamples data, IBuildProgress progress, CancellationToken cancellation)
    {
        HeadPlace place = PlaceOf(options, imported);
        SampleSet samples = data.Head();
        (int[] labels, int classes, ImmutableArray<string> names) = Labels(samples);
        SampleSet? unlabelled = options.SelfTraining ? data.Training() : null;
        return Learn(place, imported.Graph, samples.Samples, labels, classes, names, unlabelled, progress, cancellation) with
        {
            Diagnostics = [.. samples.Diagnostics, .. unlabelled?.Diagnostics ?? []],
        };
    }

    /// <summary>Learns a head from samples that are there.</summary>
    /// <param name="place">Where it stands.</param>
    /// <param name="graph">The model as imported.</param>
    /// <param name="samples">The samples.</param>
    /// <param name="labels">Their classes, counted from 0; each class has a sample.</param>
    /// <param name="classes">The number of classes.</param>
    /// <param name="names">The names of the classes; empty where they have none.</param>
    /// <param name="unlabelled">Samples of unknown classes, from which it learns by itself; null for none.</param>
    /// <param name="progress">Hears how far it is.</param>
    /// <param name="cancellation">Stops the work.</param>
    public static NewHead Learn(
        HeadPlace place, Graph graph, IReadOnlyList<IReadOnlyList<Tensor>> samples, int[] labels, int classes, ImmutableArray<string> names,
        SampleSet? unlabelled, IBuildProgress progress, CancellationToken cancellation)
    {
        var body = new GraphEvaluator(place.Body(graph));
        float[][] features = Features(body, samples, progress, cancellation);
        int[] counts = [.. Enumerable.Range(0, classes).Select(c => labels.Count(l => l == c))];
        RidgeClassifier head = RidgeClassifier.Fit(features, labels, [.. labels.Select(_ => 1.0)], classes);
        var notes = new List<string>
        {
            FormattableString.Invariant($"{classes} classes from {labels.Length} samples, {Range(counts)} of each, on the ")
                + FormattableString.Invariant($"{features[0].Length} features that '{place.Layer}' reads"),
            FormattableString.Invariant($"ridge regression, strength {head.Ridge}")
                + (head.LeftOutRight is { } right ? FormattableString.Invariant($"; {100 * right:F1} % right, each without itself") : ""),
        };
        if (unlabelled is not null)
        {
            int all = unlabelled.Samples.Count, some = Math.Min(all, MostUnlabelled);
            SampleSet chosen = unlabelled.At([.. Enumerable.Range(0, some).Select(i => SampleSplitter.OriginalIndex(i, some, all))]);
            float[][] others = Features(body, chosen.Samples, progress, cancellation);
            head = SelfTraining.Run(head, features, labels, classes, others, notes);
        }
        else if (counts.Min() >= HeadRefinement.FewestSamples)
        {
            head = HeadRefinement.Run(head, features, labels, classes, notes, cancellation);
        }
        return new(place, names, Tensor.Of(head.Weights, features[0].Length, classes), Tensor.Of(head.Bias, classes), notes);
    }

    /// <summary>A head of the same form that has learned nothing, for builds that only serve an editor.</summary>
    /// <param name="options">What the item asks for.</param>
    /// <param name="imported">The model as imported.</param>
    /// <param name="data">Its samples.</param>
    /// <exception cref="ModelException">The model has no last layer that could be replaced, or the samples do not fit.</exception>
    public static NewHead Describe(ModelOptions options, ImportedModel imported, ItemSamples data)
    {
        HeadPlace place = PlaceOf(options, imported);
        SampleSet samples = data.Head();
        (_, int classes, ImmutableArray<string> names) = Labels(samples);
        return new(place, names, Tensor.Zeros(TensorType.Float32(place.Features(imported.Graph), classes)),
            Tensor.Zeros(TensorType.Float32(classes)), []);
    }

    private static HeadPlace PlaceOf(ModelOptions options, ImportedModel imported)
    {
        Graph graph = ClassifierDetection.WithoutState(options, imported.Graph);
        int output = imported.Labels is { } labels ? graph.Outputs.IndexOf(labels.Output) : ClassifierDetection.ScoresOutput(graph);
        if (output < 0)
            throw Unfit("the model has no float32 output with scores of several classes");
        return HeadPlace.Find(imported.Graph, graph.Outputs[output], out string obstacle) ?? throw Unfit(obstacle);
    }

    private static (int[] Labels, int Classes, ImmutableArray<string> Names) Labels(SampleSet samples)
    {
        DataSet data = samples.Data!;
        if (samples.Labels is not { } given || given.Count != samples.Samples.Count)
            throw Unfit($"the samples have no class each: {data.Describe()}, where '{data.LabelName}' would be the classes");
        ImmutableArray<string> names = data.ClassNames;
        if (given.Element == ElementType.String)
        {
            // Texts are the classes' names, in their own order.
            string[] texts = given.Values<string>();
            names = [.. texts.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
            given = Tensor.Of(Array.ConvertAll(texts, t => (long)names.IndexOf(t, StringComparer.Ordinal)), texts.Length);
        }
        double[] values = [.. Enumerable.Range(0, given.Count).Select(i => ElementConversion.Real(given, i))];
        if (values.FirstOrDefault(v => v != Math.Floor(v) || v < 0 || v > MostClasses, -1) is >= 0 and var odd)
            throw Unfit(FormattableString.Invariant($"'{data.LabelName}' holds {odd}, which is no number of a class"));
        int[] labels = [.. values.Select(v => (int)v)];
        // Classes may be counted from 1, as in data for evaluation.
        int first = labels.Min() == 1 ? 1 : 0, classes = labels.Max() + 1 - first;
        int missing = Enumerable.Range(first, classes).FirstOrDefault(c => !labels.Contains(c), -1);
        if (classes < 2)
            throw Unfit("there are samples of one class only");
        if (missing >= 0)
            throw Unfit(FormattableString.Invariant($"class {missing} has no sample"));
        return ([.. labels.Select(l => l - first)], classes, names);
    }

    private static float[][] Features(
        GraphEvaluator body, IReadOnlyList<IReadOnlyList<Tensor>> samples, IBuildProgress progress, CancellationToken cancellation)
    {
        var features = new float[samples.Count][];
        for (int start = 0; start < samples.Count; start += Batch)
        {
            progress.Report(Step, (double)start / samples.Count, "features");
            IReadOnlyList<Tensor>[] some = [.. Enumerable.Range(start, Math.Min(Batch, samples.Count - start)).Select(i => samples[i])];
            Tensor[][] answers = body.EvaluateMany(some, cancellation: cancellation);
            for (int i = 0; i < answers.Length; i++)
                features[start + i] = answers[i][0].Values<float>();
        }
        return features;
    }

    private static string Range(int[] counts) => counts.Min() == counts.Max() ? FormattableString.Invariant($"{counts[0]}")
        : FormattableString.Invariant($"{counts.Min()} to {counts.Max()}");

    private static long FloatBytes(Graph graph) =>
        graph.Constants.Values.Where(c => c.Element.IsFloat()).Sum(c => (long)c.Count * c.Element.Size());

    private static ModelException Unfit(string why) => new(DiagnosticCatalog.HeadDoesNotFit, why);
}
