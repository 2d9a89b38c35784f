using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using OptimizerBuild.Bench.Measurement;
using OptimizerBuild.Bench.Models;
using OptimizerBuild.Bench.Reporting;
using OptimizerBuild.Pipeline;

namespace OptimizerBuild.Bench.Commands;

/// <summary>
/// <c>growth</c>: what the task of a first build takes for models of more and more weights, in time, processor time and memory, each model
/// in a process of its own. Time in proportion to the weights is what a build should take.
/// </summary>
internal sealed class GrowthCommand : BenchCommand
{
    private const int Samples = 128;
    private static readonly int[] Usual = [1, 10, 50];

    private static readonly Table<GrowthRow> Columns = new(
        new("weights", r => r.Weights, "N0", 12),
        new("seconds", r => r.Seconds, "F2", 9),
        new("processor s", r => r.ProcessorSeconds, "F2", 12) { Title = "processor seconds" },
        new("a million", r => r.ProcessorSeconds / r.Weights * 1e6, "F3", 10) { Title = "processor seconds a million weights" },
        new("memory, MB", r => r.Memory / 1e6, "N0", 11) { Title = "greatest memory of the process, MB" },
        new("resource", r => r.Bytes, "N0", 12) { Title = "bytes of the weights' resource" });

    private readonly Option<int[]> _layers = new("--layers")
    {
        Description = "How many layers of about a million weights the models have; each is built in a process of its own",
        HelpName = "N",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => Usual,
    };

    private readonly Option<FileInfo?> _file = new("--file")
    {
        Description = "A model of as many layers as --layers says, to be built in this process: what the command hands to those it starts",
        HelpName = "FILE",
    };

    private readonly FigureFiles _files;

    /// <summary>Declares the command and its options.</summary>
    public GrowthCommand()
        : base("growth", "Time and memory of the first build of models of a million weights and more")
    {
        _layers.Validators.Add(result =>
        {
            foreach (string layers in result.Tokens.Select(t => t.Value))
                if (int.TryParse(layers, CultureInfo.InvariantCulture, out int n) && n is < 1 or > 400)
                    result.AddError($"--layers should be a number from 1 to 400, not {layers}.");
        });
        Add(_layers);
        Add(_file);
        _files = new(this);
    }

    /// <summary>Builds the usual models.</summary>
    public static List<GrowthRow> Measure() => [.. Usual.Select(InProcessOfItsOwn)];

    /// <summary>The table of record.</summary>
    public static string Markdown(List<GrowthRow> rows) => Document.Of(
        "growth",
        $"{Machine.Processor}. Dense layers of {DenseChain.Width} by {DenseChain.Width} random weights, calibrated on {Samples} samples of "
            + "noise; import to resource, with the start of .NET's compiler on the build's own code.",
        Columns.Markdown(rows));

    /// <inheritdoc/>
    protected override int Run(ParseResult line)
    {
        int[] layers = line.GetValue(_layers) ?? Usual;
        List<GrowthRow> rows = line.GetValue(_file) is { } file
            ? [Build(file.FullName, layers[0])] : [.. layers.Select(InProcessOfItsOwn)];
        _files.Write(line, Columns.Print(rows), Markdown);
        return 0;
    }

    // The model is written here: what that takes is no part of the other's memory.
    private static GrowthRow InProcessOfItsOwn(int layers)
    {
        string folder = Directory.CreateTempSubdirectory("optimizerbuild-growth-").FullName;
        string model = Path.Combine(folder, "chain.onnx"), figures = Path.Combine(folder, "figures.json");
        try
        {
            DenseChain.Write(model, layers);
            ChildProcess.Run(Environment.ProcessPath!,
            [
                .. ChildProcess.Self(), "growth", "--file", model, "--layers", layers.ToString(CultureInfo.InvariantCulture),
                "--json", figures,
            ]);
            return JsonSerializer.Deserialize<List<GrowthRow>>(File.ReadAllText(figures), Json.Format)!.Single();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static GrowthRow Build(string model, int layers)
    {
        string data = NoiseCalibration.File([DenseChain.Width], Samples);
        TimeSpan before = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        var item = new BenchModel(model, data, null, null, 1, null);
        CompilationOutcome outcome = ModelCompiler.Finish(ModelCompiler.Compress(item.Options()));
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        using var process = Process.GetCurrentProcess();
        return new(
            (long)layers * DenseChain.Width * DenseChain.Width, Math.Round(seconds, 2),
            Math.Round((Environment.CpuUsage.TotalTime - before).TotalSeconds, 2), process.PeakWorkingSet64, outcome.Weights.Length);
    }
}

/// <summary>The first build of one model.</summary>
/// <param name="Weights">How many weights it has, biases apart.</param>
/// <param name="Seconds">From reading the file to the finished resource.</param>
/// <param name="ProcessorSeconds">The processor time of that, over all cores.</param>
/// <param name="Memory">The most memory that the process had, in bytes.</param>
/// <param name="Bytes">Bytes of the weights' resource.</param>
internal sealed record GrowthRow(long Weights, double Seconds, double ProcessorSeconds, long Memory, int Bytes);
