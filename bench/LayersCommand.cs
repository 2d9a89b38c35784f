using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Kernels;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Bench;

/// <summary>
/// <c>layers</c>: the time of each step of a model's plan, the binding of its inputs first, run over the kernels as the build-time
/// evaluation runs it. Steps run in order, so that each meets the caches as in a prediction; the minimum over many predictions is shown.
/// </summary>
internal static class LayersCommand
{
    /// <summary>Runs the command.</summary>
    /// <returns>The process's exit code.</returns>
    public static int Run(IReadOnlyList<BenchModel> models, BenchArguments arguments)
    {
        var profiles = new List<object>();
        foreach (BenchModel model in models)
        {
            StepCost[] steps = Profile(model, arguments.Seconds);
            profiles.Add(new { Model = model.Name, Path = KernelPath.Name, PeakInt8 = TilePeaks.Int8, PeakFloat32 = TilePeaks.Float32, Steps = steps });
            Print(model.Name, steps);
        }
        if (arguments.Json is { } json)
            File.WriteAllText(json, JsonSerializer.Serialize(profiles, Json.Format) + "\n");
        return 0;
    }

    private static void Print(string model, StepCost[] steps)
    {
        double total = steps.Sum(s => s.Microseconds);
        long macs = steps.Sum(s => s.Macs);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{model}: {total:F1} µs, {macs / total / 1e3:F1} GMAC/s; path {KernelPath.Name} with a tile peak of {TilePeaks.Int8:F0}, float32 {TilePeaks.Float32:F0} GMAC/s"));
        Console.WriteLine($"{"µs",9} {"share",7}   {"K MACs",9} {"KB",8} {"GMAC/s",8} {"peak",6}  {"bound",-8}  step (! more than 10 % of the time, less than 5 % of the work)");
        foreach (StepCost s in steps)
        {
            char mark = s.Microseconds > 0.1 * total && s.Macs < 0.05 * macs ? '!' : ' ';
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{s.Microseconds,9:F2} {s.Microseconds / total,7:P1} {mark} {s.Macs / 1e3,9:F0} {s.Bytes / 1024.0,8:F1} {s.GigaMacs,8:F1} {s.ComputeShare,6:P0}  {s.Bound,-8}  {s.Step}: {s.Description}"));
        }
    }

    private static StepCost[] Profile(BenchModel model, double seconds)
    {
        CompilationOutcome outcome = ModelCompiler.Compile((model with { Evaluation = null }).Options(), CancellationToken.None);
        PlanInput[] bindings = [.. outcome.Plan.Inputs.Where(i => i.Binding is not null)];
        PlanStep[] steps = [.. bindings.Select(i => i.Binding!), .. outcome.Plan.Steps];
        var workspace = new Workspace(PackedWeights.Of(outcome.Weights), outcome.Plan.ArenaBytes);
        StepCall[] calls = [.. bindings.Select(Binding), .. outcome.Plan.Steps.Select(KernelBinder.Bind)];
        var fastest = new double[calls.Length];
        Array.Fill(fastest, double.MaxValue);
        long begin = Stopwatch.GetTimestamp();
        for (int run = 0; run < 20 || Stopwatch.GetElapsedTime(begin).TotalSeconds < seconds; run++)
        {
            for (int i = 0; i < calls.Length; i++)
            {
                long start = Stopwatch.GetTimestamp();
                calls[i](workspace);
                fastest[i] = Math.Min(fastest[i], (Stopwatch.GetTimestamp() - start) * 1e6 / Stopwatch.Frequency);
            }
        }
        return [.. steps.Select((s, i) => StepCost.Of(outcome.Plan, s, i < bindings.Length ? -1 : i - bindings.Length, fastest[i]))];
    }

    // The caller's elements are zeros: no binding's time depends on them.
    private static StepCall Binding(PlanInput input) => input.Type switch
    {
        BoundaryType.Float32 => Binding<float>(input),
        BoundaryType.UInt8 => Binding<byte>(input),
        BoundaryType.Int32 => Binding<int>(input),
        BoundaryType.Int64 => Binding<long>(input),
        _ => static _ => { },
    };

    private static StepCall Binding<T>(PlanInput input)
        where T : unmanaged
    {
        BindingCall<T> call = KernelBinder.BindInput<T>(input.Binding!);
        var source = new T[input.Length];
        return workspace => call(source, workspace);
    }
}
