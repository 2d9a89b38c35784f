using System.Collections.Immutable;

namespace OptimizerBuild.Options;

/// <summary>
/// Everything a user can set for one model, parsed, typed and validated by the table of item metadata. Paths are absolute.
/// </summary>
internal sealed record ModelOptions
{
    /// <summary>Full path of the model file.</summary>
    public required string ModelPath { get; init; }

    /// <summary>The model's short name: its file's name without the extension, for example <c>fashion-mobilenet</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The generated class's name: a C# identifier.</summary>
    public required string ClassName { get; init; }

    /// <summary>The generated class's namespace; empty for the global one.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>Whether the generated class is public; otherwise internal.</summary>
    public bool IsPublic { get; init; }

    /// <summary>
    /// Concrete shapes by input name: the main set, for which the model is calibrated and measured; the default array for a sequence that
    /// is empty or an optional value that is absent.
    /// </summary>
    public ImmutableSortedDictionary<string, ImmutableArray<int>> Shapes { get; init; } =
        ImmutableSortedDictionary.Create<string, ImmutableArray<int>>(StringComparer.Ordinal);

    /// <summary>The name of the main set; empty where its method is <c>Predict</c>.</summary>
    public string ShapesName { get; init; } = "";

    /// <summary>Further sets of shapes that the same class takes, with the same weights.</summary>
    public ImmutableArray<ShapeSet> FurtherShapes { get; init; } = [];

    /// <summary>All sets of shapes, the main one first.</summary>
    public ImmutableArray<ShapeSet> ShapeSets => [new(ShapesName, Shapes), .. FurtherShapes];

    /// <summary>Inputs that are fixed to a constant, by input name.</summary>
    public ImmutableSortedDictionary<string, ConstantInput> Constants { get; init; } =
        ImmutableSortedDictionary.Create<string, ConstantInput>(StringComparer.Ordinal);

    /// <summary>
    /// Inputs that take in each prediction what an output gave in the last one: names of outputs by those of inputs.
    /// </summary>
    public ImmutableSortedDictionary<string, string> State { get; init; } =
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>What the model is for.</summary>
    public ModelTask Task { get; init; }

    /// <summary>Samples to calibrate on; null where the user gave none.</summary>
    public DataSpec? CalibrationData { get; init; }

    /// <summary>Samples with labels or targets to measure accuracy on; null where the user gave none.</summary>
    public DataSpec? EvaluationData { get; init; }

    /// <summary>
    /// The name of the labels or targets in <see cref="EvaluationData"/>; null for a usual name and, in a table, the last column.
    /// </summary>
    public string? LabelKey { get; init; }

    /// <summary>Full path of the text file with one class label a line; null where the user gave none.</summary>
    public string? LabelsPath { get; init; }

    /// <summary>How accuracy is measured; null: as suits the task.</summary>
    public AccuracyMetric? Metric { get; init; }

    /// <summary>What the techniques are chosen for that the item does not ask for by name.</summary>
    public CompressionRecipe Compression { get; init; }

    /// <summary>The arithmetic of the predictor.</summary>
    public ModelPrecision Precision { get; init; }

    /// <summary>Whether every layer runs in float32, whatever the data say.</summary>
    public bool IsFloat32 => Precision == ModelPrecision.Float32 && !Layers.AnyIntegers;

    /// <summary>How weights become integers.</summary>
    public WeightRounding Rounding { get; init; }

    /// <summary>Whether the item asks for a rounding that only data to calibrate on make possible.</summary>
    public bool RoundsOnData => Rounding is not (WeightRounding.Auto or WeightRounding.Nearest);

    /// <summary>
    /// The share of weights that become zero, or, by whole channels, of multiply-accumulates that go; null: none.
    /// </summary>
    public double? Sparsity { get; init; }

    /// <summary>Which weights become zero together.</summary>
    public SparsityPattern SparsityPattern { get; init; }

    /// <summary>How many different values the weights of a layer may have; null: no limit.</summary>
    public int? Clusters { get; init; }

    /// <summary>Input channels whose weights of 4 bits have a scale of their own; null: all of an output.</summary>
    public int? GroupSize { get; init; }

    /// <summary>What share of the multiply-accumulates goes by merging similar channels, 0 to below 1; null for none.</summary>
    public double? Fold { get; init; }

    /// <summary>How far the ranks of layers are reduced; null where they stay.</summary>
    public RankAmount? Rank { get; init; }

    /// <summary>Into which layers convolutions of several taps are divided where their rank is reduced.</summary>
    public RankForm RankForm { get; init; }

    /// <summary>What holds in single layers instead.</summary>
    public LayerRules Layers { get; init; } = LayerRules.None;

    /// <summary>What is done after channels have been merged; null: what suits the data.</summary>
    public FoldRepair? FoldRepair { get; init; }

    /// <summary>How channels that are left out are chosen.</summary>
    public PruningCriterion PruningCriterion { get; init; }

    /// <summary>Choices about techniques that are not asked for: they have no effect. One sentence each.</summary>
    public IEnumerable<string> ChoicesWithoutEffect()
    {
        if (Sparsity is null && SparsityPattern is SparsityPattern.Block or SparsityPattern.Channel
            && !(SparsityPattern == SparsityPattern.Block && Layers.AnySparsity))
            yield return $"{nameof(SparsityPattern)}=\"{SparsityPattern}\" has no effect without {nameof(Sparsity)}";
        if (Sparsity is null && !Layers.AnySparsity && SparsityPattern != SparsityPattern.TwoOfFour
            && Student is not { Width: not null } && PruningCriterion != PruningCriterion.Reconstruction)
            yield return $"{nameof(PruningCriterion)}=\"{PruningCriterion}\" has no effect without {nameof(Sparsity)}, or a "
                + $"{nameof(Student)} with a share of the channels";
        if (Fold is null or 0 && FoldRepair is { } repair)
            yield return $"{nameof(FoldRepair)}=\"{repair}\" has no effect without {nameof(Fold)}";
        if (Rank is null && !Layers.AnyRank && RankForm != RankForm.Auto)
            yield return $"{nameof(RankForm)}=\"{RankForm}\" has no effect without {nameof(Rank)}";
        if (!Learns && !LearnsRounding && RecoverySteps is { } steps)
            yield return FormattableString.Invariant($"{nameof(RecoverySteps)}=\"{steps}\" has no effect without {nameof(Recovery)}, ")
                + $"{nameof(Student)}, or {nameof(Rounding)}=\"{nameof(WeightRounding.Adaptive)}\" or \"{nameof(WeightRounding.Block)}\"";
    }

    /// <summary>Whether the compressed model is trained to give what the float model gives.</summary>
    public bool Recovery { get; init; }

    /// <summary>The smaller model that learns from this one and ships in its place; null for the model itself.</summary>
    public StudentChoice? Student { get; init; }

    /// <summary>Samples with classes of the user's own, from which a new last layer learns; null where the model's own stays.</summary>
    public DataSpec? Head { get; init; }

    /// <summary>Whether a new last layer learns from the samples to calibrate on as well, by its own answers.</summary>
    public bool SelfTraining { get; init; }

    /// <summary>With which weights the training of a student of a file begins.</summary>
    public StudentWeights StudentWeights { get; init; }

    /// <summary>What takes the model's place, in words; empty where nothing does.</summary>
    public string Lineage => string.Join(' ', (string[])
    [
        .. Head is null ? [] : (string[])["with a new head" + (Student is null && Teachers.IsEmpty ? "" : ",")],
        .. Student is null ? [] : (string[])[$"student {Student}"],
        .. Teachers.IsEmpty ? [] : (string[])[(Student is null ? "taught by " : "of ")
            + (Teachers is [var only] ? Path.GetFileName(only) : FormattableString.Invariant($"{Teachers.Length} teachers"))],
    ]);

    /// <summary>Full paths of the models whose mean answers are learned; empty for those of the model itself.</summary>
    public ImmutableArray<string> Teachers { get; init; } = [];

    /// <summary>Whether weights learn from samples, which then judge nothing.</summary>
    public bool Learns => Recovery || Student is not null;

    /// <summary>Whether samples say which weights are rounded up and which down.</summary>
    public bool LearnsRounding => Rounding is WeightRounding.Adaptive or WeightRounding.Block;

    /// <summary>
    /// The steps of each training, and of each layer or block whose rounding is learned; null: what suits the model's size.
    /// </summary>
    public int? RecoverySteps { get; init; }

    /// <summary>How samples are varied while the model learns from them; null: as suits them.</summary>
    public Augmentation? Augment { get; init; }

    /// <summary>After how many minutes the build stops with an error; null: never.</summary>
    public double? MaxBuildMinutes { get; init; }

    /// <summary>Whether scales move between layers before quantisation, so that their weights have equal ranges; null where the item does
    /// not say: they do where the recipe finds that it helps.</summary>
    public bool? Equalize { get; init; }

    /// <summary>How the range of an activation follows from the calibration samples.</summary>
    public CalibrationMethod Calibration { get; init; }

    /// <summary>Whether weights are lowered so that sums of two neighbouring products fit into 16 bits.</summary>
    public PairSums PairSums { get; init; }

    /// <summary>The element type that the caller passes for inputs that are float32 in the model.</summary>
    public InputElement InputType { get; init; }

    /// <summary>
    /// What integers, in data and with <see cref="InputElement.UInt8"/> in calls, are multiplied by; one value or one a channel.
    /// </summary>
    public ImmutableArray<double> InputScale { get; init; } = [1];

    /// <summary>Whether the item says <see cref="InputScale"/> or <see cref="InputOffset"/>, be it their defaults.</summary>
    public bool IsInputScaleGiven { get; init; }

    /// <summary>What is added to integers after the multiplication; one value or one a channel.</summary>
    public ImmutableArray<double> InputOffset { get; init; } = [0];

    /// <summary>The order in which the caller passes the elements of rank-4 inputs.</summary>
    public ImageLayout InputLayout { get; init; }

    /// <summary>How images get the size that the model takes; null where the item says nothing of images.</summary>
    public ImagePreprocessing? Image { get; init; }

    /// <summary>The sampling rate that the model expects of sound, in samples a second; null for that of the recordings.</summary>
    public int? SoundRate { get; init; }

    /// <summary>How many samples after the beginning of a window of a recording the next one begins; null for a window.</summary>
    public int? SoundHop { get; init; }

    /// <summary>How images were prepared in training; null where the item says it in other words.</summary>
    public Preprocess? Preprocess { get; init; }

    /// <summary>Means instead of those of <see cref="Preprocess"/>; one value or one a channel.</summary>
    public ImmutableArray<double>? Mean { get; init; }

    /// <summary>Deviations instead of those of <see cref="Preprocess"/>; one value or one a channel.</summary>
    public ImmutableArray<double>? Deviation { get; init; }

    /// <summary>The order of the model's colours; null where it follows from <see cref="Preprocess"/>.</summary>
    public ColorOrder? ColorOrder { get; init; }

    /// <summary>
    /// By how much accuracy may drop; null: not checked. Absolute, but relative for <see cref="AccuracyMetric.MeanSquaredError"/>.
    /// </summary>
    public double? MaxAccuracyDrop { get; init; }

    /// <summary>By how much the accuracy of any one class may drop; null: not checked.</summary>
    public double? MaxClassAccuracyDrop { get; init; }

    /// <summary>The bytes that the weights may take in the assembly; null: any number.</summary>
    public long? MaxSize { get; init; }

    /// <summary>The bytes that the weights in memory and the scratch memory of one instance may take together; null: any number.</summary>
    public long? MaxMemory { get; init; }

    /// <summary>The multiply-accumulates that a prediction may take; null: any number.</summary>
    public long? MaxMacs { get; init; }

    /// <summary>The number of calibration samples used, at most.</summary>
    public int CalibrationSamples { get; init; } = 512;

    /// <summary>
    /// With <see cref="ModelPrecision.Auto"/>: nodes whose signal-to-quantisation-noise ratio is lower stay in float32; in dB.
    /// </summary>
    public double MinSignalToNoise { get; init; } = 10;

    /// <summary>
    /// The least signal-to-quantisation-noise ratio of the outputs, in dB: with <see cref="ModelPrecision.Auto"/> layers stay in float32
    /// until it is reached; null: 20, but no limit where the accuracy of a classifier is measured.
    /// </summary>
    public double? MinOutputSignalToNoise { get; init; }

    /// <summary>Whether the packed weights are stored in entropy codes, where these are shorter.</summary>
    public bool EntropyCoding { get; init; }

    /// <summary>Whether the compressed model is also written as an ONNX file.</summary>
    public bool ExportOnnx { get; init; }

    /// <summary>The logical name of the resource that holds the packed weights.</summary>
    public string ResourceName => (Namespace.Length == 0 ? "" : Namespace + ".") + ClassName + ".weights";
}
