using System.Collections.Immutable;
using System.Diagnostics;
using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Export;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Lowering.Coding;
using OptimizerBuild.Lowering.Trees;
using OptimizerBuild.Lowering.Weights;
using OptimizerBuild.Metrics;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;
using OptimizerBuild.Pipeline.Learning;
using OptimizerBuild.Pipeline.Recipes;
using OptimizerBuild.Plan;
using OptimizerBuild.Training;

namespace OptimizerBuild.Pipeline;

/// <summary>
/// One model from file to plan: import, passes, calibration, quantisation, lowering, evaluation. Everything that stands between the
/// MSBuild tasks and the parts; the order of the steps is the order of this file.
/// </summary>
internal static class ModelCompiler
{
    // On so many is seen whether what teachers give are probabilities.
    private const int SamplesOfForm = 16;

    /// <summary>Compresses a model.</summary>
    /// <param name="options">What the item asks for.</param>
    /// <param name="progress">Hears how far the long steps have come.</param>
    /// <param name="cancellation">Stops the work; checked between nodes and samples.</param>
    /// <exception cref="ModelException">The model, its data or its options cannot be processed.</exception>
    public static CompilationOutcome Compile(ModelOptions options, IBuildProgress progress, CancellationToken cancellation) =>
        Compile(options, progress, NoCheckpoints.Instance, cancellation);

    /// <summary>Compresses a model, going on with trainings that an earlier build has left.</summary>
    /// <param name="options">What the item asks for.</param>
    /// <param name="progress">Hears how far the long steps have come.</param>
    /// <param name="checkpoints">Where states of trainings are kept.</param>
    /// <param name="cancellation">Stops the work; checked between nodes and samples.</param>
    /// <exception cref="ModelException">The model, its data or its options cannot be processed, or it takes longer than it may.</exception>
    public static CompilationOutcome Compile(
        ModelOptions options, IBuildProgress progress, ITrainingCheckpoints checkpoints, CancellationToken cancellation) =>
        BuildDeadline.Within(options, stop => Finish(Compress(options, progress, stop, checkpoints)), cancellation);

    /// <summary>Compresses a model without saying how far it has come.</summary>
    /// <exception cref="ModelException">The model, its data or its options cannot be processed.</exception>
    public static CompilationOutcome Compile(ModelOptions options, CancellationToken cancellation) =>
        Compile(options, SilentProgress.Instance, cancellation);

    /// <summary>The part of the way after the compression techniques: lowering and evaluation.</summary>
    /// <param name="compression">The compressed model with the context it was compressed in.</param>
    /// <exception cref="ModelException">The model cannot be lowered, or the evaluation data does not fit.</exception>
    public static CompilationOutcome Finish(Compression compression)
    {
        (ImportedModel imported, CompressedModel model, CompressionContext context) =
            (compression.Imported, compression.Run.Model, compression.Context);
        (ModelOptions options, CancellationToken cancellation) = (context.Options, context.Cancellation);
        BoundaryOptions boundary = Boundary(options, imported);
        var weights = new WeightsBlob();
        LoweredModel lowered = GraphLowerer.Lower(model, boundary, cancellation, weights);
        (PlanEntry Entry, PlanLayerWeights[] Layers)[] further = [.. compression.Further.Select(f =>
            Lower(f, compression, weights, lowered))];
        StoredWeights stored = WeightCoder.Code(weights, CodingRules.Of(options), cancellation);
        AccuracyMeasurement? measurement = context.Evaluation is { } evaluation
            ? AccuracyMeasurement.Decide(options, imported.Graph, evaluation) : null;
        ModelPlan plan = PlanOf(options, imported, model, lowered, stored, measurement);
        FurtherEntry.RequireSameClassifier(options, plan.Classifier, compression.Further.Select(f => f.Entry));
        plan = plan with
        {
            Further = new(further.Select(f => f.Entry)),
            Weights = plan.Weights with
            {
                Layers = new([.. plan.Weights.Layers, .. further.SelectMany(f => f.Layers).Except(plan.Weights.Layers)]),
            },
        };
        if (stored.IsCoded && !PlanExecutor.Expand(plan.Weights, stored.Bytes).Bytes.SequenceEqual(weights.ToArray()))
            throw new InvalidOperationException("the coded weights are not what they are decoded to");
        plan = WithBatch(plan, compression, weights, lowered, stored);
        // Entries use the memory in turn, so that each finds what another one left.
        PlanExecutor[] executors = [.. plan.Runnable.Select((_, place) => new PlanExecutor(plan, stored.Bytes, place))];
        foreach (PlanExecutor entry in executors)
            MemoryVerifier.Verify(entry);

        AccuracyComparison? accuracy = null;
        if (options.EvaluationData is { } data && measurement is not null)
        {
            var shipped = new ShippedModel(
                executors[0], imported.Graph,
                new CallerInputs(imported.Graph, boundary.Adaptation, data.Spec));
            accuracy = AccuracyComparison.Run(context, measurement, shipped);
            plan = plan with
            {
                Facts = plan.Facts with
                {
                    Metric = accuracy.Metric,
                    FloatMetric = accuracy.Original,
                    CompressedMetric = accuracy.Compressed,
                    Samples = accuracy.Samples,
                },
            };
        }
        bool hasOwnScales = model.Annotation<GraphQuantization>() is { HasScalesOfModel: true };
        return new(plan, stored.Bytes, imported.SourceBytes,
            [.. imported.ExternalDataFiles.Concat(InputFiles.ExternalNamesOfOthers(options)).Order(StringComparer.Ordinal)],
            Layers(model, lowered, stored),
            [
                .. compression.Run.Accounts,
                .. SharedWeights.Account(ModelSize.Of(model), lowered.Sections),
                .. DenseS4.Account(ModelSize.Of(model), lowered.Sections),
                .. SignBits.Account(ModelSize.Of(model), lowered.Sections),
                .. PackedTrees.Account(ModelSize.Of(model), lowered.Trees),
                .. CodingRules.Account(ModelSize.Of(model), stored),
            ],
            [
                .. imported.Diagnostics.Concat(compression.Further.SelectMany(f => f.Entry.Imported.Diagnostics)).Distinct(),
                .. compression.DataDiagnostics.Concat(context.DataDiagnostics).DistinctBy(d => d.Text),
                .. Unlike(context, imported.Graph),
                .. SoundForm.Unused(options) is { } unheard ? (IEnumerable<Diagnostic>)[unheard] : [],
                .. compression.Run.Diagnostics,
                .. accuracy?.Diagnostics ?? [],
            ],
            options.ExportOnnx ? QdqExporter.Export(model, cancellation) : null)
        {
            Lineage = options.Lineage,
            WorstClass = accuracy?.WorstClass,
            OutputSignalToNoise = model.Annotation<GraphQuantization>()?.OutputSignalToNoise,
            IsCalibrationMadeUp = !options.IsFloat32 && !context.HasCalibrationData && !hasOwnScales,
            HasScalesOfModel = hasOwnScales,
            IsEqualized = compression.IsEqualized,
        };
    }

    // Asked of data that were read anyway: what nobody uses cannot mislead.
    private static IEnumerable<Diagnostic> Unlike(CompressionContext context, Graph imported) =>
        context.DataInUse is { } samples
            && TrainingStatistics.Check(imported, samples, context.Cancellation) is { } warning ? [warning] : [];

    /// <summary>The signature of a model without calibration: names, types and shapes, for builds that only serve an editor.</summary>
    /// <exception cref="ModelException">The model cannot be imported.</exception>
    public static ModelPlan DescribeSignature(ModelOptions options, CancellationToken cancellation = default)
    {
        var source = new ModelSource(options, cancellation);
        ImportedModel imported = source.Main(progress: null);
        Graph graph = imported.Graph;
        var boundary = Boundary(options, imported);
        PlanInterface face = PlanInterface.Of(graph, boundary);
        var signature = new LoweredModel(
            new(face.Inputs),
            new(face.Outputs),
            new(face.States),
            EquatableList<PlanStep>.Empty,
            EquatableList<PlanBuffer>.Empty,
            EquatableList<PlanValue>.Empty,
            0,
            [],
            ImmutableSortedDictionary.Create<string, bool>(StringComparer.Ordinal),
            [],
            0);
        ModelPlan plan = PlanOf(
            options, imported, new CompressedModel(graph), signature, StoredWeights.Plain([]),
            MeasurementOf(options, imported, cancellation));
        FurtherEntry[] further = FurtherEntry.Import(options, imported, source.With);
        FurtherEntry.RequireSameClassifier(options, plan.Classifier, further);
        return plan with
        {
            IsSignatureOnly = true,
            HasStartUp = false,
            Further = new(further.Select(f => SignatureOf(options, f))),
        };
    }

    private static PlanEntry SignatureOf(ModelOptions options, FurtherEntry further)
    {
        PlanInterface face = PlanInterface.Of(further.Imported.Graph, Boundary(options, further.Imported));
        return new()
        {
            Name = further.Set.Name,
            Macs = MultiplyAccumulates(further.Imported.Graph).Sum(),
            Inputs = new(face.Inputs),
            Outputs = new(face.Outputs),
            States = new(face.States),
            ArenaBytes = 0,
            Buffers = EquatableList<PlanBuffer>.Empty,
            Steps = EquatableList<PlanStep>.Empty,
        };
    }

    /// <summary>The part of the way before lowering: import, passes, and the compression techniques that the options ask for.</summary>
    /// <param name="options">What the item asks for.</param>
    /// <param name="progress">Hears how far techniques have come; null for nobody.</param>
    /// <param name="cancellation">Stops the work; checked between nodes and samples.</param>
    /// <param name="checkpoints">Where states of trainings are kept; null for nowhere.</param>
    /// <exception cref="ModelException">The model or its data cannot be processed.</exception>
    public static Compression Compress(
        ModelOptions options, IBuildProgress? progress = null, CancellationToken cancellation = default,
        ITrainingCheckpoints? checkpoints = null)
    {
        long start = Stopwatch.GetTimestamp();
        var source = new ModelSource(options, cancellation);
        ImportedModel imported = source.Main(progress ?? SilentProgress.Instance);
        // What the item says of images must fit before data are read.
        _ = ImageForm.OfCalls(options, imported.Graph);
        FurtherEntry[] further = FurtherEntry.Import(options, imported, source.With);
        Graph graph = PassPipeline.Run(imported.Graph, cancellation);
        Graph? student = options.Student is { Path: not null }
            ? PassPipeline.Run(source.Student(ImportSettings(options)), cancellation) : null;
        RuleTargets.Require(options.Layers, student ?? graph);
        if (options.ExportOnnx)
            QdqExporter.RequireExportable(student ?? graph, options.Name);
        (FurtherEntry Entry, Reshaping Reshaping)[] reshapings = [.. further.Select(f => (f, f.Reshaping(graph, cancellation)))];
        // Ranges and precisions would not apply to other nodes: better to know it before they are measured.
        if (!options.IsFloat32
            && reshapings.Select(r => r.Reshaping).FirstOrDefault(r => r.Difference.Length > 0) is { } different)
            throw different.Error(different.Difference);
        CompressionContext context = ContextOf(options);
        List<Diagnostic> ofData = [.. source.Diagnostics];
        // Whatever is chosen is chosen for the student, which is trained once.
        CompressionRun beginning = CompressionTechniques.Run(new(graph), context, until: CompressionStage.ReduceRanks);
        Graph own = beginning.Model.Graph;
        // Candidates of a recipe are not trained: what is chosen is.
        ModelOptions item = options;
        var target = new SizeTarget(item);
        CompressionRun run;
        IReadOnlyList<string> recipe;
        long? measured;
        bool? equalised;
        do
        {
            RecipeChoice choice = RecipeChoice.Of(item with { Recovery = false, MaxSize = target.Bytes }, imported, own,
                new ItemSamples(item, imported, cancellation), Trials, progress ?? SilentProgress.Instance, cancellation);
            (options, recipe, measured) =
                (choice.Options with { Recovery = item.Recovery, MaxSize = item.MaxSize }, choice.Notes, choice.Bytes);
            if (recipe.Count > 0)
            {
                ofData.AddRange(context.DataDiagnostics);
                context = ContextOf(options, context.TrainedGraph);
            }
            var trial = new EqualizationTrial(context, new ItemSamples(options, imported, cancellation), Trials(options));
            run = recipe.Count > 0 ? CompressionTechniques.Run(beginning.Model, context, from: CompressionStage.ReduceRanks)
                : trial.Run(beginning.Model);
            equalised = trial.IsEqualized;
        }
        while (target.IsMissed(recipe, measured, () => Trials(options).Lower(run.Model, cancellation).WeightBytes.Value));
        recipe = [.. recipe, .. target.Notes];
        TechniqueAccount[] searches = recipe.Count == 0 ? []
            : [new(RecipeSearch.Step, recipe, ModelSize.Of(beginning.Model), ModelSize.Of(beginning.Model))];
        run = run with
        {
            Accounts = [.. new[] { source.Account }.OfType<TechniqueAccount>(), .. beginning.Accounts, .. searches, .. run.Accounts],
            Diagnostics = [.. beginning.Diagnostics, .. run.Diagnostics],
        };
        return new(imported, run, context)
        {
            DataDiagnostics = ofData,
            IsEqualized = equalised,
            Further = [.. reshapings],
            Batch = SampleBatch.Of(options, student ?? graph, source.Shipped, cancellation),
        };

        CompressionContext ContextOf(ModelOptions asked, Graph? trained = null) => new(asked, new Teacher(imported.Graph),
            new ItemSamples(asked, imported, cancellation), Trials(asked), progress ?? SilentProgress.Instance, cancellation)
        {
            Beginning = start,
            Checkpoints = checkpoints ?? NoCheckpoints.Instance,
            Student = student,
            Teachers = asked.Teachers.IsEmpty ? null
                : samples => TeacherEnsemble.Import(asked, imported.Graph, [.. samples.Samples.Take(SamplesOfForm)], cancellation),
            TrainedGraph = trained,
        };

        TrialLowering Trials(ModelOptions o) => ModelCompiler.Trials(o, imported);
    }

    /// <summary>How models are lowered that are only measured.</summary>
    public static TrialLowering Trials(ModelOptions options, ImportedModel imported) =>
        new(imported.Graph, Boundary(options, imported), CodingRules.Of(options));

    /// <summary>What a model's options settle about its import.</summary>
    public static ImportOptions ImportSettings(ModelOptions options) => new()
    {
        Shapes = options.Shapes,
        StateInputs = [.. options.State.Keys],
        Constants = options.Constants.ToImmutableSortedDictionary(c => c.Key, c => ConstantTensor(c.Value), StringComparer.Ordinal),
    };

    private static Tensor ConstantTensor(ConstantInput constant) => constant.Integers.IsDefault
        ? Tensor.Of([.. constant.Reals], constant.Reals.Length)
        : Tensor.Of([.. constant.Integers], constant.Integers.Length);

    private static BoundaryOptions Boundary(ModelOptions options, ImportedModel imported) => new()
    {
        ClassName = options.ClassName,
        Entries = [.. options.ShapeSets.Select(s => s.Name)],
        Adaptation = InputAdaptation.Of(options),
        State = StateOfModel.Of(options, imported),
        SavesMemory = options.MaxMemory is not null,
        Interface = imported.Graph,
    };

    // Labels in the evaluation data make a classifier, for an editor as well. What is wrong with data, the real build says.
    private static AccuracyMeasurement? MeasurementOf(ModelOptions options, ImportedModel imported, CancellationToken cancellation)
    {
        try
        {
            return ClassifierDetection.DependsOnData(options)
                && new ItemSamples(options, imported, cancellation) { IsForLabels = true }.Evaluation() is { } samples
                ? AccuracyMeasurement.Decide(options, imported.Graph, samples) : null;
        }
        catch (ModelException)
        {
            return null;
        }
    }

    // The plan with a batch, where that shares the weights and gives the same bytes.
    private static ModelPlan WithBatch(
        ModelPlan plan, Compression compression, WeightsBlob weights, LoweredModel lowered, StoredWeights stored)
    {
        if (compression.Batch is not { } batch)
            return plan;
        WeightsBlob all = weights.Copy();
        (PlanEntry Entry, PlanLayerWeights[] Layers) further;
        try
        {
            further = Lower(batch, compression, all, lowered);
        }
        catch (ModelException)
        {
            // What compression decided for one sample does not hold for several.
            return plan;
        }
        if (all.Length != weights.Length || further.Layers.Except(plan.Weights.Layers).Any())
            return plan;
        ModelPlan added = plan with { Batch = further.Entry with { Name = "", UsesThreads = false, HasStartUp = plan.HasStartUp } };
        return SampleBatch.Agrees(
            new PlanExecutor(added, stored.Bytes), new PlanExecutor(added, stored.Bytes, added.Entries.Count)) ? added : plan;
    }

    private static PlanLayerWeights[] LayersOf(LoweredModel lowered) =>
        [.. lowered.Sections.Select(s => new PlanLayerWeights(s.Node, s.Storage.Name, s.Offset, s.Bytes))];

    private static (PlanEntry Entry, PlanLayerWeights[] Layers) Lower(
        (FurtherEntry Entry, Reshaping Reshaping) further, Compression compression, WeightsBlob weights, LoweredModel main)
    {
        CompressionContext context = compression.Context;
        CompressedModel model = further.Reshaping.Apply(compression.Model);
        LoweredModel lowered = GraphLowerer.Lower(
            model, Boundary(context.Options, further.Entry.Imported), context.Cancellation, weights);
        if (!lowered.Strings.Equals(main.Strings) || lowered.KeepsStrings != main.KeepsStrings)
            throw further.Reshaping.Error("the strings that the model holds depend on the shapes");
        long macs = MultiplyAccumulates(model.Graph).Sum();
        var entry = new PlanEntry
        {
            Name = further.Entry.Set.Name,
            Macs = macs,
            Inputs = lowered.Inputs,
            Outputs = lowered.Outputs,
            States = lowered.States,
            ArenaBytes = lowered.ArenaBytes,
            Buffers = lowered.Buffers,
            Values = lowered.Values,
            Steps = lowered.Steps,
            UsesThreads = ExecutionRules.UsesThreads(macs),
            HasStartUp = ExecutionRules.HasStartUp(macs),
        };
        return (entry, LayersOf(lowered));
    }

    private static ModelPlan PlanOf(
        ModelOptions options, ImportedModel imported, CompressedModel model, LoweredModel lowered, StoredWeights weights,
        AccuracyMeasurement? measurement) => new()
    {
        Model = options.Name,
        ClassName = options.ClassName,
        Namespace = options.Namespace,
        IsPublic = options.IsPublic,
        Facts = new(
            imported.SourceFile, imported.SourceHash, PrecisionOf(model), MultiplyAccumulates(model.Graph).Sum(), imported.FloatWeightBytes,
                "", null, null, 0),
        Inputs = lowered.Inputs,
        Outputs = lowered.Outputs,
        States = lowered.States,
        Image = ImageForm.OfCalls(options, imported.Graph),
        Strings = lowered.Strings,
        KeepsStrings = lowered.KeepsStrings,
        Classifier = ClassifierDetection.Of(
            options, ClassifierDetection.WithoutState(options, imported.Graph), measurement, imported.Labels),
        UsesThreads = ExecutionRules.UsesThreads(MultiplyAccumulates(model.Graph).Sum()),
        HasStartUp = ExecutionRules.HasStartUp(MultiplyAccumulates(model.Graph).Sum()),
        Weights = weights.Describe(options.ResourceName) with { Layers = new(LayersOf(lowered)) },
        EntryName = options.ShapesName,
        ArenaBytes = lowered.ArenaBytes,
        Buffers = lowered.Buffers,
        Values = lowered.Values,
        Steps = lowered.Steps,
    };

    private static string PrecisionOf(CompressedModel model)
    {
        if (model.Annotation<GraphQuantization>() is not { } quantization || !quantization.Nodes.Values.Any(n => n.Integer))
            return "float32";
        bool integers = model.Graph.Nodes.Zip(MultiplyAccumulates(model.Graph)).All(p =>
            p.Second == 0 || quantization.Nodes[p.First.Name].Integer);
        return integers ? "int8" : "mixed";
    }

    private static IEnumerable<long> MultiplyAccumulates(Graph graph) =>
        graph.Nodes.Select(n => OperatorRegistry.Of(n).MultiplyAccumulates(OperatorContext.Of(graph, n)));

    private static List<LayerOutcome> Layers(CompressedModel model, LoweredModel lowered, StoredWeights stored)
    {
        ILookup<string, WeightSection> sections = lowered.Sections.ToLookup(s => s.Node, StringComparer.Ordinal);
        return [.. model.Graph.Nodes.Zip(MultiplyAccumulates(model.Graph), (node, macs) =>
        {
            WeightSection? weights = sections[node.Name].FirstOrDefault();
            NodePrecision? precision = model.Annotation<GraphQuantization>()?.Nodes.GetValueOrDefault(node.Name);
            return new LayerOutcome(node.Name, node.OpType, precision is { Integer: true } ? "int8" : "float32", precision?.Reason ?? "",
                macs, precision?.SignalToNoise, lowered.PairSumsBounded.TryGetValue(node.Name, out bool bounded) ? bounded : null,
                weights?.Storage.Name, weights?.Bytes ?? 0)
            {
                Stored = weights is null ? null : stored.Of(weights.Offset, weights.Bytes),
            };
        })];
    }

    /// <summary>A model before it is lowered.</summary>
    /// <param name="Imported">The model as imported.</param>
    /// <param name="Run">The model after passes and techniques, with what each did.</param>
    /// <param name="Context">What the techniques had at hand.</param>
    internal sealed record Compression(ImportedModel Imported, CompressionRun Run, CompressionContext Context)
    {
        /// <summary>The model after passes and techniques.</summary>
        public CompressedModel Model => Run.Model;

        /// <summary>Warnings about data that others than the context have asked for.</summary>
        public IReadOnlyList<Diagnostic> DataDiagnostics { get; init; } = [];

        /// <summary>The further sets of shapes that the class takes, and what becomes of the model with each.</summary>
        public ImmutableArray<(FurtherEntry Entry, Reshaping Reshaping)> Further { get; init; } = [];

        /// <summary>Whether the default recipe equalised the model after a trial; null where it tried nothing.</summary>
        public bool? IsEqualized { get; init; }

        /// <summary>The model for several samples at once; null where there is none.</summary>
        public (FurtherEntry Entry, Reshaping Reshaping)? Batch { get; init; }
    }
}
