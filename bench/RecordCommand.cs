using System.Text;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Bench;

/// <summary>
/// <c>record</c>: measures everything that the documents quote and writes it to <c>bench/results</c>, one file for each kind of machine.
/// </summary>
internal static class RecordCommand
{
    // What the models of the file spend their time on: a classifier of depthwise layers, dense convolutions, a large one.
    private static readonly string[] IsaModels = ["fashion-mobilenet", "ic_resnet8", "mobilenet_v2"];

    /// <summary>Runs the command.</summary>
    /// <returns>The process's exit code.</returns>
    public static int Run(string repository, IReadOnlyList<BenchModel> models, BenchArguments arguments)
    {
        OnnxRuntimePeer peer = OnnxRuntimePeer.Load(repository);
        string file = arguments.Markdown ?? Path.Combine(repository, "bench", "results", Machine.Slug + ".md");
        var text = new StringBuilder($"# {Machine.Processor}\n\n");
        text.Append($"Paths of the kernels: int8 `{KernelPath.Name}`, float32 `{Float32Path.Name}`; {Environment.ProcessorCount} logical processors, ");
        text.Append($".NET {Environment.Version}, ONNX Runtime {OnnxRuntimePeer.Version(repository)}.\n");
        text.Append("Made by `dotnet run -c Release --project bench -- record`.\n");

        Section("Beside ONNX Runtime", () => CompareCommand.Markdown(CompareCommand.Compare(models, peer, 1, arguments.Seconds), 1));
        IReadOnlyList<BenchModel> floats =
            [.. models.Select(m => m with { Metadata = new Dictionary<string, string>(m.Metadata) { ["Precision"] = "Float32" } })];
        Section("Float32 code beside ONNX Runtime", () => CompareCommand.Markdown(CompareCommand.Compare(floats, peer, 1, arguments.Seconds), 1));
        Section("Kernels", () => KernelsCommand.Markdown(KernelsCommand.Measure(arguments.Seconds / 20)));
        Section("Instruction sets", () => IsaCommand.Markdown(
            [.. models.Where(m => IsaModels.Contains(m.Name)).SelectMany(m => IsaCommand.Measure(m, arguments.Seconds / 2))]));
        if (Environment.ProcessorCount > 1)
        {
            int threads = Math.Min(Environment.ProcessorCount, 4);
            Section("Threads", () => ThreadsCommand.Markdown([.. models.Select(m => ThreadsCommand.Measure(m, threads, arguments.Seconds / 3))], threads));
        }
        Section("First prediction", () => FirstCommand.Markdown([.. models.Select(m => FirstCommand.Measure(m, arguments.Seconds / 2))]));
        Section("Cold start", () => StartupCommand.Markdown(StartupCommand.Measure(repository, arguments.Seconds)));
        Section("WebAssembly", () => WasmCommand.Markdown(WasmCommand.Measure(repository, models, arguments.Seconds)));
        return 0;

        // What has been measured is kept, whatever becomes of the rest.
        void Section(string title, Func<string> measure)
        {
            Console.WriteLine($"## {title}");
            string body;
            try
            {
                body = measure();
            }
            catch (Exception e) when (e is InvalidOperationException or IOException or ModelException)
            {
                Console.Error.WriteLine(e);
                body = $"Not measured: {e.Message.Split('\n')[0]}\n";
            }
            text.Append($"\n## {title}\n\n{body}");
            File.WriteAllText(file, text.ToString());
        }
    }
}
