namespace OptimizerBuild.Plan;

/// <summary>
/// Everything that is decided about one generated predictor: what <c>Lowering</c> writes, what the generator renders and what the
/// build-time evaluation runs. Neither of the two readers decides anything of its own. Its text form is that of <c>PlanWriter</c>.
/// </summary>
internal sealed record ModelPlan
{
    /// <summary>The version of the text form.</summary>
    public const int Version = 2;

    /// <summary>The model's short name, for example <c>fashion-mobilenet</c>.</summary>
    public required string Model { get; init; }

    /// <summary>The generated class's name.</summary>
    public required string ClassName { get; init; }

    /// <summary>The generated class's namespace; empty for the global one.</summary>
    public required string Namespace { get; init; }

    /// <summary>Whether the generated class is public; otherwise internal.</summary>
    public required bool IsPublic { get; init; }

    /// <summary>Facts for documentation and for the generated <c>Info</c> class.</summary>
    public required PlanFacts Facts { get; init; }

    /// <summary>The model's inputs, in order.</summary>
    public required EquatableList<PlanInput> Inputs { get; init; }

    /// <summary>The model's outputs, in order.</summary>
    public required EquatableList<PlanOutput> Outputs { get; init; }

    /// <summary>Values that one prediction leaves to the next: inputs and outputs that are neither parameters nor properties.</summary>
    public EquatableList<PlanState> States { get; init; } = EquatableList<PlanState>.Empty;

    /// <summary>
    /// The strings that the model holds, each at the place that stands for it in memory; none where it has to do with no strings.
    /// </summary>
    public EquatableList<string> Strings { get; init; } = EquatableList<string>.Empty;

    /// <summary>
    /// Whether the strings of a prediction that are not among <see cref="Strings"/> are kept while it runs, each with a number behind
    /// theirs: where the model hands on what callers pass, compares it or makes strings.
    /// </summary>
    public bool KeepsStrings { get; init; }

    /// <summary>How the class's <c>Prediction</c> is made; null for models that are no classifiers.</summary>
    public PlanClassifier? Classifier { get; init; }

    /// <summary>How images of any size become the input; null where callers pass what the model takes.</summary>
    public PlanImage? Image { get; init; }

    /// <summary>The weights' resource.</summary>
    public required PlanWeights Weights { get; init; }

    /// <summary>Size of the scratch memory that the main entry needs, in bytes.</summary>
    public required int ArenaBytes { get; init; }

    /// <summary>
    /// Where each value lives, for readers and for the overlap test; the generated code has their names for their offsets.
    /// </summary>
    public required EquatableList<PlanBuffer> Buffers { get; init; }

    /// <summary>Where the values of the model lie, by their names: what debug builds show of it.</summary>
    public EquatableList<PlanValue> Values { get; init; } = EquatableList<PlanValue>.Empty;

    /// <summary>
    /// What runs after the inputs' bindings, in order: kernel calls, and blocks of them. Empty in a design-time plan, which only has
    /// signatures.
    /// </summary>
    public required EquatableList<PlanStep> Steps { get; init; }

    /// <summary>The kernel calls of the steps in the order of the text, those in blocks among them.</summary>
    public IEnumerable<PlanCall> Calls => PlanSteps.CallsOf(Steps);

    /// <summary>Whether one prediction may run on several threads, if its user asks for them.</summary>
    public bool UsesThreads { get; init; }

    /// <summary>Whether the first predictions of a process run in small code that is compiled at once.</summary>
    public bool HasStartUp { get; init; }

    /// <summary>
    /// The name of the main entry, to which the inputs, outputs and steps above belong; empty where its method is <c>Predict</c>.
    /// </summary>
    public string EntryName { get; init; } = "";

    /// <summary>The entries for further shapes of the inputs.</summary>
    public EquatableList<PlanEntry> Further { get; init; } = EquatableList<PlanEntry>.Empty;

    /// <summary>
    /// Whether the predictor takes batches: there is something to read and something to write, and samples are independent of each other.
    /// </summary>
    public bool TakesBatches => States.Count == 0 && Outputs.Count > 0 && Inputs.Count > 0 && Inputs.All(i => i.Length > 0);

    /// <summary>All entries, the main one first.</summary>
    public IReadOnlyList<PlanEntry> Entries => [Main, .. Further];

    /// <summary>
    /// What runs for several samples at once: the main entry with every leading dimension multiplied by their number, which gives each
    /// sample the same bytes. Callers reach it by <c>PredictBatch</c> only. Null where samples run one after the other.
    /// </summary>
    public PlanEntry? Batch { get; init; }

    /// <summary>The number of samples of <see cref="Batch"/>; 1 where there is none.</summary>
    public int BatchSamples => Batch is null ? 1 : Batch.Inputs[0].Length / Inputs[0].Length;

    /// <summary>Everything that runs: the entries, and the batch behind them.</summary>
    public IReadOnlyList<PlanEntry> Runnable => Batch is null ? Entries : [.. Entries, Batch];

    /// <summary>The main entry.</summary>
    public PlanEntry Main => new()
    {
        Name = EntryName,
        Macs = Facts.Macs,
        Inputs = Inputs,
        Outputs = Outputs,
        States = States,
        ArenaBytes = ArenaBytes,
        Buffers = Buffers,
        Values = Values,
        Steps = Steps,
        UsesThreads = UsesThreads,
        HasStartUp = HasStartUp,
    };

    /// <summary>Size of an instance's scratch memory in bytes: as much as the entry needs that needs most.</summary>
    public int ScratchBytes => Runnable.Max(entry => entry.ArenaBytes);

    /// <summary>Whether this is a signature only, written in design-time builds before the first real build.</summary>
    public bool IsSignatureOnly { get; init; }
}

/// <summary>Facts about the model, for documentation and for the generated <c>Info</c> class.</summary>
/// <param name="SourceFile">The model file's name without its folder.</param>
/// <param name="SourceHash">SHA-256 of the model file with its external data, in lower-case hexadecimal.</param>
/// <param name="Precision">For example <c>int8</c>, <c>float32</c> or <c>mixed</c>.</param>
/// <param name="Macs">Multiply-accumulates of one prediction.</param>
/// <param name="FloatWeightBytes">Size of the constants of the float model.</param>
/// <param name="Metric">The metric's name, for example <c>Top-1</c>; empty where nothing was evaluated.</param>
/// <param name="FloatMetric">The float model's figure; null where nothing was evaluated.</param>
/// <param name="CompressedMetric">The compressed model's figure; null where nothing was evaluated.</param>
/// <param name="Samples">The number of evaluation samples.</param>
internal sealed record PlanFacts(
    string SourceFile,
    string SourceHash,
    string Precision,
    long Macs,
    long FloatWeightBytes,
    string Metric,
    double? FloatMetric,
    double? CompressedMetric,
    int Samples);

/// <summary>Element types at the predictor's boundary.</summary>
internal enum BoundaryType
{
    /// <summary>32-bit floating point.</summary>
    Float32,

    /// <summary>64-bit floating point.</summary>
    Float64,

    /// <summary>Unsigned 8-bit integer.</summary>
    UInt8,

    /// <summary>Signed 8-bit integer.</summary>
    Int8,

    /// <summary>Signed 16-bit integer.</summary>
    Int16,

    /// <summary>Unsigned 16-bit integer.</summary>
    UInt16,

    /// <summary>Signed 32-bit integer.</summary>
    Int32,

    /// <summary>Unsigned 32-bit integer.</summary>
    UInt32,

    /// <summary>Signed 64-bit integer.</summary>
    Int64,

    /// <summary>Unsigned 64-bit integer.</summary>
    UInt64,

    /// <summary>One byte: 0 or 1.</summary>
    Bool,

    /// <summary>16-bit floating point.</summary>
    Float16,

    /// <summary>The bits of a bfloat16.</summary>
    BFloat16,

    /// <summary>The bits of an 8-bit float with 4 bits of exponent, without infinities.</summary>
    Float8E4M3FN,

    /// <summary>The same with another bias and without a negative zero.</summary>
    Float8E4M3FNUZ,

    /// <summary>The bits of an 8-bit float with 5 bits of exponent.</summary>
    Float8E5M2,

    /// <summary>The same with another bias, without infinities and without a negative zero.</summary>
    Float8E5M2FNUZ,

    /// <summary>The bits of an 8-bit power of two.</summary>
    Float8E8M0,

    /// <summary>The bits of a 4-bit float, one element to a byte.</summary>
    Float4E2M1,

    /// <summary>Unsigned 4-bit integer, one element to a byte.</summary>
    UInt4,

    /// <summary>Signed 4-bit integer, one element to a byte.</summary>
    Int4,

    /// <summary>Unsigned 2-bit integer, one element to a byte.</summary>
    UInt2,

    /// <summary>Signed 2-bit integer, one element to a byte.</summary>
    Int2,

    /// <summary>
    /// Text; in the arena the 32-bit number of an entry in the plan's strings, for any other text −1 or, where the plan keeps them, a
    /// number of its own.
    /// </summary>
    String,
}

/// <summary>An input of the model.</summary>
/// <param name="OnnxName">Its name in the model.</param>
/// <param name="ParameterName">Its parameter name in the generated methods: a C# identifier in camel case.</param>
/// <param name="Type">The type of the elements that the caller passes.</param>
/// <param name="Dimensions">The dimensions in the order in which the caller passes the elements.</param>
/// <param name="Binding">The kernel call that brings the caller's elements into the arena. Its method takes a
/// <c>ReadOnlySpan</c> of the element type as its first parameter, then the workspace. Null where nothing reads the input.</param>
internal sealed record PlanInput(string OnnxName, string ParameterName, BoundaryType Type, EquatableList<int> Dimensions, PlanCall? Binding)
{
    /// <summary>The number of elements.</summary>
    public int Length => Dimensions.Aggregate(1, (a, b) => a * b);
}

/// <summary>An output of the model: after the last step its elements lie in the arena in row-major order.</summary>
/// <param name="OnnxName">Its name in the model.</param>
/// <param name="PropertyName">Its property name in the generated class: a C# identifier in Pascal case.</param>
/// <param name="ParameterName">Its parameter name in the generated methods: a C# identifier in camel case.</param>
/// <param name="Type">The element type.</param>
/// <param name="Dimensions">The dimensions.</param>
/// <param name="Offset">Where the elements lie in the arena, in bytes.</param>
internal sealed record PlanOutput(string OnnxName, string PropertyName, string ParameterName, BoundaryType Type,
    EquatableList<int> Dimensions, int Offset)
{
    /// <summary>The number of elements.</summary>
    public int Length => Dimensions.Aggregate(1, (a, b) => a * b);
}

/// <summary>
/// A value that persists between predictions: an input of the model that takes what the last prediction gave as an output. The state object
/// of the generated class holds its elements.
/// </summary>
/// <param name="OnnxName">The input's name in the model.</param>
/// <param name="OutputName">The output's name in the model.</param>
/// <param name="PropertyName">Its property's name in the state's class: a C# identifier in Pascal case.</param>
/// <param name="Type">The element type.</param>
/// <param name="Dimensions">The dimensions.</param>
/// <param name="Offset">Where the output's elements lie in the arena after the last step, in bytes.</param>
/// <param name="Initial">Where the initial elements lie in the weights, in bytes; null for zeros.</param>
/// <param name="Binding">The kernel call that brings the elements into the arena; null where nothing reads them.</param>
internal sealed record PlanState(
    string OnnxName, string OutputName, string PropertyName, BoundaryType Type, EquatableList<int> Dimensions, int Offset, int? Initial,
    PlanCall? Binding)
{
    /// <summary>The number of elements.</summary>
    public int Length => Dimensions.Aggregate(1, (a, b) => a * b);
}

/// <summary>How a classifier's <c>Prediction</c> follows from an output.</summary>
/// <param name="Output">Index of the output that holds the scores.</param>
/// <param name="Classes">The number of classes: the output's length.</param>
/// <param name="ScoresAreProbabilities">Whether the scores are probabilities already, so that the confidence is the score itself; otherwise
/// it is their softmax.</param>
/// <param name="Labels">The labels as the user gave them, one for each class; empty without <c>Labels</c>.</param>
/// <param name="LabelIdentifiers">The same as C# identifiers, unique.</param>
internal sealed record PlanClassifier(int Output, int Classes, bool ScoresAreProbabilities, EquatableList<string> Labels,
    EquatableList<string> LabelIdentifiers);

/// <summary>The packed weights: one embedded resource.</summary>
/// <param name="ResourceName">Its logical name.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Checksum">Its FNV-1a checksum over 64-bit words (see <c>PackedWeights</c> in src/Kernels).</param>
internal sealed record PlanWeights(string ResourceName, int Bytes, ulong Checksum)
{
    /// <summary>Where the weights of each layer lie and in which form; biases and tables lie between them.</summary>
    public EquatableList<PlanLayerWeights> Layers { get; init; } = EquatableList<PlanLayerWeights>.Empty;

    /// <summary>Their size in memory where the resource holds them in a code; null where it holds them as they are.</summary>
    public int? ExpandedBytes { get; init; }

    /// <summary>
    /// The calls that bring coded weights into memory, once: their workspace has the resource as its weights, and as its arena the weights'
    /// memory, which is zero before. Empty where <see cref="ExpandedBytes"/> is null.
    /// </summary>
    public EquatableList<PlanCall> Expansion { get; init; } = EquatableList<PlanCall>.Empty;

    /// <summary>Their size in memory.</summary>
    public int MemoryBytes => ExpandedBytes ?? Bytes;
}

/// <summary>The weights of one layer.</summary>
/// <param name="Node">The layer's node.</param>
/// <param name="Storage">The form in which they are stored, for example <c>s8</c>.</param>
/// <param name="Offset">Where they begin in the weights' memory, which is the resource where it is not coded; layers with equal weights
/// share a place.</param>
/// <param name="Bytes">Their length.</param>
internal sealed record PlanLayerWeights(string Node, string Storage, int Offset, int Bytes);

/// <summary>Where a value lives in the arena and for how long.</summary>
/// <param name="Name">The value's name.</param>
/// <param name="Offset">Offset in bytes, a multiple of 64.</param>
/// <param name="Bytes">Length in bytes.</param>
/// <param name="FirstStep">The line (see <see cref="PlanSteps"/>) from which on it is in use; −1 for inputs.</param>
/// <param name="LastStep">The last line at which it is in use; the number of lines for outputs.</param>
/// <param name="SharesWith">Name of the buffer whose place it deliberately takes over (in-place operation); empty otherwise.</param>
internal sealed record PlanBuffer(string Name, int Offset, int Bytes, int FirstStep, int LastStep, string SharesWith);

/// <summary>Where the elements of a value of the model lie while it is in use.</summary>
/// <param name="Name">Its name in the model.</param>
/// <param name="Type">The type of the elements in memory.</param>
/// <param name="Dimensions">The dimensions, outermost first.</param>
/// <param name="Offset">Where the first element lies in the arena, in bytes.</param>
/// <param name="Strides">Bytes from one element to the next, for each dimension.</param>
/// <param name="ScaleBits">Of quantised values the bits of the float by which integers are multiplied; null for others.</param>
/// <param name="ZeroPoint">Of quantised values the integer that stands for zero.</param>
internal sealed record PlanValue(
    string Name, BoundaryType Type, EquatableList<int> Dimensions, int Offset, EquatableList<int> Strides, int? ScaleBits, int ZeroPoint);
