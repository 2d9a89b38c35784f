using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json;
using OptimizerBuild.Pipeline;

namespace OptimizerBuild.Bench;

/// <summary><c>threads</c>: one prediction on one thread and on several, in turn.</summary>
internal static class ThreadsCommand
{
    /// <summary>Runs the command.</summary>
    /// <returns>The process's exit code.</returns>
    public static int Run(IReadOnlyList<BenchModel> models, BenchArguments arguments)
    {
        int threads = arguments.Threads > 1 ? arguments.Threads : Environment.ProcessorCount;
        List<ThreadsRow> rows = [.. models.Select(m => Measure(m, threads, arguments.Seconds))];
        Console.Write(Markdown(rows, threads));
        if (arguments.Json is { } json)
            File.WriteAllText(json, JsonSerializer.Serialize(rows, Json.Format) + "\n");
        if (arguments.Markdown is { } markdown)
            File.WriteAllText(markdown, Markdown(rows, threads));
        return 0;
    }

    /// <summary>Measures a model on one thread and on several.</summary>
    public static ThreadsRow Measure(BenchModel model, int threads, double seconds)
    {
        CompilationOutcome outcome = ModelCompiler.Compile((model with { Evaluation = null }).Options(), CancellationToken.None);
        Assembly assembly = Assembly.Load(PredictorBuild.Compile(outcome));
        Predictor one = PredictorBuild.Create(assembly), several = PredictorBuild.Create(assembly);
        one.Parallelism = 1;
        several.Parallelism = threads;
        Timings[] timings = Timings.Interleave([one.Run, several.Run], seconds);
        return new(model.Name, threads, Math.Round(timings[0].Min, 2), Math.Round(timings[1].Min, 2), Math.Round(timings[0].Min / timings[1].Min, 2));
    }

    /// <summary>The table of record.</summary>
    public static string Markdown(IReadOnlyList<ThreadsRow> rows, int threads)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Machine.Processor}, int8 path `{Kernels.KernelPath.Name}`, minimum of interleaved runs.\n");
        text.Append("Made by `dotnet run -c Release --project bench -- threads --markdown FILE`.\n\n");
        text.Append(CultureInfo.InvariantCulture, $"| model | 1 thread, µs | {threads} threads, µs | times as fast |\n|---|---|---|---|\n");
        foreach (ThreadsRow r in rows)
            text.Append(CultureInfo.InvariantCulture, $"| {r.Model} | {r.OneThreadUs:F1} | {r.SeveralThreadsUs:F1} | {r.Speedup:F2} |\n");
        return text.ToString();
    }
}

/// <summary>A model on one thread and on several.</summary>
/// <param name="Model">The model.</param>
/// <param name="Threads">How many threads.</param>
/// <param name="OneThreadUs">The shortest time of a prediction on one thread, in microseconds.</param>
/// <param name="SeveralThreadsUs">On several.</param>
/// <param name="Speedup">The first ÷ the second.</param>
internal sealed record ThreadsRow(string Model, int Threads, double OneThreadUs, double SeveralThreadsUs, double Speedup);
