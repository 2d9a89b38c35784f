using System.Collections.Concurrent;
using System.Collections.Immutable;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Lowering;
using OptimizerBuild.Onnx;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Models.Accuracy;

/// <summary>
/// The models of the development set with the data a user would give them. Each is compiled once in a test process, as that takes
/// seconds.
/// </summary>
internal static class SharedModels
{
    private static readonly ConcurrentDictionary<string, Lazy<CompilationOutcome>> Compiled = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<string, Lazy<ModelCompiler.Compression>> Compressed = new(StringComparer.Ordinal);

    /// <summary>Names of all models that run in integers.</summary>
    public static ImmutableArray<string> Names { get; } =
    [
        "digits-mlp", "mnist-lenet-300-100", "mnist-lenet5", "fashion-mobilenet", "cntk_mnist", "ic_resnet8", "ad01", "standard_v3_3",
        "kws_dscnn", "ch_ppocr_mobile_v2.0_cls_infer", "version-slim-320", "fashion-gru",
        "tinybert",
    ];

    /// <summary>The same as test cases.</summary>
    public static TheoryData<string> Cases => [.. Names];

    /// <summary>The outcome of compiling a model.</summary>
    public static CompilationOutcome Compile(string name) =>
        Compiled.GetOrAdd(name, n => new(() => ModelCompiler.Finish(Compress(n)))).Value;

    /// <summary>A model after quantisation, before lowering.</summary>
    public static ModelCompiler.Compression Compress(string name) =>
        Compressed.GetOrAdd(name, n => new(() => ModelCompiler.Compress(Options(n)))).Value;

    /// <summary>A plan around a lowered model.</summary>
    public static ModelPlan PlanOf(ModelOptions options, LoweredModel lowered) => new()
    {
        Model = options.Name,
        ClassName = options.ClassName,
        Namespace = options.Namespace,
        IsPublic = options.IsPublic,
        Facts = new("", "", "", 0, 0, "", null, null, 0),
        Inputs = lowered.Inputs,
        Outputs = lowered.Outputs,
        States = lowered.States,
        Strings = lowered.Strings,
        KeepsStrings = lowered.KeepsStrings,
        Weights = new(options.ResourceName, lowered.Weights.Length, PackedWeights.Checksum(lowered.Weights)),
        ArenaBytes = lowered.ArenaBytes,
        Buffers = lowered.Buffers,
        Values = lowered.Values,
        Steps = lowered.Steps,
    };

    /// <summary>Samples of a model's calibration data, evenly spread.</summary>
    public static IReadOnlyList<IReadOnlyList<Tensor>> CalibrationSamples(ModelOptions options, Graph imported, int count)
    {
        DataSpec spec = options.CalibrationData!;
        DataSet data = DataSetReader.Read(spec.Spec, spec.BaseFolder, DataLimits.Default, options.LabelKey);
        return SampleSplitter.ToSamples(data, imported, InputAdaptation.Of(options), count).Samples;
    }

    /// <summary>The options of a model.</summary>
    public static ModelOptions Options(string name) => name switch
    {
        "digits-mlp" => Model(name, "trained/digits-mlp.onnx", "tabular/digits-train.npz", "tabular/digits-test.npz"),
        "mnist-lenet-300-100" => Mnist(name, "trained/mnist-lenet-300-100.onnx", 1 / 255.0),
        "mnist-lenet5" => Mnist(name, "trained/mnist-lenet5.onnx", 1 / 255.0),
        "cntk_mnist" => Mnist(name, "cntk/cntk_mnist.onnx", 1),
        "fashion-mobilenet" => Model(
            name, "trained/fashion-mobilenet.onnx",
            "image=fashion-mnist/train-images-idx3-ubyte.gz",
                "image=fashion-mnist/t10k-images-idx3-ubyte.gz;y=fashion-mnist/t10k-labels-idx1-ubyte.gz") with
        {
            InputType = InputElement.UInt8,
            InputScale = [1 / 255.0],
        },
        "fashion-gru" => Model(
            name, "trained/fashion-gru.onnx", "image=fashion-mnist/train-images-idx3-ubyte.gz",
            "image=fashion-mnist/t10k-images-idx3-ubyte.gz;y=fashion-mnist/t10k-labels-idx1-ubyte.gz") with
        {
            InputScale = [1 / 255.0],
        },
        "ic_resnet8" => Model(name, "mlperf-tiny/ic_resnet8.onnx", "cifar10/cifar10-3995.npz", "cifar10/cifar10-3995.npz") with
        {
            InputType = InputElement.UInt8,
        },
        "ad01" => Model(name, "mlperf-tiny/ad01.onnx", "toycar/ad01-windows.npz", "toycar/ad01-windows.npz"),
        "standard_v3_3" => Model(name, "magika/standard_v3_3.onnx", "magika/files.npz", "magika/files.npz"),
        "kws_dscnn" => Golden(name, "mlperf-tiny/kws_dscnn"),
        "version-slim-320" => Golden(name, "ultraface/version-slim-320"),
        "tinybert" => Model(name, "tribuo/tinybert.onnx", null, null) with
        {
            CalibrationData = new DataSpec(SharedAssets.Path("golden/tribuo/tinybert"), "/"),
            Shapes = ((string[])["input_ids", "attention_mask", "token_type_ids"])
                .ToImmutableSortedDictionary(i => i, _ => ImmutableArray.Create(1, 32), StringComparer.Ordinal),
        },
        // A classifier without labels, whose outputs are at 19 dB on the noise that it is calibrated on here.
        "ch_ppocr_mobile_v2.0_cls_infer" => Golden(name, "paddleocr/ch_ppocr_mobile_v2.0_cls_infer") with
        {
            MinOutputSignalToNoise = 0,
            Shapes = ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal,
                [KeyValuePair.Create("x", ImmutableArray.Create(1, 3, 48, 192))]),
        },
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "unknown model"),
    };

    /// <summary>The imported graph of a model.</summary>
    public static Graph Import(ModelOptions options) =>
        OnnxImporter.Import(options.ModelPath, new ImportOptions { Shapes = options.Shapes }).Graph;

    /// <summary>ONNX Runtime's inputs and outputs for a model, by the folder below <c>golden</c>.</summary>
    public static IEnumerable<(Tensor[] Inputs, Tensor[] Outputs)> GoldenSets(string folder)
    {
        foreach (string set in Directory.GetDirectories(SharedAssets.Path("golden/" + folder)).Order(StringComparer.Ordinal))
            yield return (Read(set, "input"), Read(set, "output"));
    }

    private static Tensor[] Read(string folder, string kind) =>
        [.. Directory.GetFiles(folder, kind + "_*.pb").Order(StringComparer.Ordinal).Select(f => TensorProtoReader.Read(f))];

    private static ModelOptions Mnist(string name, string path, double scale)
    {
        string input = path.StartsWith("cntk", StringComparison.Ordinal) ? "Input3" : "image";
        return Model(
            name, path, $"{input}=mnist/train-images-idx3-ubyte.gz",
            $"{input}=mnist/t10k-first3000-images-idx3-ubyte.gz;y=mnist/t10k-first3000-labels-idx1-ubyte.gz") with
        {
            InputType = InputElement.UInt8,
            InputScale = [scale],
        };
    }

    private static ModelOptions Golden(string name, string path) => Model(name, path + ".onnx", null, null) with
    {
        CalibrationData = new DataSpec(GoldenCalibration.File(name, [.. GoldenSets(path).Select(s => s.Inputs[0])]), "/"),
    };

    private static ModelOptions Model(string name, string path, string? calibration, string? evaluation) => new()
    {
        ModelPath = SharedAssets.Path("models/" + path),
        Name = name,
        ClassName = PredictorNames.ClassName(name),
        IsPublic = true,
        CalibrationData = calibration is null ? null : new DataSpec(calibration, SharedAssets.Path("data")),
        EvaluationData = evaluation is null ? null : new DataSpec(evaluation, SharedAssets.Path("data")),
    };
}
