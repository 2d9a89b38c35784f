using System.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Models.Accuracy;
using OptimizerBuild.Models.Harness;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Models.Predictors;

/// <summary>
/// The predictors generated for the development set's models, under every instruction-set switch, in child processes: the same bytes as
/// the plan executed in this process, which other tests compare with the scalar simulation.
/// </summary>
public sealed class GeneratedCodeTests : IClassFixture<GeneratedCodeTests.Folder>
{
    private readonly Folder _folder;

    public GeneratedCodeTests(Folder folder) => _folder = folder;

    /// <summary>The runtime's switches and the path that they leave on a machine with everything; empty where it depends on the
    /// machine.</summary>
    public static TheoryData<string, string> Switches => new()
    {
        { "", KernelPath.Name },
        { "DOTNET_EnableAVX10v2=0", KernelPath.UsesAvx10 ? "avxvnni" : KernelPath.Name },
        { "DOTNET_EnableAVXVNNI=0 DOTNET_EnableAVX512=0", "avx2" },
        { "DOTNET_EnableAVXVNNI=0", KernelPath.UsesAvxVnni ? "" : KernelPath.Name },
        { "DOTNET_EnableAVX512=0", "" },
        { "DOTNET_EnableAVXVNNI=0 DOTNET_PreferredVectorBitWidth=256", "" },
        { "DOTNET_EnableAVX2=0", "vector128" },
        { "DOTNET_EnableAVX=0", "vector128" },
        { "DOTNET_EnableHWIntrinsic=0", "scalar" },
    };

    [Theory]
    [MemberData(nameof(Switches))]
    public void GeneratedCodeGivesThePlansBytes(string switches, string path)
    {
        SharedAssets.Require();
        IReadOnlyDictionary<string, string> expected = _folder.Expected;
        Dictionary<string, string> actual = Run(_folder.Location, switches);
        Assert.Equal(actual["library"], actual["path"]);
        if (path.Length > 0 && System.Runtime.Intrinsics.X86.Avx2.IsSupported)
            Assert.Equal(path, actual["path"]);
        foreach (string model in SharedModels.Names)
        {
            string bytes = expected["executed:" + model];
            Assert.True(bytes == expected["generated:" + model], $"{model}: generated code differs from the executed plan");
            Assert.True(bytes == expected["starting:" + model], $"{model}: generated code differs on the start-up path");
            Assert.True(bytes == actual["starting:" + model], $"{model}: generated code differs on the start-up path under '{switches}'");
            Assert.True(bytes == expected["threads:" + model], $"{model}: generated code differs on two threads");
            Assert.True(bytes == actual["threads:" + model], $"{model}: generated code differs on two threads under '{switches}'");
            Assert.True(bytes == actual["executed:" + model], $"{model}: the executed plan differs under '{switches}'");
            Assert.True(bytes == actual["generated:" + model], $"{model}: generated code differs under '{switches}'");
        }
        PathRecord.Ran($"generated {actual["path"]} on {Machine.Architecture} {switches}".TrimEnd());
    }

    private static Dictionary<string, string> Run(string folder, string switches)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host
            : "dotnet")
        {
            ArgumentList = { typeof(GeneratedCodeTests).Assembly.Location, "predict", folder },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string name in start.Environment.Keys.Where(k => k.StartsWith("DOTNET_Enable", StringComparison.Ordinal)).ToArray())
            start.Environment.Remove(name);
        foreach (string assignment in switches.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = assignment.Split('=');
            start.Environment[parts[0]] = parts[1];
        }
        using Process process = Process.Start(start) ?? throw new InvalidOperationException("no child process");
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"'{switches}': exit code {process.ExitCode}\n{output}\n{errors.Result}");
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(line => line.Split(' ')).ToDictionary(words => words[0], words => words[^1]);
    }

    /// <summary>All models, compiled once for all switches.</summary>
    public sealed class Folder : IDisposable
    {
        // 500 samples of the small models, 20 of a network with 50 million multiply-accumulates, beside the hostile inputs.
        private const long Budget = 1_000_000_000;
        private const int MostSamples = 500;

        public Folder()
        {
            if (SharedAssets.SkipReason is not null)
                return;
            PlannedModel[] models = [.. SharedModels.Names.Select(n =>
            {
                CompilationOutcome outcome = SharedModels.Compile(n);
                return new PlannedModel(outcome.Plan with { Namespace = "Generated" }, outcome.Weights);
            })];
            IReadOnlyList<Tensor[]>[] inputs = [.. models.Select((m, i) =>
                ModelInputs.Of(SharedModels.Names[i], m.Plan, Budget, MostSamples))];
            var folder = new PredictorFolder(models, inputs, GeneratedModels.Emit(models));
            Location = Directory.CreateTempSubdirectory("optimizerbuild-predictors-").FullName;
            folder.Write(Location);
            Expected = folder.Digests().ToDictionary(d => d.Name, d => d.Value);
        }

        public string Location { get; } = "";

        public IReadOnlyDictionary<string, string> Expected { get; } = new Dictionary<string, string>();

        public void Dispose()
        {
            if (Location.Length > 0)
                Directory.Delete(Location, recursive: true);
        }
    }
}
