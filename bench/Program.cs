using System.Globalization;
using OptimizerBuild.Bench;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
const string Usage = """
    usage: dotnet run -c Release --project bench -- compare [--models FILE…] [--threads N] [--seconds S] [--json FILE] [--markdown FILE]
           dotnet run -c Release --project bench -- layers [--models FILE…] [--seconds S]

    compare runs the generated predictor of each model beside ONNX Runtime; layers shows the time of each step of a model's plan.
    Without --models: the models of bench/models.json.
    The native library of ONNX Runtime comes from bench/peers (npm ci --ignore-scripts), or from the path in ONNXRUNTIME_LIBRARY.
    """;

string repository = Environment.CurrentDirectory;
while (!File.Exists(Path.Combine(repository, "OptimizerBuild.sln")))
    repository = Path.GetDirectoryName(repository) ?? throw new InvalidOperationException("run the benchmark inside the repository");

if (args.Length == 0 || args[0] is not ("compare" or "layers"))
    return Fail(Usage);
var files = new List<string>();
int threads = 1;
double seconds = 3;
string? json = null, markdown = null;
for (int i = 1; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--models":
            while (i + 1 < args.Length && !args[i + 1].StartsWith("--", StringComparison.Ordinal))
                files.Add(args[++i]);
            break;
        case "--threads" when i + 1 < args.Length && int.TryParse(args[i + 1], out threads) && threads > 0:
            i++;
            break;
        case "--seconds" when i + 1 < args.Length && double.TryParse(args[i + 1], out seconds) && seconds > 0:
            i++;
            break;
        case "--json" when i + 1 < args.Length:
            json = args[++i];
            break;
        case "--markdown" when i + 1 < args.Length:
            markdown = args[++i];
            break;
        default:
            return Fail($"not understood: {args[i]}\n{Usage}");
    }
}
if (files.FirstOrDefault(f => !File.Exists(f)) is { } missing)
    return Fail($"no such file: {missing}");

IReadOnlyList<BenchModel> models = files.Count > 0 ? [.. files.Select(f => BenchModel.Of(repository, f))] : BenchModel.Known(repository);
if (args[0] == "layers")
    return LayersCommand.Run(models, seconds);

string library = Environment.GetEnvironmentVariable("ONNXRUNTIME_LIBRARY") is { Length: > 0 } named
    ? named
    : NativeLibraryPath(Path.Combine(repository, "bench", "peers", "node_modules", "onnxruntime-node", "bin", "napi-v6"));
if (!File.Exists(library))
    return Fail($"ONNX Runtime is not installed ({library}): run 'npm ci --ignore-scripts' in bench/peers");
return CompareCommand.Run(models, OnnxRuntimePeer.Load(library), threads, seconds, json, markdown);

static string NativeLibraryPath(string folder)
{
    string architecture = System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
    return OperatingSystem.IsWindows() ? Path.Combine(folder, "win32", architecture, "onnxruntime.dll")
        : OperatingSystem.IsMacOS() ? Path.Combine(folder, "darwin", architecture, "libonnxruntime.dylib")
        : Path.Combine(folder, "linux", architecture, "libonnxruntime.so.1");
}

static int Fail(string text)
{
    Console.Error.WriteLine(text);
    return 2;
}
