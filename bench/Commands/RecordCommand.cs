using System.CommandLine;
using System.Text;
using OptimizerBuild.Bench.Measurement;
using OptimizerBuild.Bench.Models;
using OptimizerBuild.Bench.OnnxRuntime;
using OptimizerBuild.Bench.Reporting;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Bench.Commands;

/// <summary>
/// <c>record</c>: measures everything that the documents quote and writes it to <c>bench/results</c>, one file for each kind of machine.
/// </summary>
internal sealed class RecordCommand : BenchCommand
{
    // What the models of the file spend their time on: a classifier of depthwise layers, dense convolutions, a large one.
    private static readonly string[] IsaModels = ["fashion-mobilenet", "ic_resnet8", "mobilenet_v2"];

    private readonly ModelSelection _models;
    private readonly Option<double> _seconds;
    private readonly Option<FileInfo?> _markdown = new("--markdown")
    {
        Description = "The file to write; without it one in bench/results that is named for the machine",
        HelpName = "FILE",
    };

    /// <summary>Declares the command and its options.</summary>
    public RecordCommand()
        : base("record", "All of these (but layers and digests) into bench/results")
    {
        _models = new(this, hasPrecision: false);
        _seconds = SecondsOption("each model");
        Add(_markdown);
        Frameworks = new(this);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult line)
    {
        string repository = Repository.Folder;
        IReadOnlyList<BenchModel> models = _models.Of(line);
        double seconds = line.GetValue(_seconds);
        string file = line.GetValue(_markdown)?.FullName ?? Path.Combine(repository, "bench", "results", Machine.Slug + ".md");
        var text = new StringBuilder($"# {Machine.Processor}\n\n");
        text.Append($"Paths of the kernels: int8 `{KernelPath.Name}`, float32 `{Float32Path.Name}`; {Environment.ProcessorCount} logical ");
        text.Append($"processors, {Runtime.Name}, ONNX Runtime {OnnxRuntimeSession.Version}.\n");
        text.Append(Document.Made("record")).Append('\n');

        Section("Beside ONNX Runtime", () => CompareCommand.Markdown(CompareCommand.Compare(models, 1, seconds)));
        IReadOnlyList<BenchModel> floats = [.. models.Select(m => m.With("Precision", "Float32"))];
        Section("Float32 code beside ONNX Runtime", () => CompareCommand.Markdown(CompareCommand.Compare(floats, 1, seconds)));
        Section("Kernels", () => KernelsCommand.Markdown([.. KernelsCommand.Measure(seconds / 20)]));
        Section("Instruction sets", () => IsaCommand.Markdown(
            [.. models.Where(m => IsaModels.Contains(m.Name)).SelectMany(m => IsaCommand.Measure(m, seconds / 2))]));
        if (Environment.ProcessorCount > 1)
        {
            int threads = Math.Min(Environment.ProcessorCount, 4);
            Section("Threads", () => ThreadsCommand.Markdown([.. models.Select(m => ThreadsCommand.Measure(m, threads, seconds / 3))]));
        }
        Section("Batches", () => BatchCommand.Markdown([.. BatchCommand.Measure(models, 64, seconds / 3)]));
        Section("First prediction", () => FirstCommand.Markdown([.. models.Select(m => FirstCommand.Measure(m, seconds / 2))]));
        // Apps for the usual framework, whatever runs here.
        if (!Runtime.IsUsual)
            return 0;
        Section("Cold start", () => StartupCommand.Markdown(StartupCommand.Measure(repository, seconds)));
        Section("Growth of builds", () => GrowthCommand.Markdown(GrowthCommand.Measure()));
        Section("Debug builds", () => DebugCommand.Markdown(DebugCommand.Measure(repository, seconds)));
        Section("WebAssembly", () => WasmCommand.Markdown(WasmCommand.Measure(repository, models, seconds, aot: false)));
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
            catch (Exception e) when (Program.IsReported(e))
            {
                Console.Error.WriteLine(e);
                body = $"Not measured: {e.Message.Split('\n')[0]}\n";
            }
            text.Append($"\n## {title}\n\n{body}");
            File.WriteAllText(file, text.ToString());
        }
    }
}
