using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Lowering;

/// <summary>
/// Rows of constant tables that integer nodes read: the table holds bytes, and the bytes are those of rounding behind the look-up.
/// </summary>
public sealed class LookUpTests
{
    private const int Rows = 50;
    private const int Width = 24;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TablesForIntegerReadersAreQuantised(bool embedding)
    {
        Graph graph = Model(embedding, shared: false);
        CompressedModel model = Quantized(graph);
        LoweredModel lowered = GraphLowerer.Lower(model, new BoundaryOptions());

        PlanCall gather = Assert.Single(lowered.Calls, s => s.Kernel == "Gather");
        Assert.Equal(Width, Assert.IsType<PlanArgument.Integer>(gather.Arguments.Single(a => a.Name == "rowBytes")).Value);
        Assert.DoesNotContain(lowered.Calls, s => s.Kernel == "Quantize");
        AssertSameBytes(model, lowered, embedding);
    }

    [Fact]
    public void ATableThatFloatNodesReadTooStaysFloat()
    {
        CompressedModel model = Quantized(Model(embedding: false, shared: true));
        LoweredModel lowered = GraphLowerer.Lower(model, new BoundaryOptions());

        PlanCall gather = Assert.Single(lowered.Calls, s => s.Kernel == "Gather");
        Assert.Equal(4 * Width, Assert.IsType<PlanArgument.Integer>(gather.Arguments.Single(a => a.Name == "rowBytes")).Value);
        AssertSameBytes(model, lowered, embedding: false);
    }

    private static void AssertSameBytes(CompressedModel model, LoweredModel lowered, bool embedding)
    {
        var simulation = new QuantizedGraphEvaluator(model.Graph, model.Annotation<GraphQuantization>()!);
        var executor = Plans.Execute(lowered);
        var random = new Random(5);
        for (int i = 0; i < 50; i++)
        {
            // Outside its table an embedding gives zeros, which a table of bytes must give as its zero point.
            Tensor ids = Ids(random, embedding ? -2 : -Rows, embedding ? Rows + 3 : Rows);
            Tensor[] expected = simulation.Evaluate([ids]);
            Tensor[] actual = executor.Run([ids]);
            for (int o = 0; o < expected.Length; o++)
                Assert.Equal(expected[o].Values<float>(), actual[o].Values<float>());
        }
    }

    private static Graph Model(bool embedding, bool shared)
    {
        var b = new Passes.GraphBuilder();
        string ids = b.Input(TensorType.Of(ElementType.Int64, 1, 6));
        string table = b.Weights(Rows, Width);
        string rows = b.Add(new Node("", embedding ? "Embedding" : "Gather", [table, ids], [])
        {
            Domain = embedding ? Node.InternalDomain : "",
        });
        string product = b.Add("MatMul", rows, b.Weights(Width, 5));
        return shared ? b.Build(product, b.Add("Div", rows, b.Scalar(3))) : b.Build(product);
    }

    private static CompressedModel Quantized(Graph graph)
    {
        var random = new Random(3);
        SampleSet samples = new([.. Enumerable.Range(0, 20).Select(_ => (IReadOnlyList<Tensor>)[Ids(random, 0, Rows)])], false);
        return new Quantizer(new QuantizationOptions { Precision = ModelPrecision.Int8 })
            .Apply(new CompressedModel(graph), samples, CancellationToken.None).Model;
    }

    private static Tensor Ids(Random random, int low, int high) =>
        Tensor.Of([.. Enumerable.Range(0, 6).Select(_ => (long)random.Next(low, high))], 1, 6);
}
