using OptimizerBuild.Compression;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Generators;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Lowering;
using OptimizerBuild.Models.Accuracy;
using OptimizerBuild.Models.Harness;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Models.Predictors;

/// <summary>
/// The predictors generated for the development set's models, in integers and in float32, on processors that this machine does not have:
/// the bytes that the executed plan gives here.
/// </summary>
public sealed class OtherProcessorTests : IClassFixture<OtherProcessorTests.Folder>, IClassFixture<Arm64Launcher>
{
    private static readonly string[] Forms = ["starting", "generated", "threads", "executed"];

    // Models of which some nodes, or the gates of recurrent layers, stay in float32: there WebAssembly rounds products before it adds them,
    // as it does in all float32 models, so that their last bits may differ.
    private static readonly string[] PartlyFloat32 =
        ["standard_v3_3", "version-slim-320", "ch_ppocr_mobile_v2.0_cls_infer", "fashion-gru", "tinybert"];

    private readonly Folder _folder;
    private readonly Arm64Launcher _launcher;

    public OtherProcessorTests(Folder folder, Arm64Launcher launcher)
    {
        _folder = folder;
        _launcher = launcher;
    }

    [Theory]
    [InlineData(Arm64Emulation.Newest, "armdot")]
    [InlineData(Arm64Emulation.WithoutDotProduct, "vector128")]
    public void Arm64GivesTheSameBytes(string processor, string path)
    {
        Arm64Emulation.Require();
        SharedAssets.Require();
        Dictionary<string, string> actual = Parse(
            _launcher.Run(processor, typeof(OtherProcessorTests).Assembly, "predict", _folder.Location), path);
        Assert.Equal([], Differences(actual));
        PathRecord.Ran($"generated {path} on arm64 in qemu {processor}");
    }

    [Fact]
    public void WebAssemblyGivesTheSameBytesInIntegers()
    {
        NodeJs.Require();
        SharedAssets.Require();
        using var app = new WebAssemblyApp(typeof(OtherProcessorTests).Assembly,
            [typeof(PlanExecutor).Assembly, typeof(PredictorGenerator).Assembly, typeof(Workspace).Assembly], _folder.Location);

        Dictionary<string, string> actual = Parse(app.Run("predict", WebAssemblyApp.Files), "vector128");

        string[] rounded = [.. PartlyFloat32, .. Folder.Float32Names];
        Assert.Equal([], Differences(actual).Except(rounded.SelectMany(model => Forms.Select(form => $"{form}:{model}"))));
        foreach (string model in rounded)
            Assert.Single(Forms.Select(form => actual[$"{form}:{model}"]).Distinct());
        PathRecord.Ran("generated vector128 on wasm");
    }

    private static Dictionary<string, string> Parse(ProcessResult run, string path)
    {
        Dictionary<string, string> lines = run.Succeeded().Output
            .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(line => line.Split(' ')).ToDictionary(words => words[0], words => words[^1]);
        Assert.Equal(path, lines["library"]);
        Assert.Equal(path, lines["path"]);
        return lines;
    }

    private IEnumerable<string> Differences(Dictionary<string, string> actual) =>
        [.. SharedModels.Names.Concat(Folder.Float32Names).SelectMany(model => Forms
            .Select(form => $"{form}:{model}")
            .Where(name => actual[name] != _folder.Expected["executed:" + model]))];

    /// <summary>All models with few inputs, since emulation is slow.</summary>
    public sealed class Folder : IDisposable
    {
        // Of each model so many inputs as take about this many multiply-accumulates; in float32 without those that no data has, whose
        // outputs are NaN of some kind.
        private const long IntegerBudget = 400_000_000;
        private const long Float32Budget = 100_000_000;
        private const int Data = 4;

        public Folder()
        {
            if (SharedAssets.SkipReason is not null || (Arm64Emulation.SkipReason is not null && NodeJs.SkipReason is not null))
                return;
            PlannedModel[] integer = [.. SharedModels.Names.Select(Integer)];
            PlannedModel[] float32 = [.. SharedModels.Names.Select(Float32)];
            IReadOnlyList<Tensor[]>[] inputs =
            [
                .. SharedModels.Names.Select((name, i) => Inputs(name, integer[i], int.MaxValue, IntegerBudget)),
                .. SharedModels.Names.Select((name, i) => Inputs(name, float32[i], Data, Float32Budget)),
            ];
            PlannedModel[] models = [.. integer, .. float32];
            var folder = new PredictorFolder(models, inputs, GeneratedModels.Emit(models));
            Location = Directory.CreateTempSubdirectory("optimizerbuild-predictors-").FullName;
            folder.Write(Location);
            Expected = folder.Digests().ToDictionary(d => d.Name, d => d.Value);
        }

        public static IEnumerable<string> Float32Names => SharedModels.Names.Select(name => name + "-float32");

        public string Location { get; } = "";

        public IReadOnlyDictionary<string, string> Expected { get; } = new Dictionary<string, string>();

        public void Dispose()
        {
            if (Location.Length > 0)
                Directory.Delete(Location, recursive: true);
        }

        private static PlannedModel Integer(string name)
        {
            CompilationOutcome outcome = SharedModels.Compile(name);
            return new(outcome.Plan with { Namespace = "Generated" }, outcome.Weights);
        }

        private static PlannedModel Float32(string name)
        {
            ModelOptions options = SharedModels.Options(name);
            string className = options.ClassName + "Float32";
            LoweredModel lowered = GraphLowerer.Lower(
                new CompressedModel(PassPipeline.Run(SharedModels.Import(options))), new BoundaryOptions { ClassName = className });
            PlannedModel planned = PlannedModel.Of(lowered, className);
            return planned with { Plan = planned.Plan with { Model = name + "-float32" } };
        }

        // Data first, then what no data has; evenly spread over both where not all fit the budget.
        private static List<Tensor[]> Inputs(string name, PlannedModel model, int most, long budget)
        {
            List<Tensor[]> all = [.. ModelInputs.Of(name, model.Plan, 0, Data).Take(most)];
            long count = Math.Clamp(budget / model.Plan.Steps.Sum(s => s.Macs), 1, all.Count);
            return [.. all.Where((_, i) => i * count / all.Count != ((i - 1) * count / all.Count) || i == 0)];
        }
    }
}
