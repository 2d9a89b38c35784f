using Google.Protobuf;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Models.Harness;
using OptimizerBuild.Models.Predictors;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Models.Conformance;

/// <summary>
/// Models of the ONNX backend suite, damaged: they are compressed, or refused with a code. What is compressed runs, and its generated code
/// compiles.
/// </summary>
public sealed class MutatedModelTests
{
    private const int Models = 600;

    // Of the compressed ones, how many go through the C# compiler: one in so many.
    private const int CompiledOneIn = 8;
    private const int LargestFile = 50_000;
    private const int LargestArena = 64 << 20;

    [Fact]
    public void DamagedModelsAreCompressedOrRefusedWithACode()
    {
        SharedAssets.Require();
        string[] files =
        [
            .. new[] { "node", "simple", "pytorch-operator", "pytorch-converted" }.SelectMany(BackendSuite.Tests).Select(t => t.ModelPath)
                .Where(f => new FileInfo(f).Length < LargestFile),
        ];
        string folder = Directory.CreateTempSubdirectory("mutated-").FullName;
        int compressed = 0;
        int refused = 0;
        try
        {
            for (int seed = 0; seed < Models; seed++)
            {
                string file = files[new Random(seed).Next(files.Length)];
                try
                {
                    CompilationOutcome outcome = ModelCompiler.Compile(Damaged(seed, file, folder), CancellationToken.None);
                    compressed++;
                    Run(outcome, compressed % CompiledOneIn == 0);
                }
                catch (ModelException)
                {
                    refused++;
                }
                catch (Exception e)
                {
                    throw new InvalidOperationException($"seed {seed}: {file}", e);
                }
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        Assert.True(compressed > Models / 8 && refused > Models / 8, $"{compressed} compressed, {refused} refused");
    }

    private static ModelOptions Damaged(int seed, string file, string folder)
    {
        var random = new Random(seed);
        random.Next();
        ModelProto model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(file));
        for (int damage = random.Next(4); damage > 0; damage--)
            ModelMutation.All[random.Next(ModelMutation.All.Count)](model, random);
        string path = Path.Combine(folder, "mutated.onnx");
        File.WriteAllBytes(path, model.ToByteArray());
        return new ModelOptions
        {
            ModelPath = path,
            Name = "mutated",
            ClassName = "Mutated",
            Namespace = "Generated",
            Precision = random.Next(4) switch { 0 => ModelPrecision.Float32, 1 => ModelPrecision.Int8, _ => ModelPrecision.Auto },
            ExportOnnx = random.Next(6) == 0,
        };
    }

    private static void Run(CompilationOutcome outcome, bool compiled)
    {
        if (outcome.Plan.ArenaBytes > LargestArena)
            return;
        Tensor[] inputs = [.. outcome.Plan.Inputs.Select(i =>
            Tensor.Zeros(TensorType.Of(PredictorFolder.Element(i.Type), [.. i.Dimensions])))];
        new PlanExecutor(outcome.Plan, outcome.Weights).Run(inputs);
        if (compiled)
            GeneratedModels.Compile(new PlannedModel(outcome.Plan, outcome.Weights)).Dispose();
    }
}
