using System.Globalization;
using OptimizerBuild.Bench;
using OptimizerBuild.Diagnostics;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
const string Usage = """
    usage: dotnet run -c Release --project bench -- COMMAND [--models FILE…] [--threads N] [--seconds S] [--json FILE] [--markdown FILE]
                                                            [--precision Auto|Int8|Float32] [--metadata Name=Value]… [--against FILE]

    compare   the generated predictor of each model beside ONNX Runtime
    layers    the time of each step of a model's plan, and what bounds it
    isa       each model on every instruction-set path of the machine
    kernels   the product kernels on the layers of the kernel tests, against the peak of the register tile
    threads   each model on one thread and on several
    first     what each model costs before its first prediction, in a process and in a build
    startup   the cold start of a console app, beside the same app on ONNX Runtime
    wasm      each model in .NET's WebAssembly runtime, beside ONNX Runtime Web (needs Node.js)
    digests   digests of weights, plans and predictions; --against FILE compares them with those of an earlier --json FILE
    record    all of these (but layers and digests) into bench/results

    Without --models: the models of bench/models.json. --metadata sets any metadata of the item CompressedModel.
    The native library of ONNX Runtime comes from bench/peers (npm ci --ignore-scripts), or from the path in ONNXRUNTIME_LIBRARY.
    """;

try
{
    if (args is [IsaCommand.Child, var assembly, var time])
        return IsaCommand.RunChild(assembly, time);
    if (args is [FirstCommand.Child, var cold, var mode])
        return FirstCommand.RunChild(cold, mode);
    var arguments = BenchArguments.Parse(args);
    string repository = Environment.CurrentDirectory;
    while (!File.Exists(Path.Combine(repository, "OptimizerBuild.sln")))
        repository = Path.GetDirectoryName(repository) ?? throw new FormatException("run the benchmark inside the repository");
    IReadOnlyList<BenchModel> models =
    [
        .. (arguments.Models.Count > 0 ? arguments.Models.Select(f => BenchModel.Of(repository, f)) : BenchModel.Known(repository))
            .Select(m => m with { Metadata = arguments.Metadata }),
    ];
    return arguments.Command switch
    {
        "compare" => CompareCommand.Run(models, OnnxRuntimePeer.Load(repository), arguments),
        "layers" => LayersCommand.Run(models, arguments),
        "kernels" => KernelsCommand.Run(arguments),
        "isa" => IsaCommand.Run(models, arguments),
        "threads" => ThreadsCommand.Run(models, arguments),
        "first" => FirstCommand.Run(models, arguments),
        "startup" => StartupCommand.Run(repository, arguments),
        "wasm" => WasmCommand.Run(repository, models, arguments),
        "digests" => DigestsCommand.Run(models, arguments),
        "record" => RecordCommand.Run(repository, models, arguments),
        _ => throw new FormatException($"no such command: {arguments.Command}"),
    };
}
catch (Exception e) when (e is FormatException or ModelException or FileNotFoundException or InvalidOperationException)
{
    Console.Error.WriteLine(e is FormatException ? $"{e.Message}\n{Usage}" : e.Message);
    return 2;
}
