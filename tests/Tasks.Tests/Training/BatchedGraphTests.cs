using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Training;

/// <summary>Graphs of one sample as graphs of many.</summary>
public sealed class BatchedGraphTests
{
    [Fact]
    public void ShapesThatAreSpelledOutChangeWithTheBatch()
    {
        var g = new GraphBuilder();
        string x = g.Input(1, 2, 6, 6);
        string maps = g.Add("MaxPool", [g.Add("Conv", x, g.Weights(4, 2, 3, 3), g.Weights(4))], ("kernel_shape", (long[])[2, 2]),
            ("strides", (long[])[2, 2]));
        string flat = g.Add("Reshape", maps, g.Ints(1, 16));
        Graph one = g.Build(g.Add("Softmax", g.Add("MatMul", g.Add("Add", flat, g.Weights(1, 16)), g.Weights(16, 3))));
        Graph many = BatchedGraph.Of(one, 5)!;
        Assert.Equal(TensorType.Float32(5, 16), many.TypeOf(flat));

        var tape = new GradientTape<float>(many, []);
        Tensor all = GradientExamples.Drawn(5, 2, 6, 6);
        tape.Forward([all]);
        for (int s = 0; s < 5; s++)
            Assert.Equal(
                new GraphEvaluator(one).Evaluate([Tensor.Of(all.Values<float>()[(s * 72)..((s + 1) * 72)], 1, 2, 6, 6)])[0].Values<float>(),
                tape.Value(one.Outputs[0]).Values<float>()[(s * 3)..((s + 1) * 3)], (a, b) => Math.Abs(a - b) < 1e-5);
    }

    /// <summary>Steps of a sequence come before samples in layers with a state, and passes write moves of one sample as changes of shape.
    /// </summary>
    [Fact]
    public void SamplesGoWhereARecurrentLayerWantsThem()
    {
        var g = new GraphBuilder();
        string x = g.Input(1, 4, 3), rows = g.Add("Reshape", x, g.Ints(4, 3));
        string products = g.Add("Reshape", g.Add("MatMul", rows, g.Weights(3, 5)), g.Ints(4, 1, 5));
        string pairs = g.Add("Softmax", [products], ("axis", 0));
        Graph one = g.Build(g.Add("MatMul", g.Add("Reshape", pairs, g.Ints(1, 20)), g.Weights(20, 2)));
        Graph many = BatchedGraph.Of(one, 6)!;
        Assert.Equal(TensorType.Float32(24, 3), many.TypeOf(rows));
        Assert.Equal(TensorType.Float32(4, 6, 5), many.TypeOf(products));
        var tape = new GradientTape<float>(many, []);
        Tensor all = GradientExamples.Drawn(6, 4, 3);
        tape.Forward([all]);
        for (int s = 0; s < 6; s++)
            Assert.Equal(
                new GraphEvaluator(one).Evaluate([Tensor.Of(all.Values<float>()[(s * 12)..((s + 1) * 12)], 1, 4, 3)])[0].Values<float>(),
                tape.Value(one.Outputs[0]).Values<float>()[(s * 2)..((s + 1) * 2)], (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Fact]
    public void NoBatchWhereAnAxisOfSamplesIsMissing()
    {
        var g = new GraphBuilder();
        string x = g.Input(1, 4);
        Assert.Null(BatchedGraph.Of(g.Build(g.Add("Squeeze", x, g.Ints(0))), 3));
        g = new GraphBuilder();
        Assert.Null(BatchedGraph.Of(g.Build(g.Add("Tanh", g.Input(2, 4))), 3));
        g = new GraphBuilder();
        Graph same = g.Build(g.Add("Tanh", g.Input(2, 4)));
        Assert.Same(same, BatchedGraph.Of(same, 1));
    }
}
