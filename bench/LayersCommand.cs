using System.Diagnostics;
using System.Globalization;
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
        foreach (BenchModel model in models)
            Profile(model, arguments.Seconds);
        return 0;
    }

    private static void Profile(BenchModel model, double seconds)
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
        double total = fastest.Sum();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{model.Name}: {total:F1} µs, {outcome.Plan.Facts.Macs / total / 1e3:F1} GMAC/s, path {KernelPath.Name}"));
        Console.WriteLine($"{"µs",9} {"share",7} {"GMAC/s",8}  step");
        for (int i = 0; i < calls.Length; i++)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{fastest[i],9:F2} {fastest[i] / total,7:P1} {steps[i].Macs / fastest[i] / 1e3,8:F1}  {steps[i].Kernel}.{steps[i].Method}: {steps[i].Description}"));
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
