using System.Text.RegularExpressions;
using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Onnx;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators;
using OptimizerBuild.Passes;
using OptimizerBuild.Testing;

namespace OptimizerBuild.WorkedExamples;

/// <summary>
/// The operators that CONTRIBUTING adds as examples: nothing but the files shown there makes them work in every step of a build.
/// </summary>
public sealed class WorkedExampleTests
{
    private const string Domain = "worked.example";

    /// <summary>The first listing of each example is its operator.</summary>
    private static readonly string[] Listed =
    [
        "SquareplusOperator.cs", "Float32Squareplus.cs",
        "AbsoluteDifferenceOperator.cs", "Int8AbsoluteDifference.cs", "AbsoluteDifferenceLowering.cs", "IntegerAbsoluteDifference.cs",
    ];

    static WorkedExampleTests() => OperatorRegistry.Include(typeof(SquareplusOperator).Assembly);

    [Fact]
    public void TheListingsOfContributingAreTheFilesThatRunHere()
    {
        string folder = Path.Combine(SharedAssets.RepositoryRoot, "tests", "Tasks.Tests", "WorkedExamples");
        string document = File.ReadAllText(Path.Combine(SharedAssets.RepositoryRoot, "CONTRIBUTING.md")).ReplaceLineEndings("\n");
        var listed = new List<string>();
        string expected = Regex.Replace(document, "(?<=```csharp\n// )(?<file>\\S+\\.cs)\n.*?(?=```)", m =>
        {
            listed.Add(m.Groups["file"].Value);
            string file = m.Groups["file"].Value;
            return file + "\n\n" + File.ReadAllText(Path.Combine(folder, file)).ReplaceLineEndings("\n");
        }, RegexOptions.Singleline);
        Assert.Equal(Listed, listed);
        Baseline.Compare("CONTRIBUTING.md", expected);
        Assert.Equal(Listed.Append("WorkedExampleTests.cs").Order(StringComparer.Ordinal),
            Directory.GetFiles(folder).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void InFloat32ThePlanGivesWhatTheReferenceGives()
    {
        Graph imported = Model().Import();
        LoweredModel lowered = GraphLowerer.Lower(new CompressedModel(PassPipeline.Run(imported)), new BoundaryOptions());
        Assert.Contains(lowered.Calls, s => (s.Kernel, s.Method) == ("Float32Squareplus", "Run"));
        Tensor sample = RandomTensors.Of(new Random(3), imported.TypeOf("x"));
        Tensor expected = new GraphEvaluator(imported).Evaluate([sample])[0];
        TensorComparison.AssertClose(expected, Plans.Execute(lowered).Run([sample])[0], 1e-4, 1e-4);
    }

    [Fact]
    public void InIntegersThePlanGivesTheBytesOfTheSimulation()
    {
        Graph graph = PassPipeline.Run(Model().Import());
        CompressedModel model = Plans.Quantize(graph);
        GraphQuantization quantization = model.Annotation<GraphQuantization>()!;
        Assert.All(model.Graph.Nodes, n => Assert.True(quantization.Nodes[n.Name].Integer, quantization.Nodes[n.Name].Reason));
        LoweredModel lowered = GraphLowerer.Lower(model, new BoundaryOptions());
        string[] kernels = [.. lowered.Calls.Select(s => s.Kernel)];
        Assert.Contains("Int8Table", kernels);
        Assert.Contains("Int8AbsoluteDifference", kernels);
        PlanExecutor executor = Plans.Execute(lowered);
        var simulation = new QuantizedGraphEvaluator(model.Graph, quantization);
        var random = new Random(5);
        for (int i = 0; i < 8; i++)
        {
            Tensor sample = RandomTensors.Of(random, graph.TypeOf("x"));
            Assert.Equal(simulation.Evaluate([sample])[0].Values<float>(), executor.Run([sample])[0].Values<float>());
        }
    }

    // Two branches of convolutions, one of them with the function, their absolute difference, and a convolution behind it.
    private static ModelBuilder Model()
    {
        var random = new Random(1);
        ModelBuilder model = new ModelBuilder().Input("x", 1, 3, 6, 6)
            .Constant("w1", Weights(8, 3)).Constant("w2", Weights(8, 3)).Constant("w3", Weights(4, 8))
            .Node("Conv", "x,w1", "a", ("pads", (long[])[1, 1, 1, 1]))
            .Node("Squareplus", "a", "s", ("b", 2f))
            .Node("Conv", "x,w2", "c", ("pads", (long[])[1, 1, 1, 1]))
            .Node("AbsoluteDifference", "s,c", "d")
            .Node("Conv", "d,w3", "y", ("pads", (long[])[1, 1, 1, 1]))
            .Output("y");
        foreach (NodeProto node in model.Model.Graph.Node.Where(n => n.OpType != "Conv"))
            node.Domain = Domain;
        model.Model.OpsetImport.Add(new OperatorSetIdProto { Domain = Domain, Version = 1 });
        return model;

        Tensor Weights(int outputs, int inputs) =>
            Tensor.Of(Array.ConvertAll(new float[outputs * inputs * 9], _ => (float)(random.NextDouble() - 0.5)), outputs, inputs, 3, 3);
    }
}
