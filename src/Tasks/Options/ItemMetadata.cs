using System.Collections.Immutable;
using System.Globalization;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Options;

/// <summary>
/// The metadata of the item <c>CompressedModel</c>. One table validates them, parses them into <see cref="ModelOptions"/> and
/// yields <c>docs/metadata.md</c> and the property page, which a test compares with it.
/// </summary>
internal static class ItemMetadata
{
    // What MSBuild, the SDK and Visual Studio put on items of any type.
    private static readonly HashSet<string> ForeignNames = new(StringComparer.OrdinalIgnoreCase)
    {
        "AutoGen", "BuildAction", "CopyToOutputDirectory", "CopyToPublishDirectory", "CustomToolNamespace", "DefiningProjectDirectory",
        "DefiningProjectExtension", "DefiningProjectFullPath", "DefiningProjectName", "DependentUpon", "DesignTime", "Generator",
        "IsImplicitlyDefined", "LastGenOutput", "Link", "LinkBase", "MSBuildSourceProjectFile", "MSBuildSourceTargetName",
        "OriginalItemSpec", "Pack", "PackagePath", "SubType", "TargetPath", "Visible", "Watch",
    };

    /// <summary>All metadata, in the order of the documentation.</summary>
    public static ImmutableArray<MetadataEntry> Table { get; } =
    [
        new("ClassName", MetadataKind.Text,
            "the file's name in Pascal case, with `Model` behind it where the project's namespace is called so",
            "a C# identifier",
            "Name of the generated class.",
            (o, value, _) => Identifiers.IsIdentifier(value) && !PredictorNames.IsReservedMember(value)
                ? o with { ClassName = value }
                : null),
        new("Namespace", MetadataKind.Text, "the project's `RootNamespace`", "C# identifiers separated by dots",
            "Namespace of the generated class.",
            (o, value, _) => value.Split('.').All(Identifiers.IsIdentifier) ? o with { Namespace = value } : null),
        MetadataEntry.Choice<Accessibility>("Accessibility", "Who sees the generated class.", nameof(Accessibility.Internal),
            (o, value) => o with { IsPublic = value == Accessibility.Public },
            (Accessibility.Internal, "the project's own code"),
            (Accessibility.Public, "every assembly that references it, as a class library with models needs")),
        new("Shapes", MetadataKind.Text, "a leading open dimension is 1",
            "`input=1,3,224,224`, several separated by semicolons; several such sets separated by `|`, each of which may begin with a "
                + "name in Pascal case, a colon and a space",
            "Concrete shapes of inputs whose dimensions the model leaves open. The elements of an input that is a sequence have its name "
                + "with a number: `seq_0=2,3;seq_1=4,3` is a sequence of two, which become two parameters. `seq=none` is an empty one, and "
                + "`opt=none` an optional value that is absent; without it an optional value is there. With several sets, for example "
                + "`image=1,3,240,320 | Portrait: image=1,3,320,240`, the class takes inputs of each, all with the same weights: "
                + "see [generated-code.md](generated-code.md#several-shapes). The first set is the one for which the model is calibrated "
                + "and measured.",
            (o, value, _) => MetadataValues.ShapeSets(value) is [var main, .. var further]
                ? o with { Shapes = main.Shapes, ShapesName = main.Name, FurtherShapes = further }
                : null),
        new("Constants", MetadataKind.Text, "none", "`input=value` or `input=value,value,…`, several separated by semicolons",
            "Inputs that are fixed to a value at build time, for example a sampling rate; they are no parameters of the generated methods.",
            (o, value, _) => MetadataValues.Constants(value) is { } constants ? o with { Constants = constants } : null),
        new("State", MetadataKind.Text, "none", "`input=output` pairs separated by semicolons, no name twice",
            "A state that persists between predictions, for models of streams: each input takes what the output of the last prediction "
                + "gave. "
            + "Neither is a parameter then: the generated class has a nested class `State`, and `Predict` takes one or continues "
            + "`DefaultState`. A state begins with zeros, or with the initialiser that the model gives the input. Calibration and "
            + "evaluation "
            + "data hold these inputs like others. For example `h=hn;c=cn`.",
            (o, value, _) => MetadataValues.Pairs(value) is { } state ? o with { State = state } : null),
        MetadataEntry.Choice<ModelTask>("Task", "What the model is for.", nameof(ModelTask.Auto),
            (o, value) => o with { Task = value },
            (ModelTask.Auto, "classification where `Labels` are given or the model names its classes (ZipMap), else other"),
            (ModelTask.Classification, "the output holds one score for each class; the class gets a `Prediction`"),
            (ModelTask.Regression, "the output holds real values; accuracy is their R² unless `Metric` says otherwise"),
            (ModelTask.Other, "anything else; accuracy is the cosine between outputs unless `Metric` says otherwise")),
        new("CalibrationData", MetadataKind.Path, "the inputs of `EvaluationData`, else synthetic samples; with a warning", DataForms,
            "Samples of the inputs from which the ranges of all values are measured. A few hundred typical ones suffice. A model "
                + "that is quantised already needs none. Inputs of strings take NumPy arrays of type U or S.",
            (o, value, folder) => MetadataValues.Path(value) ? o with { CalibrationData = new(value.Replace('\\', '/'), folder) } : null),
        new("CalibrationSamples", MetadataKind.Number, "512", "a whole number from 1 to 1000000",
            "How many samples of the calibration data are used at most.",
            (o, value, _) => MetadataValues.Whole(value, 1, 1_000_000) is { } n ? o with { CalibrationSamples = n } : null),
        new("EvaluationData", MetadataKind.Path, "none: accuracy is not measured", DataForms,
            "Samples with labels or targets on which the float model and the compressed one are compared.",
            (o, value, folder) => MetadataValues.Path(value) ? o with { EvaluationData = new(value.Replace('\\', '/'), folder) } : null),
        new("LabelKey", MetadataKind.Text,
            "`y`, `label`, `labels`, `target`, `targets`, `class` or `classes`, whichever is there; in a table the last column",
            "the name of an array or column",
            "Which array of the data holds the labels or targets.",
            (o, value, _) => o with { LabelKey = value }),
        new("Labels", MetadataKind.Path, "those that the model gives its classes (ZipMap), else none", "a text file with one label a line",
            "Names of the classes, in order: they become an enumeration.",
            (o, value, folder) => MetadataValues.Path(value)
                ? o with { LabelsPath = Path.GetFullPath(value.Replace('\\', '/'), folder) }
                : null),
        MetadataEntry.Choice<AccuracyMetric>("Metric", "How accuracy is measured.", "as suits `Task`",
            (o, value) => o with { Metric = value },
            (AccuracyMetric.Top1, "share of samples whose highest score is that of the label"),
            (AccuracyMetric.Top5, "share of samples whose label is among the five highest scores"),
            (AccuracyMetric.MeanSquaredError, "mean squared error against the targets"),
            (AccuracyMetric.Cosine, "mean cosine between outputs and targets"),
            (AccuracyMetric.R2, "coefficient of determination against the targets")),
        new("MaxAccuracyDrop", MetadataKind.Number, "not checked", "a number of at least 0; `0.005` is half a percentage point",
            "By how much the accuracy on `EvaluationData` may drop before the build fails; absolute, but relative for MeanSquaredError.",
            (o, value, _) => MetadataValues.Number(value, 0, double.MaxValue) is { } drop ? o with { MaxAccuracyDrop = drop } : null),
        new("MaxClassAccuracyDrop", MetadataKind.Number, "not checked", "a number of at least 0; `0.02` is two percentage points",
            "By how much the accuracy of any one class may drop on `EvaluationData` before the build fails, for classifiers: a mean can "
            + "hide a class that is lost. Classes with fewer than ten samples are passed over.",
            (o, value, _) => MetadataValues.Number(value, 0, double.MaxValue) is { } drop ? o with { MaxClassAccuracyDrop = drop } : null),
        MetadataEntry.Choice<CompressionRecipe>("Compression",
            "What techniques are chosen for, beside those that the item asks for by name: see [compression.md](compression.md#recipes).",
            nameof(CompressionRecipe.Balanced),
            (o, value) => o with { Compression = value },
            (CompressionRecipe.Balanced, "int8 with rounding that makes up for its errors, which costs next to no accuracy"),
            (CompressionRecipe.None, "nothing: float32 weights as they are in the model"),
            (CompressionRecipe.Smallest, "the fewest bytes with which accuracy falls by no more than `MaxAccuracyDrop` (half a percentage "
                + "point of classes where that is not given), found by trying bits, zeros and shared values on samples of the calibration "
                + "data that are held back; takes ten to twenty times as long to build"),
            (CompressionRecipe.Fastest, "in the same way the least estimated time, by fewer channels, smaller ranks and blocks of zeros")),
        new("MaxSize", MetadataKind.Text, "not checked", "a number of bytes, or of `KB` or `MB` of 1024: `250 KB`",
            "How many bytes the weights may take in the assembly before the build fails. With `Compression=\"Smallest\"` and "
                + "`Precision=\"Mixed\"` it is a target as well: the search ends where it is reached, and gives no accuracy for fewer "
                + "bytes; unless `MaxAccuracyDrop` is said, it is reached at any price.",
            (o, value, _) => MetadataValues.Bytes(value) is { } bytes ? o with { MaxSize = bytes } : null),
        new("MaxMemory", MetadataKind.Text, "not checked", "a number of bytes, or of `KB` or `MB` of 1024: `1.5 MB`",
            "How many bytes the weights in memory, which all instances share, and the scratch memory of one instance may take together. "
                + "An item that says it has no forms of layers that take more memory for speed: of batches, of 3×3 convolutions on "
                + "processors without VNNI, and of float32 convolutions with few outputs.",
            (o, value, _) => MetadataValues.Bytes(value) is { } bytes ? o with { MaxMemory = bytes } : null),
        new("MaxMacs", MetadataKind.Text, "not checked", "a number, or one of `K`, `M` or `G` of 1000: `3 M`",
            "How many multiply-accumulates a prediction may take.",
            (o, value, _) => MetadataValues.Count(value) is { } macs ? o with { MaxMacs = macs } : null),
        MetadataEntry.Choice<ModelPrecision>("Precision", "The arithmetic of the predictor.", nameof(ModelPrecision.Auto),
            (o, value) => o with { Precision = value },
            (ModelPrecision.Auto, "int8, except for nodes that would lose too much (see `MinSignalToNoise` and `MinOutputSignalToNoise`)"),
            (ModelPrecision.Int8, "int8 for every node that has an integer form"),
            (ModelPrecision.Int4,
                "as `Auto`, with weights of 4 bits: half the bytes of int8 in the assembly, the same arithmetic; layers that "
                + "would lose too much, or lie below `MinSignalToNoise` with 4 bits, have 8, and go to float32 only where these are "
                + "not enough either; the state of recurrent layers keeps 8"),
            (ModelPrecision.Ternary,
                "as `Auto`, with weights that are −1, 0 or 1 times a scale of their output channel, five of them to a byte, however noisy "
                + "that makes a layer; first and last layers and depthwise ones have 8 bits, unless `Layers` says otherwise. Networks that "
                + "were not trained for it lose much: see [quantization.md](quantization.md#ternary-and-binary-weights)"),
            (ModelPrecision.Binary, "likewise with weights that are −1 or 1 times a scale, eight of them to a byte"),
            (ModelPrecision.Mixed,
                "as `Auto`, with 8 or 4 bits, ternary or binary weights in each layer: fewer where that costs the outputs least for the "
                + "bytes that it saves, until the loss of `MaxAccuracyDrop` or the size of `MaxSize` is reached; a search, which takes a "
                + "dozen builds: see [compression.md](compression.md#bits-layer-by-layer)"),
            (ModelPrecision.Float32, "float32 throughout")),
        MetadataEntry.Choice<WeightRounding>("Rounding", "How weights become integers: see [quantization.md](quantization.md#rounding).",
            nameof(WeightRounding.Auto),
            (o, value) => o with { Rounding = value },
            (WeightRounding.Auto,
                "`Compensated` where there are data to calibrate on, else `Nearest`"),
            (WeightRounding.Nearest, "each weight to the nearest level"),
            (WeightRounding.Compensated,
                "later weights of a sum make up for the errors of earlier ones on the calibration data (GPTQ), where "
                + "that measures better; an error without data"),
            (WeightRounding.Adaptive,
                "`Compensated`, then each weight is rounded up or down by what its layer makes of the calibration data (AdaRound), if that "
                + "brings the outputs closer to the float model's; takes longer, see [compression.md](compression.md#reconstruction)"),
            (WeightRounding.Block,
                "likewise by what its block makes of them: the layers between two places where one value alone is handed on (BRECQ)")),
        new("Sparsity", MetadataKind.Number, "none", "a number from 0.01 to 0.99",
            "The share of the weights that become zero, over all layers together: those whose loss changes the layers' outputs least. With "
                + "data to calibrate on the others make up for it: see [compression.md](compression.md#sparsification). The assembly does "
                + "not hold zeros.",
            (o, value, _) => MetadataValues.Number(value, 0.01, 0.99) is { } share ? o with { Sparsity = share } : null),
        MetadataEntry.Choice<SparsityPattern>("SparsityPattern", "Which weights become zero together, with `Sparsity`.",
            nameof(SparsityPattern.Unstructured),
            (o, value) => o with { SparsityPattern = value },
            (SparsityPattern.Unstructured, "each by itself: fewer bytes, not less work"),
            (SparsityPattern.Block, "blocks of 16 outputs times 4 inputs, as kernels read them, of the layers that have such: see "
                + "[compression.md](compression.md#blocks)"),
            (SparsityPattern.TwoOfFour, "two of each four weights that kernels read side by side, without `Sparsity`: fewer bytes, not "
                + "less work: see [compression.md](compression.md#two-of-four)"),
            (SparsityPattern.Channel, "whole channels are left out, with all weights that make and read them, until the share of the "
                + "multiply-accumulates is gone: fewer bytes and less work: see [compression.md](compression.md#channel-pruning)")),
        new("Clusters", MetadataKind.Number, "no limit", "a whole number from 2 to 256",
            "How many different values the weights of each layer may have (weight sharing); the assembly holds their numbers in few bits, "
                + "and kernels read them as ever. With `EntropyCoding` they take less still. Integer weights of a recurrent layer's "
                + "state are not shared.",
            (o, value, _) => MetadataValues.Whole(value, 2, 256) is { } n ? o with { Clusters = n } : null),
        new("GroupSize", MetadataKind.Number, "all inputs of an output", "32, 64 or 128",
            "With `Precision=\"Int4\"`, `Mixed` or `Int4` in `Layers`: how many input channels have a scale of their own for each output, "
                + "in convolutions and matrix products of more input channels, a multiple of four. More accurate where weights differ much "
                + "from input to input, for a byte more for each group: see [quantization.md](quantization.md#groups-of-inputs).",
            (o, value, _) => GroupSizeOf(value) is { } n ? o with { GroupSize = n } : null),
        new("MinSignalToNoise", MetadataKind.Number, "10", "a number of decibels from 0 to 100",
            "With `Precision=\"Auto\"` or `Int4`: a node whose signal-to-quantisation-noise ratio on the calibration data is lower stays "
                + "in float32. With `Int4` a layer is tried with weights of 8 bits before. With `Clusters` a convolution or matrix product "
                + "stays in integers where only its shared weights are so noisy.",
            (o, value, _) => MetadataValues.Number(value, 0, 100) is { } decibels ? o with { MinSignalToNoise = decibels } : null),
        new("MinOutputSignalToNoise", MetadataKind.Number,
            "20; no limit with `Int4`, `Ternary`, `Binary` or `Clusters`, and where the accuracy of a classifier is measured",
            "a number of decibels from 0 to 100; 0 for no limit",
            "With `Precision=\"Auto\"` or `Int4`: while the signal-to-quantisation-noise ratio of the outputs on the calibration data is "
                + "lower, the layers that cost most of it stay in float32. With `Int8` a lower one is a warning. With `Clusters` the "
                + "shared weights of layers in float32 count as noise, too.",
            (o, value, _) => MetadataValues.Number(value, 0, 100) is { } decibels ? o with { MinOutputSignalToNoise = decibels } : null),
        MetadataEntry.Choice<CalibrationMethod>("Calibration", "How the range of a value follows from the calibration samples.",
            nameof(CalibrationMethod.Auto),
            (o, value) => o with { Calibration = value },
            (CalibrationMethod.Auto, "whichever of the others has the least error, tensor by tensor"),
            (CalibrationMethod.MinMax, "from the smallest to the largest value"),
            (CalibrationMethod.Percentile, "without the outermost values"),
            (CalibrationMethod.Entropy, "the least Kullback-Leibler divergence"),
            (CalibrationMethod.MeanSquaredError, "the least mean squared error")),
        MetadataEntry.Choice<PruningCriterion>("PruningCriterion", "With `Sparsity`: which channels are left out, or weights become zero.",
            nameof(PruningCriterion.Reconstruction),
            (o, value) => o with { PruningCriterion = value },
            (PruningCriterion.Reconstruction, "those without which the layers behind, or the layer itself, can best be made good on the "
                + "calibration data; the weights that are left are fitted then"),
            (PruningCriterion.Taylor, "channels whose loss changes the outputs least, by their gradients; fitted likewise. Single weights "
                + "as with `Reconstruction`"),
            (PruningCriterion.Magnitude, "those with the least weights, or the least weights, without looking at data and without "
                + "fitting; loses much more")),
        new("Fold", MetadataKind.Number, "nothing is merged", "a number from 0 to 0.95; `0.3` is 30 %",
            "What share of the multiply-accumulates goes at least by merging similar channels into one: see "
                + "[compression.md](compression.md#model-folding). Not together with `SparsityPattern=\"Channel\"`.",
            (o, value, _) => MetadataValues.Number(value, 0, 0.95) is { } share ? o with { Fold = share } : null),
        MetadataEntry.Choice<FoldRepair>("FoldRepair", "With `Fold`: what is done after channels have been merged.",
            "`Fit` with calibration data, else `Statistics` on made-up samples",
            (o, value) => o with { FoldRepair = value },
            (FoldRepair.Fit, "all layers behind are fitted on the calibration data to what the whole model gives"),
            (FoldRepair.Statistics, "mean and deviation of each channel are measured on the calibration data and restored"),
            (FoldRepair.Approximate, "merged weights are enlarged by what averages lose of their variance, without looking at data")),
        new("Rank", MetadataKind.Text, "ranks stay", "a number from 0.05 to 0.95, or `Auto`",
            "Puts layers of a smaller rank in the place of dense layers and convolutions: the share of a layer's multiply-accumulates "
                + "that these may cost at most, or `Auto` for as far as its results lose at most 0.5 % of their power. Layers "
                + "whose estimated time would not fall stay: see [compression.md](compression.md#low-rank).",
            (o, value, _) => RankAmount.Parse(value) is { } rank ? o with { Rank = rank } : null),
        MetadataEntry.Choice<RankForm>("RankForm", "With `Rank`: into which layers a convolution of several taps is divided. A layer "
                + "that has no such form stays as it is.",
            nameof(RankForm.Auto),
            (o, value) => o with { RankForm = value },
            (RankForm.Auto, "of the others the one that loses least at as many multiply-accumulates and is faster than the layer"),
            (RankForm.Responses, "a convolution with fewer outputs, and a 1×1 convolution"),
            (RankForm.Spatial, "a k×1 convolution and a 1×k convolution"),
            (RankForm.Tucker, "a 1×1 convolution, a k×k one between few channels, and a 1×1 convolution"),
            (RankForm.CP, "a 1×1 convolution, a depthwise k×k one, and a 1×1 convolution")),
        MetadataEntry.Choice<Switch>("Recovery",
            "Whether the compressed model is trained in the build to give what the float model gives: "
                + "see [training.md](training.md#recovery).",
            nameof(Switch.False),
            (o, value) => o with { Recovery = value == Switch.True },
            (Switch.False, "it is not"),
            (Switch.True, "its weights learn from the float model on all samples of `CalibrationData`, which need no labels, for some "
                + "minutes; zeros, shared values, bits and ranks stay as the other metadata ask. Without `CalibrationData` every other "
                + "sample of `EvaluationData` serves, and accuracy is measured on the rest")),
        new("RecoverySteps", MetadataKind.Number, "30 to 6000, by the model's size", "a whole number from 1 to 1000000",
            "With `Recovery` or `Student`: the steps of 64 samples of each training; recovery is two, before and after rounding. "
                + "Training ends sooner where samples that are held back show no progress. With `Rounding=\"Adaptive\"` or `\"Block\"`: "
                + "the steps of each layer or block (without it 40 to 600, of at most 32 samples).",
            (o, value, _) => MetadataValues.Whole(value, 1, 1_000_000) is { } n ? o with { RecoverySteps = n } : null),
        .. TrainingMetadata.Entries,
        new("MaxBuildMinutes", MetadataKind.Number, "no limit", "a number of minutes of at least 0.01",
            "After how many minutes the build of the model stops with an error, whatever it is at work with. It never changes what is "
                + "built; a training goes on with the next build where this one stopped.",
            (o, value, _) => MetadataValues.Number(value, 0.01, 1e6) is { } minutes ? o with { MaxBuildMinutes = minutes } : null),
        new("Layers", MetadataKind.Text, "all layers alike",
            "`pattern:setting` pairs separated by semicolons; several settings separated by commas: `Float32`, `Int8`, `Int4`, "
                + "`Ternary`, `Binary`, "
                + "`Sparsity=0.9`, `Clusters=16`, `GroupSize=64`, `Rank=0.5`; `Sparsity=0`, `Clusters=0`, `GroupSize=0` and "
                + "`Rank=None` except layers",
            "What holds in single layers instead of what the other metadata say, by the names of nodes in the model (those of the report); "
                + "in a name `*` stands for any characters and `?` for one. Where several fit a layer, the last one counts. A layer with "
                + "`Int8`, `Int4`, `Ternary` or `Binary` runs in integers however noisy it is; with `Precision=\"Float32\"` no others do. "
                + "`Sparsity` is that of single weights, with `SparsityPattern=\"Block\"` that of blocks. For example "
                + "`conv1:Float32; fc*:Int4,Sparsity=0.9`.",
            (o, value, _) => LayerRules.Parse(value) is { } rules ? o with { Layers = rules } : null),
        MetadataEntry.Choice<Switch>("Equalize",
            "Whether factors and biases move between layers, channel by channel, so that weights on both sides and values between them "
                + "have even ranges: see [compression.md](compression.md#equalisation).", "as the recipe finds",
            (o, value) => o with { Equalize = value == Switch.True },
            (Switch.False, "they do not, and no recipe tries it"),
            (Switch.True, "before quantisation, with data or without; helps models whose channels differ much")),
        MetadataEntry.Choice<PairSums>("PairSums",
            "Whether weights are rounded so that sums of two neighbouring products fit into 16 bits, which AVX2 and AVX-512 without VNNI "
            + "multiply fastest. The predictions are the same on every processor either way.",
            nameof(PairSums.Bounded),
            (o, value) => o with { PairSums = value },
            (PairSums.Bounded, "in every layer that loses less than 0.5 dB of its signal-to-quantisation-noise ratio by it; without effect "
                + "with `Precision=\"Int4\"`, `Ternary` and `Binary` (so few bits are so anyway) and `Clusters`"),
            (PairSums.Free, "only where weights happen to do so")),
        MetadataEntry.Choice<InputElement>("InputType", "What the caller passes for inputs that are float32 in the model.",
            nameof(InputElement.Float32),
            (o, value) => o with { InputType = value },
            (InputElement.Float32, "the numbers that the model expects"),
            (InputElement.UInt8, "bytes, for example of an image; the model sees `InputScale` · byte + `InputOffset`, and evaluation data "
                + "must be such numbers")),
        new("InputScale", MetadataKind.Text, "1", "a positive number or fraction, or one for each channel separated by commas",
            "What integers are multiplied by where the model expects float32: in calibration and evaluation data, and with "
            + "`InputType=\"UInt8\"` in calls, too. For example `1/255`.",
            (o, value, _) => MetadataValues.Numbers(value) is { } scale && scale.All(s => s > 0)
                ? o with { InputScale = scale, IsInputScaleGiven = true }
                : null),
        new("InputOffset", MetadataKind.Text, "0", "a number or fraction, or one for each channel separated by commas",
            "What is added to integers after the multiplication.",
            (o, value, _) => MetadataValues.Numbers(value) is { } offset
                ? o with { InputOffset = offset, IsInputScaleGiven = true }
                : null),
        MetadataEntry.Choice<ImageLayout>("InputLayout", "The order of the elements of rank-4 inputs, in calls and in data.",
            nameof(ImageLayout.NCHW),
            (o, value) => o with { InputLayout = value },
            (ImageLayout.NCHW, "channel by channel, as ONNX models expect images"),
            (ImageLayout.NHWC, "pixel by pixel, as apps hold images")),
        .. ImageMetadata.Entries,
        .. SoundMetadata.Entries,
        MetadataEntry.Choice<Switch>("EntropyCoding",
            "Whether the weights lie in the assembly in entropy codes (Huffman's or rANS, section by section whichever is shorter), from "
                + "which they are decoded once, when they are loaded: see [compression.md](compression.md#coding). Predictions do not "
                + "change.", nameof(Switch.False),
            (o, value) => o with { EntropyCoding = value == Switch.True },
            (Switch.False, "they lie there as kernels read them; with `Precision=\"Int4\"` or fewer bits, `Clusters` or unstructured "
                + "`Sparsity` in the codes for few bits, few values and many zeros, without entropy codes"),
            (Switch.True, "they do where a code is shorter; loading takes longer, and twice the memory while it lasts")),
        MetadataEntry.Choice<Switch>("ExportOnnx", "Whether the compressed model is also written as an ONNX model.", nameof(Switch.False),
            (o, value) => o with { ExportOnnx = value == Switch.True },
            (Switch.False, "it is not"),
            (Switch.True, "as `NAME.qdq.onnx` beside the report in `obj`, to check the compressed model elsewhere: "
                + "see [onnx-export.md](onnx-export.md)")),
    ];

    private const string DataForms = "a .npz, .npy, .csv, .jsonl, IDX (also gzipped) or TensorProto .pb file, a .txt file with a text a "
        + "line, a folder of .pb files, a folder of .png or .jpg images or of .wav recordings, or of sub-folders with such, each a class, "
        + "or a .csv that names such files, perhaps with labels behind, or "
        + "`input=file` pairs separated by semicolons";

    /// <summary>Parses the metadata of one item.</summary>
    /// <param name="item">The item as the user wrote it: a path relative to the project.</param>
    /// <param name="metadata">Its metadata, without MSBuild's own.</param>
    /// <param name="projectFolder">Full path of the project's folder.</param>
    /// <param name="rootNamespace">The namespace of classes that have none of their own.</param>
    /// <exception cref="ModelException">A name or a value is not understood.</exception>
    public static ModelOptions Parse(string item, IReadOnlyDictionary<string, string> metadata, string projectFolder, string rootNamespace)
    {
        string path = Path.GetFullPath(item.Replace('\\', '/'), projectFolder);
        string stem = Path.GetFileNameWithoutExtension(path);
        string @namespace = Identifiers.Namespace(rootNamespace);
        string className = PredictorNames.ClassName(stem);
        var options = new ModelOptions
        {
            ModelPath = path,
            Name = stem,
            // A class that is called as the namespace around it is found nowhere outside of it (CS0118): a project named as its model.
            ClassName = className == @namespace.Split('.')[0] ? className + "Model" : className,
            Namespace = @namespace,
        };
        var faults = ImmutableArray.CreateBuilder<Diagnostic>();
        foreach ((string name, string value) in metadata.OrderBy(m => m.Key, StringComparer.OrdinalIgnoreCase))
        {
            if (ForeignNames.Contains(name) || name.StartsWith('_'))
                continue;
            MetadataEntry? entry = Table.FirstOrDefault(e => string.Equals(e.Name, name, StringComparison.OrdinalIgnoreCase));
            string trimmed = value.Trim();
            if (entry is null)
            {
                faults.Add(NotUnderstood(item, name, value, Unknown(name)));
            }
            else if (trimmed.Length > 0)
            {
                ModelOptions? applied = entry.Apply(options, trimmed, projectFolder);
                if (applied is null)
                    faults.Add(NotUnderstood(item, entry.Name, value, "accepted is " + entry.Accepted));
                options = applied ?? options;
            }
        }
        (options, IEnumerable<(string Name, string Why)> contradictions) = ImageMetadata.Resolve(options, Given);
        foreach ((string name, string why) in contradictions.Concat(TrainingMetadata.Contradictions(options, Given)))
            faults.Add(NotUnderstood(item, name, Given(name)!, why));
        foreach (string limit in (string[])["MaxAccuracyDrop", "MaxClassAccuracyDrop"])
            if (options.EvaluationData is null && metadata.TryGetValue(limit, out string? given) && given.Trim().Length > 0)
                faults.Add(NotUnderstood(item, limit, given, "it has a meaning only together with EvaluationData"));
        if (options.RoundsOnData && (options.CalibrationData ?? options.EvaluationData) is null)
            faults.Add(NotUnderstood(item, "Rounding", options.Rounding.ToString(), "it needs CalibrationData or EvaluationData"));
        if (options.RoundsOnData && options.IsFloat32)
            faults.Add(NotUnderstood(item, "Rounding", options.Rounding.ToString(), "with Precision=\"Float32\" nothing is rounded"));
        bool hasGroups = options.GroupSize is not null || options.Layers.AnyGroupSize;
        (string groupName, string group) = options.GroupSize is not null
            ? ("GroupSize", Given("GroupSize")!) : ("Layers", Given("Layers") ?? "");
        if (hasGroups && options.Precision is not (ModelPrecision.Int4 or ModelPrecision.Mixed) && !options.Layers.AnyInt4)
            faults.Add(NotUnderstood(item, groupName, group,
                "scales of groups are those of weights of 4 bits: write Precision=\"Int4\" beside it, or leave GroupSize out"));
        if (hasGroups && (options.Clusters is not null || options.Layers.Rules.Any(r => r is { GroupSize: > 0, Clusters: > 0 })))
            faults.Add(NotUnderstood(item, groupName, group,
                "with Clusters all weights of a layer have the same few values: leave one of them out"));
        if (hasGroups && options.Compression == CompressionRecipe.Smallest)
            faults.Add(NotUnderstood(item, groupName, group,
                "Compression=\"Smallest\" looks for shared values, which leave no scales of groups: leave one of them out"));
        if (options.Recovery && options.LearnsRounding)
            faults.Add(NotUnderstood(item, "Rounding", options.Rounding.ToString(),
                "Recovery trains weights through their rounding: leave one of them out"));
        if (hasGroups && options.Recovery)
            faults.Add(NotUnderstood(item, groupName, group,
                "weights with scales of groups are not trained after rounding: leave GroupSize or Recovery out"));
        if (hasGroups && options.LearnsRounding)
            faults.Add(NotUnderstood(item, groupName, group, string.Create(CultureInfo.InvariantCulture,
                $"levels of groups are not learned: leave GroupSize or Rounding=\"{options.Rounding}\" out")));
        if (options.Recovery && (options.CalibrationData ?? options.EvaluationData) is null)
            faults.Add(NotUnderstood(item, "Recovery", "True", "it needs CalibrationData or EvaluationData"));
        if (options is { Sparsity: not null, SparsityPattern: SparsityPattern.TwoOfFour })
            faults.Add(NotUnderstood(item, nameof(options.Sparsity), metadata.First(m => string.Equals(m.Key, nameof(options.Sparsity),
                StringComparison.OrdinalIgnoreCase)).Value, "with SparsityPattern=\"2:4\" the share is one half: leave it out"));
        if (options is { Sparsity: > 0, SparsityPattern: SparsityPattern.Channel, Fold: > 0 })
            faults.Add(NotUnderstood(item, nameof(options.Fold), metadata.First(m => string.Equals(m.Key, nameof(options.Fold),
                StringComparison.OrdinalIgnoreCase)).Value,
                "channels are either merged or left out: with Sparsity and SparsityPattern=\"Channel\" it has no meaning"));
        if (options.Head is not null && options.Task == ModelTask.Auto)
            options = options with { Task = ModelTask.Classification };
        if (options.Compression == CompressionRecipe.None)
        {
            (string Name, bool IsGiven)[] techniques =
            [
                ("Precision", options.Precision is not (ModelPrecision.Auto or ModelPrecision.Float32)),
                ("Sparsity", options.Sparsity is not null), ("Clusters", options.Clusters is not null),
                ("GroupSize", options.GroupSize is not null), ("Fold", options.Fold is not null),
                ("Rank", options.Rank is not null), ("Equalize", options.Equalize == true), ("Layers", options.Layers.Rules.Length > 0),
                ("SparsityPattern", options.SparsityPattern == SparsityPattern.TwoOfFour),
                ("Recovery", options.Recovery), ("Student", options.Student is not null),
                ("Rounding", options.RoundsOnData),
            ];
            foreach (string name in techniques.Where(t => t.IsGiven).Select(t => t.Name))
                faults.Add(NotUnderstood(item, name,
                    metadata.First(m => string.Equals(m.Key, name, StringComparison.OrdinalIgnoreCase)).Value,
                    "with Compression=\"None\" nothing is done to the model"));
            options = options with { Precision = ModelPrecision.Float32 };
        }
        if (faults.Count > 0)
            throw new ModelException(faults.ToImmutable());
        return options;

        string? Given(string name) =>
            metadata.FirstOrDefault(m => string.Equals(m.Key, name, StringComparison.OrdinalIgnoreCase)).Value?.Trim() is { Length: > 0 } v
                ? v : null;
    }

    /// <summary>The input channels of a group, as an item writes them; null where it is no number that groups may have.</summary>
    public static int? GroupSizeOf(string value) => MetadataValues.Whole(value, 32, 128) is 32 or 64 or 128
        ? MetadataValues.Whole(value, 32, 128) : null;

    private static string Unknown(string name)
    {
        MetadataEntry nearest = Table.MinBy(e => EditDistance(e.Name, name))!;
        return EditDistance(nearest.Name, name) <= Math.Max(2, name.Length / 3)
            ? $"there is no such metadata; did you mean '{nearest.Name}'?"
            : "there is no such metadata; accepted are " + string.Join(", ", Table.Select(e => e.Name))
                + " and names that begin with "
                + "an underscore";
    }

    // Levenshtein, "Binary codes capable of correcting deletions, insertions and reversals" (1966), case ignored.
    private static int EditDistance(string a, string b)
    {
        int[] previous = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            var current = new int[b.Length + 1];
            current[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int change = char.ToUpperInvariant(a[i - 1]) == char.ToUpperInvariant(b[j - 1]) ? 0 : 1;
                current[j] = Math.Min(Math.Min(previous[j], current[j - 1]) + 1, previous[j - 1] + change);
            }
            previous = current;
        }
        return previous[b.Length];
    }

    private static Diagnostic NotUnderstood(string item, string name, string value, string what) =>
        Diagnostic.Of(DiagnosticCatalog.MetadataNotUnderstood, null, item, name, value, what);

    // The values of metadata that say yes or no.
    private enum Switch
    {
        False,
        True,
    }

    // The values of the metadata of the same name.
    private enum Accessibility
    {
        Internal,
        Public,
    }
}
