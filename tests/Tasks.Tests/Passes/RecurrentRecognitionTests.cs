using OptimizerBuild.Compression;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Onnx;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Control;
using OptimizerBuild.Operators.Recurrent;
using static OptimizerBuild.Lowering.ControlFlowModels;
using static OptimizerBuild.Passes.RecurrentSpellings;

namespace OptimizerBuild.Passes;

/// <summary>Recurrent layers that exporters have written as loops become the operators, and nothing else does.</summary>
public class RecurrentRecognitionTests
{
    public static TheoryData<string> Names => [.. Spellings.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void ScansAreLayers(string name)
    {
        foreach ((long axis, long direction, long outputDirection) in ((long, long, long)[])[(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 1)])
            Check(Scan(name, axis, direction, outputDirection), Spellings[name].Operator);
    }

    /// <summary>A loop that takes its slice by the number of the trip and carries a counter that nobody reads behind it.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void LoopsAreLayers(string name)
    {
        Check(Loop(name, Steps - 2, "go"), Spellings[name].Operator);
        // As tf2onnx has it: no bound, a condition on the counter.
        Check(Loop(name, long.MaxValue, "more"), Spellings[name].Operator);
    }

    /// <summary>The products with the inputs may stand before the loop already.</summary>
    [Fact]
    public void ProductsBeforeTheLoopStayWhereTheyAre()
    {
        ModelBuilder model = Model(Spellings["RNN"], [Steps, Batch, Size]);
        GraphProto body = Body([State("h"), ModelBuilder.Value("x", ElementType.Float32, Batch, Size)],
            [("MatMul", "h,u5x5", "b"), ("Add", "x,b", "s"), ("Tanh", "s", "h2")], "h2", "h2");
        model.Node("Scan", "h0,xs", "h9,all", ("body", body), ("num_scan_inputs", 1)).Output("all");
        Graph graph = Check(model, "RNN");
        Assert.DoesNotContain(graph.Nodes, n => n.Is<IDotProduct>());
    }

    [Theory]
    // The state goes on without an activation; the gates differ; a state is read in another way; what is collected is no state.
    [InlineData("MatMul h,u5x5 b|Add x,b h2", "h2")]
    [InlineData("MatMul h,u5x5 b|Add x,b s|Tanh s t|Add t,h h2", "h2")]
    [InlineData("MatMul h,u5x5 b|Add x,b s|Mul s,h q|Tanh q h2", "h2")]
    [InlineData("MatMul h,u5x5 b|Add x,b s|Tanh s h2", "s")]
    [InlineData("Add x,b5 s|Tanh s h2", "h2")]
    public void OtherLoopsStay(string nodes, string collected)
    {
        ModelBuilder model = Model(Spellings["RNN"], [Steps, Batch, Size]);
        GraphProto body = Body([State("h"), ModelBuilder.Value("x", ElementType.Float32, Batch, Size)],
            [.. nodes.Split('|').Select(n => n.Split(' ')).Select(n => (n[0], n[1], n[2]))], "h2", collected);
        model.Node("Scan", "h0,xs", "h9,all", ("body", body), ("num_scan_inputs", 1)).Output("h9", "all");
        Graph graph = model.Import();
        Assert.Contains(PassPipeline.Run(graph).Nodes, n => n.Is<LoopOperator>());
    }

    private static Graph Check(ModelBuilder model, string layer)
    {
        Graph graph = model.Import(), rewritten = PassPipeline.Run(graph);
        Assert.DoesNotContain(rewritten.Nodes, n => n.Is<LoopOperator>());
        Assert.Equal(layer, Assert.Single(rewritten.Nodes, n => n.As<RecurrentOperator>() is not null).OpType);
        var random = new Random(9);
        Tensor[] inputs = [.. graph.Inputs.Select(graph.TypeOf).Select(t => Tensor.Of(
            [.. Enumerable.Range(0, t.Count).Select(_ => (float)((random.NextDouble() * 2) - 1))], [.. t.Dimensions]))];
        Tensor[] expected = new GraphEvaluator(graph).Evaluate(inputs);
        Tensor[] actual = new GraphEvaluator(rewritten).Evaluate(inputs);
        Tensor[] planned = Plans.Execute(GraphLowerer.Lower(new CompressedModel(rewritten), new BoundaryOptions())).Run(inputs);
        for (int o = 0; o < expected.Length; o++)
        {
            TensorComparison.AssertClose(expected[o], actual[o], 1e-5, 1e-5);
            TensorComparison.AssertClose(expected[o], planned[o], 1e-4, 1e-5);
        }
        return rewritten;
    }
}
