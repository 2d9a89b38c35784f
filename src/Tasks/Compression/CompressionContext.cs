using System.Diagnostics;
using System.Globalization;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Metrics;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;
using OptimizerBuild.Training;

namespace OptimizerBuild.Compression;

/// <summary>
/// What techniques (and a search over them) have at hand: the options, the teacher, data, measurements, the passes, random numbers,
/// progress and cancellation. Data are read, or made up, when something asks for them for the first time.
/// </summary>
/// <param name="options">What the item asks for.</param>
/// <param name="teacher">The float model as imported.</param>
/// <param name="data">Where samples come from.</param>
/// <param name="lowering">How models are lowered to be measured.</param>
/// <param name="progress">Hears how far techniques have come.</param>
/// <param name="cancellation">Stops the work.</param>
internal sealed class CompressionContext(
    ModelOptions options,
    Teacher teacher,
    ISampleSource data,
    ITrialLowering lowering,
    IBuildProgress progress,
    CancellationToken cancellation)
{
    private readonly Lazy<SampleSet> _calibration = new(data.Calibration);
    private readonly Lazy<SampleSet?> _evaluation = new(data.Evaluation);
    private readonly Lazy<SampleSet?> _training = new(data.Training);
    private Graph? _teaching;

    /// <summary>What the item asks for.</summary>
    public ModelOptions Options => options;

    /// <summary>The float model as imported, with its answers on the samples.</summary>
    public Teacher Teacher => teacher;

    /// <summary>Hears how far techniques have come.</summary>
    public IBuildProgress Progress => progress;

    /// <summary>Stops the work.</summary>
    public CancellationToken Cancellation => cancellation;

    /// <summary>Whether the user gave data to calibrate on. A technique that can do without asks before it makes synthetic ones.</summary>
    public bool HasCalibrationData => (options.CalibrationData ?? options.EvaluationData) is not null;

    /// <summary>
    /// Samples to calibrate on, with labels where the data has some: without data for it the inputs of the evaluation data; synthetic where
    /// the user gave neither.
    /// </summary>
    /// <exception cref="ModelException">The data cannot be read or does not fit.</exception>
    public SampleSet Calibration => _calibration.Value;

    /// <summary>Samples to judge accuracy on; null where the user gave none. A technique must not choose by them what it then reports on
    /// them.</summary>
    /// <exception cref="ModelException">The data cannot be read or does not fit.</exception>
    public SampleSet? Evaluation => _evaluation.Value;

    /// <summary>
    /// Samples to learn from, none of which serves to judge accuracy: all of the data to calibrate on, with labels where there are any;
    /// synthetic ones where there are none.
    /// </summary>
    /// <exception cref="ModelException">The data cannot be read or does not fit.</exception>
    public SampleSet Training => _training.Value ?? Calibration;

    /// <summary>The graph of the file that the item names as a student, after the passes; null where it names none.</summary>
    public Graph? Student { get; init; }

    /// <summary>Makes one graph of the models that the item names as teachers, which it sees samples for; null where it names
    /// none.</summary>
    public Func<SampleSet, Graph>? Teachers { get; init; }

    /// <summary>The graph whose answers are learned: the float model, or the teachers.</summary>
    /// <exception cref="ModelException">A teacher does not fit.</exception>
    public Graph TeachingGraph => _teaching ??= Teachers?.Invoke(Training) ?? teacher.Graph;

    /// <summary>The graph that was trained last: nothing is lost that training could win back while the model is still this one.</summary>
    public Graph? TrainedGraph { get; set; }

    /// <summary>Where states of trainings are kept.</summary>
    public ITrainingCheckpoints Checkpoints { get; init; } = NoCheckpoints.Instance;

    /// <summary>What is shared with the contexts of other candidates of a search; null in a single build.</summary>
    public CommonFindings? Common { get; init; }

    /// <summary>A context for other options of the same item that are lowered alike: the same samples, read once.</summary>
    /// <param name="other">The options.</param>
    public CompressionContext With(ModelOptions other) =>
        new(other, teacher, new OwnSamples(this), lowering, progress, cancellation) { Beginning = Beginning };

    /// <summary>What follows from a graph and the samples alone, and is found once for all candidates.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="what">What it is, with all options that it follows from.</param>
    /// <param name="find">Finds it.</param>
    public T Once<T>(Graph graph, string what, Func<T> find)
        where T : class => Common is null ? find() : Common.Of(graph, what, find);

    /// <summary>When this build began, of which this may be one of several contexts: a time stamp of <see cref="Stopwatch"/>.</summary>
    public long Beginning { get; init; } = Stopwatch.GetTimestamp();

    /// <summary>How long this build has been at work.</summary>
    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(Beginning);

    /// <summary>Stops a build that takes longer than the item allows.</summary>
    /// <exception cref="ModelException">It does.</exception>
    public void RequireTime()
    {
        if (options.MaxBuildMinutes is { } minutes && Elapsed.TotalMinutes > minutes)
            throw new ModelException(
                DiagnosticCatalog.BuildTakesTooLong, options.Name, minutes.ToString("0.##", CultureInfo.InvariantCulture));
    }

    /// <summary>
    /// The user's samples that something asked for, those to calibrate on before those to judge by; null where nothing did.
    /// </summary>
    public SampleSet? DataInUse => _calibration is { IsValueCreated: true, Value.Synthetic: false } ? _calibration.Value
        : _evaluation is { IsValueCreated: true } ? _evaluation.Value : null;

    /// <summary>Warnings about the samples that were asked for, each once.</summary>
    public IEnumerable<Diagnostic> DataDiagnostics =>
        (_calibration.IsValueCreated ? _calibration.Value.Diagnostics : [])
        .Concat(_training is { IsValueCreated: true, Value: { } training } ? training.Diagnostics : [])
        .Concat(_evaluation is { IsValueCreated: true, Value: { } evaluation } ? evaluation.Diagnostics : []).DistinctBy(d => d.Text);

    /// <summary>
    /// Measures a model as it would ship if nothing more were done to it: accuracy with the metric that suits the options and the data,
    /// by the kernels of the app; where the samples have no labels, how far it agrees with the teacher.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="samples">The samples; null for the evaluation samples, or the calibration samples where there are none.</param>
    /// <exception cref="ModelException">A node has no kernel, or the data does not fit.</exception>
    public Measurement Measure(CompressedModel model, SampleSet? samples = null)
    {
        samples ??= Evaluation ?? Calibration;
        // A metric that needs labels cannot be taken on samples without.
        AccuracyMeasurement measurement = samples.Labels is null && options.Metric is not (null or AccuracyMetric.MeanSquaredError)
            || (samples.Labels is null && LabelExpectations.Of(options) > LabelExpectation.FoundIfThere)
            ? AccuracyMeasurement.Agreement
            : AccuracyMeasurement.Decide(options, teacher.Graph, samples);
        return Measure(model, samples, measurement);
    }

    /// <summary>The same by a measurement that is decided already.</summary>
    /// <param name="model">The model.</param>
    /// <param name="samples">The samples.</param>
    /// <param name="measurement">What is measured on them.</param>
    /// <exception cref="ModelException">A node has no kernel.</exception>
    public Measurement Measure(CompressedModel model, SampleSet samples, AccuracyMeasurement measurement)
    {
        TrialModel trial = lowering.Lower(model, cancellation);
        (Metric original, Metric compressed) = Compare(measurement, samples, trial.Run);
        Graph graph = model.Graph;
        return new(original.DisplayName, compressed.Value, original.Value, original.Drop(original.Value, compressed.Value),
            samples.Samples.Count, trial.WeightBytes.Value, trial.ScratchBytes,
            graph.Nodes.Sum(n => OperatorRegistry.Of(n).MultiplyAccumulates(OperatorContext.Of(graph, n))), trial.Nanoseconds);
    }

    /// <summary>The estimated time of one prediction of a model as it would ship if nothing more were done to it, in nanoseconds on the
    /// machine that the cost model describes.</summary>
    /// <exception cref="ModelException">A node has no kernel.</exception>
    public double EstimatedNanoseconds(CompressedModel model) => lowering.Lower(model, cancellation).Nanoseconds;

    /// <summary>Takes a model's answers and the teacher's into account, sample by sample.</summary>
    /// <param name="measurement">Which metric is taken over which output.</param>
    /// <param name="samples">The samples.</param>
    /// <param name="run">The model.</param>
    public (Metric Original, Metric Compressed) Compare(AccuracyMeasurement measurement, SampleSet samples, TrialRun run)
    {
        Metric original = measurement.NewMetric();
        Metric compressed = measurement.NewMetric();
        foreach (TeacherBatch batch in teacher.Batches(samples, cancellation))
        {
            progress.Report("Evaluation", (double)batch.Start / samples.Samples.Count, "");
            Tensor[][] results = run(batch.Inputs, cancellation);
            for (int i = 0; i < results.Length; i++)
            {
                measurement.Accumulate(original, batch.Start + i, batch.Inputs[i], batch.Outputs[i], batch.Outputs[i]);
                measurement.Accumulate(compressed, batch.Start + i, batch.Inputs[i], results[i], batch.Outputs[i]);
            }
        }
        progress.Report("Evaluation", 1, "");
        return (original, compressed);
    }

    /// <summary>A graph after all passes, to be called when a technique has changed more than numbers; what a graph that has been
    /// through them already passes through unchanged.</summary>
    public Graph Renormalize(Graph graph) => PassPipeline.Run(graph, cancellation);

    /// <summary>Random numbers for a technique: the same in every build.</summary>
    /// <param name="technique">The technique's name, with what it needs them for where it needs several.</param>
    public RandomSource Random(string technique) => new(technique);

    // The samples of a context as a source for another one.
    private sealed class OwnSamples(CompressionContext context) : ISampleSource
    {
        public SampleSet Calibration() => context.Calibration;

        public SampleSet? Evaluation() => context.Evaluation;

        public SampleSet? Training() => context._training.Value;
    }
}

/// <summary>Where a context's samples come from. Each is asked for once at most.</summary>
internal interface ISampleSource
{
    /// <summary>Samples to calibrate on: from the user's data, else synthetic ones.</summary>
    SampleSet Calibration();

    /// <summary>Samples to judge accuracy on; null where the user gave none.</summary>
    SampleSet? Evaluation();

    /// <summary>Samples to learn from; null for those to calibrate on.</summary>
    SampleSet? Training() => null;
}
