using OptimizerBuild.Compression;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Evaluation;

public sealed class PlanExecutorTests
{
    private static readonly GraphDescription Example = new(
        [2, 3, 8, 7],
        [
            new(LayerForm.Convolution, 0, [0, 4, 2, 1, 1, 0, 0]),
            new(LayerForm.Function, 0, [0, 0, 0, 0, 0, 0, 1]),
            new(LayerForm.ConstantOperand, 1, [1, 2, 0, 0, 0, 0, 2]),
            new(LayerForm.TwoValues, 0, [0, 0, 0, 0, 0, 0, 0]),
            new(LayerForm.Pool, 0, [0, 1, 0, 0, 0, 0, 1]),
            new(LayerForm.FlattenedMatMul, 0, [0, 0, 0, 0, 0, 0, 0]),
            new(LayerForm.Softmax, 0, [0, 1, 0, 0, 0, 0, 0]),
        ],
        HasSecondOutput: true, [9001, -377, 4523, -8111, 2750, -5003, 610], [1]);

    [Fact]
    public void RunsDoNotDependOnEarlierOnesNorOnThreads()
    {
        Graph graph = PassPipeline.Run(Example.Build());
        CompressedModel model = Plans.Quantize(graph);
        PlanExecutor executor = Plans.Execute(GraphLowerer.Lower(model, new BoundaryOptions()));
        var random = new Random(4);
        List<IReadOnlyList<Tensor>> samples = [.. Enumerable.Range(0, 64).Select(_ =>
            (IReadOnlyList<Tensor>)[.. graph.Inputs.Select(i => RandomTensors.Of(random, graph.TypeOf(i)))])];
        Tensor[][] alone = [.. samples.Select(s => Plans.Execute(GraphLowerer.Lower(model, new BoundaryOptions())).Run(s))];
        Tensor[][] together = executor.RunMany(samples);
        for (int i = 0; i < samples.Count; i++)
            for (int o = 0; o < alone[i].Length; o++)
                Assert.Equal(alone[i][o].Data, together[i][o].Data);
    }

    [Fact]
    public void InputsThatDoNotFitAreRefused()
    {
        var b = new GraphBuilder();
        Graph graph = b.Build(b.Add("Relu", b.Input(1, 3)));
        PlanExecutor executor = Plans.Execute(GraphLowerer.Lower(new CompressedModel(graph), new BoundaryOptions()));
        Assert.Throws<ArgumentException>(() => executor.Run([]));
        Assert.Throws<ArgumentException>(() => executor.Run([Tensor.Of([1f, 2f], 1, 2)]));
        Assert.Throws<ArgumentException>(() => executor.Run([Tensor.Of([1, 2, 3], 1, 3)]));
    }

    [Fact]
    public void LoweringIsDeterministic()
    {
        Graph graph = PassPipeline.Run(Example.Build());
        LoweredModel first = GraphLowerer.Lower(Plans.Quantize(graph), new BoundaryOptions());
        LoweredModel second = GraphLowerer.Lower(Plans.Quantize(graph), new BoundaryOptions());
        Assert.Equal(first.Weights, second.Weights);
        Assert.Equal(Plan.PlanWriter.Write(Plans.Of(first)), Plan.PlanWriter.Write(Plans.Of(second)));
    }
}
