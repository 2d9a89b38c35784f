using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using OptimizerBuild.Generators.Tests.Harness;
using OptimizerBuild.Graphs;
using OptimizerBuild.Models.Accuracy;
using OptimizerBuild.Models.Harness;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Models.Predictors;

/// <summary>
/// What a model may cost before its first prediction, by the runtime's own list of the methods that it compiled in a process which does
/// nothing else, and what it may cost when its project is built.
/// </summary>
public sealed partial class BudgetTests
{
    /// <summary>
    /// The most intermediate language of one method, in bytes, whether of the start-up path or of the fast code: far from the limit from
    /// which on the JIT does not optimise.
    /// </summary>
    private const int MethodBytes = 8 * 1024;

    /// <summary>The most of all methods that the first prediction runs, generated ones included.</summary>
    private const int FirstBytes = 30 * 1024;

    /// <summary>The most of the generated methods, for each step of the plan: a call with literal arguments.</summary>
    private const int StepBytes = 220;

    /// <summary>
    /// The most characters of the sources that a model adds to a compilation, kernels included. Generating and compiling them is to take
    /// about a second; time cannot be asserted, but goes with their length: 0.6 to 1 ms for a thousand (<c>bench first</c>).
    /// </summary>
    private const int SourceCharacters = 920 * 1000;

    public static TheoryData<string> Cases => SharedModels.Cases;

    [Theory]
    [MemberData(nameof(Cases))]
    public void First_prediction_compiles_little(string name)
    {
        SharedAssets.Require();
        CompilationOutcome outcome = SharedModels.Compile(name);
        PlannedModel model = new(outcome.Plan with { Namespace = "Generated" }, outcome.Weights);
        GeneratedProject project = GeneratedModels.Generate([model]);
        int characters = project.Files.Values.Sum(f => f.Length);
        Assert.True(
            characters <= SourceCharacters,
            $"{name}: {characters} characters of generated sources, at most {SourceCharacters}\n" + string.Join(
                '\n', project.Files.OrderByDescending(f => f.Value.Length).Take(40).Select(f => $"{f.Value.Length} {f.Key}")));
        Tensor[] input = [.. model.Plan.Inputs.Select(i =>
            Tensor.Zeros(TensorType.Of(PredictorFolder.Element(i.Type), [.. i.Dimensions])))];
        string folder = Directory.CreateTempSubdirectory("optimizerbuild-budget-").FullName;
        try
        {
            new PredictorFolder([model], [[input]], project.Emit()).Write(folder);
            (string Method, int Bytes)[] first = [.. Compiled(folder, "first")];
            (string Method, int Bytes)[] warm = [.. Compiled(folder, "warm")];
            Assert.NotEmpty(first);
            Assert.NotEmpty(warm);
            Assert.All(first.Concat(warm), m => Assert.True(m.Bytes < MethodBytes, $"{name}: {m.Method}: {m.Bytes} bytes"));
            Check(name, "all", first, FirstBytes);
            Check(
                name, "generated code", [.. first.Where(m => m.Method.StartsWith("Generated.", StringComparison.Ordinal))],
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

    // Methods that are compiled again because they are called often do not count; those that are replaced while they run do.
    // Lines such as "  12: JIT compiled OptimizerBuild.Kernels.Int8Dense:Run(…) [FullOpts, IL size=…, code size=…]".
    private static IEnumerable<(string Method, int Bytes)> Compiled(string folder, string mode)
    {
        string summary = Path.Combine(folder, mode + ".jit.txt");
        var start = new ProcessStartInfo(
            Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet")
        {
            ArgumentList = { typeof(BudgetTests).Assembly.Location, mode, folder },
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

    [GeneratedRegex(@"JIT compiled (?<method>(OptimizerBuild\.Kernels|Generated)\..*) "
        + @"\[(Instrumented )?(Tier0|MinOpts|FullOpts|Tier1-OSR).*IL size=(?<bytes>\d+)")]
    private static partial Regex CompiledMethod();
}
