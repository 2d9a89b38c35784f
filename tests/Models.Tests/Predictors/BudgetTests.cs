using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using OptimizerBuild.Graphs;
using OptimizerBuild.Models.Accuracy;
using OptimizerBuild.Models.Harness;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Models.Predictors;

/// <summary>
/// What a model may cost before its first prediction: the intermediate language that the JIT compiles, by the runtime's own list of
/// compiled methods, in a process that does nothing else.
/// </summary>
public sealed partial class BudgetTests
{
    /// <summary>The most intermediate language of one method, in bytes: far from the limit from which on the JIT does not optimise.</summary>
    private const int MethodBytes = 8 * 1024;

    /// <summary>
    /// The most of all kernels that the first prediction runs. Most models stay below 30 KB; those with many kinds of layers (depthwise
    /// convolutions of two kernel sizes and strides, odd numbers of channels) compile up to 47 KB.
    /// </summary>
    private const int KernelBytes = 50 * 1024;

    /// <summary>The most of the generated methods, for each step of the plan: a call with literal arguments.</summary>
    private const int StepBytes = 220;

    public static TheoryData<string> Cases => SharedModels.Cases;

    [SharedTheory]
    [MemberData(nameof(Cases))]
    public void First_prediction_compiles_little(string name)
    {
        CompilationOutcome outcome = SharedModels.Compile(name);
        PlannedModel model = new(outcome.Plan with { Namespace = "Generated" }, outcome.Weights);
        Tensor[] input = [.. model.Plan.Inputs.Select(i => Tensor.Zeros(TensorType.Of(PredictorFolder.Element(i.Type), [.. i.Dimensions])))];
        string folder = Directory.CreateTempSubdirectory("optimizerbuild-budget-").FullName;
        try
        {
            new PredictorFolder([model], [[input]], GeneratedModels.Emit([model])).Write(folder);
            (string Method, int Bytes)[] compiled = [.. Compiled(folder)];
            Assert.NotEmpty(compiled);
            Assert.All(compiled, m => Assert.True(m.Bytes < MethodBytes, $"{m.Method}: {m.Bytes} bytes"));
            Check(name, "kernels", [.. compiled.Where(m => m.Method.StartsWith("OptimizerBuild.", StringComparison.Ordinal))], KernelBytes);
            Check(
                name, "generated code", [.. compiled.Where(m => m.Method.StartsWith("Generated.", StringComparison.Ordinal))],
                StepBytes * (model.Plan.Steps.Count + 10));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Check(string name, string what, (string Method, int Bytes)[] compiled, int most)
    {
        int sum = compiled.Sum(m => m.Bytes);
        Assert.True(
            sum <= most,
            $"{name}: {what} {sum} bytes in {compiled.Length} methods, at most {most}\n" + string.Join(
                '\n', compiled.OrderByDescending(m => m.Bytes).Take(25).Select(m => $"{m.Bytes} {m.Method}")));
    }

    // Lines such as "  12: JIT compiled OptimizerBuild.Kernels.Int8Dense:Run(…) [FullOpts, IL size=…, code size=…]".
    private static IEnumerable<(string Method, int Bytes)> Compiled(string folder)
    {
        string summary = Path.Combine(folder, "jit.txt");
        var start = new ProcessStartInfo(
            Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet")
        {
            ArgumentList = { typeof(BudgetTests).Assembly.Location, "first", folder },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_JitStdOutFile"] = summary;
        start.Environment["DOTNET_JitDisasmSummary"] = "1";
        using Process process = Process.Start(start) ?? throw new InvalidOperationException("no child process");
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"exit code {process.ExitCode}\n{output}\n{errors.Result}");
        foreach (string line in File.ReadLines(summary))
        {
            Match match = CompiledMethod().Match(line);
            if (match.Success && !match.Groups["method"].Value.StartsWith("Generated.Drivers.", StringComparison.Ordinal))
                yield return (match.Groups["method"].Value, int.Parse(match.Groups["bytes"].Value, CultureInfo.InvariantCulture));
        }
    }

    [GeneratedRegex(@"JIT compiled (?<method>(OptimizerBuild\.Kernels|Generated)\..*) \[(?!Instrumented).*IL size=(?<bytes>\d+)")]
    private static partial Regex CompiledMethod();
}
