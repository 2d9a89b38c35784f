using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime;
using System.Text;
using System.Text.Json;
using OptimizerBuild.Pipeline;

namespace OptimizerBuild.Bench;

/// <summary>
/// <c>first</c>: what each model costs before its first prediction, at run time (construction and prediction in a fresh process, once as it
/// is and once with <c>WarmUp</c>, and what the JIT compiles for it) and when the project is built (generating and compiling its code).
/// </summary>
internal static class FirstCommand
{
    // The child's command: not for users.
    public const string Child = "first-child";

    private const string Cold = "cold";
    private const string Warm = "warm";

    /// <summary>Runs the command.</summary>
    /// <returns>The process's exit code.</returns>
    public static int Run(IReadOnlyList<BenchModel> models, BenchArguments arguments)
    {
        Console.Write(FirstRow.Heading);
        var rows = new List<FirstRow>();
        foreach (BenchModel model in models)
        {
            rows.Add(Measure(model, arguments.Seconds));
            Console.Write(rows[^1].Line);
        }
        if (arguments.Json is { } json)
            File.WriteAllText(json, JsonSerializer.Serialize(rows, Json.Format) + "\n");
        if (arguments.Markdown is { } markdown)
            File.WriteAllText(markdown, Markdown(rows));
        return 0;
    }

    /// <summary>Measures a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="seconds">How long, about.</param>
    public static FirstRow Measure(BenchModel model, double seconds)
    {
        CompilationOutcome outcome = ModelCompiler.Compile((model with { Evaluation = null }).Options(), CancellationToken.None);
        (double build, int characters) = PredictorBuild.CompileCost(outcome);
        string assembly = Path.Combine(Path.GetTempPath(), $"bench-{Environment.ProcessId}-{model.Name}.dll");
        File.WriteAllBytes(assembly, PredictorBuild.Compile(outcome));
        try
        {
            int runs = Math.Clamp((int)(seconds * 3), 3, 30);
            double[][] cold = [.. Enumerable.Range(0, runs).Select(_ => Start(assembly, Cold))];
            double warm = Enumerable.Range(0, runs).Min(_ => Start(assembly, Warm)[0]);
            double[] best = cold.MinBy(r => r[0])!;
            return new(
                model.Name, outcome.Plan.Facts.Macs, Math.Round(best[0], 1), Math.Round(warm, 1), (int)best[1], Math.Round(best[2] / 1024, 1),
                Math.Round(build), characters / 1024);
        }
        finally
        {
            File.Delete(assembly);
        }
    }

    /// <summary>The child: prints milliseconds, and the methods and the bytes of their code that the JIT compiled.</summary>
    public static int RunChild(string path, string mode)
    {
        Assembly assembly = Assembly.LoadFrom(path);
        long methods = JitInfo.GetCompiledMethodCount();
        long bytes = JitInfo.GetCompiledILBytes();
        long start = Stopwatch.GetTimestamp();
        Predictor predictor = PredictorBuild.CreateCold(assembly);
        if (mode == Warm)
            predictor.WarmUp();
        predictor.Run();
        double milliseconds = (Stopwatch.GetTimestamp() - start) * 1e3 / Stopwatch.Frequency;
        methods = JitInfo.GetCompiledMethodCount() - methods;
        bytes = JitInfo.GetCompiledILBytes() - bytes;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{milliseconds:R} {methods} {bytes}"));
        return 0;
    }

    /// <summary>The table of record.</summary>
    public static string Markdown(IReadOnlyList<FirstRow> rows)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Machine.Processor}. Construction and first prediction in a fresh process, as it is and with `WarmUp()` first (minimum); what the JIT compiles\n");
        text.Append("for the first of the two; what generating and compiling the model's code adds to the build of a project (minimum).\n");
        text.Append("Made by `dotnet run -c Release --project bench -- first --markdown FILE`.\n\n").Append(FirstRow.MarkdownHeading);
        return text.AppendJoin("", rows.Select(r => r.Markdown)).ToString();
    }

    private static double[] Start(string assembly, string mode) =>
        [.. ChildProcess.Run(Environment.ProcessPath!, [.. ChildProcess.Self(), Child, assembly, mode]).Split(' ').Select(w => double.Parse(w, CultureInfo.InvariantCulture))];
}

/// <summary>What a model costs before its first prediction.</summary>
/// <param name="Model">The model.</param>
/// <param name="Macs">Its multiply-accumulates.</param>
/// <param name="FirstMs">Construction and first prediction.</param>
/// <param name="WarmUpMs">The same with everything compiled first.</param>
/// <param name="Methods">Methods that the JIT compiles for it.</param>
/// <param name="ILKilobytes">Their intermediate language, in units of 1024 bytes.</param>
/// <param name="BuildMs">What generating and compiling the model's code adds to a build.</param>
/// <param name="SourceKilobytes">The generated sources, kernels included.</param>
internal sealed record FirstRow(
    string Model, long Macs, double FirstMs, double WarmUpMs, int Methods, double ILKilobytes, double BuildMs, int SourceKilobytes)
{
    public static string Heading =>
        string.Create(CultureInfo.InvariantCulture, $"{"model",-34} {"MMACs",8} {"first ms",9} {"WarmUp ms",10} {"methods",8} {"IL KB",7} {"build ms",9} {"source KB",10}\n");

    public string Line => string.Create(
        CultureInfo.InvariantCulture, $"{Model,-34} {Macs / 1e6,8:F2} {FirstMs,9:F1} {WarmUpMs,10:F1} {Methods,8} {ILKilobytes,7:F1} {BuildMs,9:F0} {SourceKilobytes,10}\n");

    public static string MarkdownHeading =>
        "| model | million MACs | first, ms | with `WarmUp()`, ms | methods | IL, KB | build, ms | source, KB |\n|---|---|---|---|---|---|---|---|\n";

    public string Markdown => string.Create(
        CultureInfo.InvariantCulture, $"| {Model} | {Macs / 1e6:F2} | {FirstMs:F1} | {WarmUpMs:F1} | {Methods} | {ILKilobytes:F1} | {BuildMs:F0} | {SourceKilobytes} |\n");
}
