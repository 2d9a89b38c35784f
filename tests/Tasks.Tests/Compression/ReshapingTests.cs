using OptimizerBuild.Compression.Channels;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Compression;

/// <summary>Compressed models under other shapes of their inputs.</summary>
public sealed class ReshapingTests
{
    [Fact]
    public void FloatModelsGiveTheBytesOfTheirOwnBuild()
    {
        int compared = 0;
        PropertyCheck.Holds(GraphDescription.All, d => compared += CheckFloat(d) ? 1 : 0, 250);
        Assert.True(compared > 200, $"only {compared} graphs had the same nodes under other shapes");
    }

    [Fact]
    public void IntegerModelsKeepTheMainQuantisation()
    {
        int compared = 0;
        PropertyCheck.Holds(GraphDescription.All, d => compared += CheckInteger(d) ? 1 : 0, 120);
        Assert.True(compared > 30, $"only {compared} graphs could be compared bit for bit");
    }

    [Fact]
    public void WhatATechniqueChangedStays()
    {
        Graph main = Convolution(8, [1, 1, 1, 1]);
        var editor = new GraphEditor(main);
        Tensor weights = Tensor.Of([.. Enumerable.Range(0, 18).Select(i => (float)i)], 2, 1, 3, 3);
        editor.SetConstant("w", weights);
        CompressedModel reshaped = new Reshaping(main, Convolution(9, [0, 1, 1, 1]), "x").Apply(new CompressedModel(editor.ToGraph()));
        Node node = Assert.Single(reshaped.Graph.Nodes);
        Assert.Same(weights, reshaped.Graph.Constant(node.Inputs[1]));
        Assert.Equal([0L, 1, 1, 1], WindowAttributes.Pads(node)!);
        Assert.Equal(TensorType.Float32(1, 2, 7, 9), reshaped.Graph.TypeOf("y"));
    }

    [Fact]
    public void ACopyOfANodeFollowsTheShapesLikeTheNode()
    {
        Graph main = Convolution(8, [1, 1, 1, 1]);
        const string Copy = "copy";
        var editor = new GraphEditor(main with { Outputs = ["y", Copy], Types = main.Types.Add(Copy, main.TypeOf("y")) });
        Node node = editor.Nodes[0];
        editor.InsertAfter(node, node with { Name = "n.outliers", CopyOf = node.Name, Outputs = [Copy] });
        CompressedModel reshaped = new Reshaping(main, Convolution(9, [0, 1, 1, 1]), "x").Apply(new CompressedModel(editor.ToGraph()));
        Assert.Equal([0L, 1, 1, 1], WindowAttributes.Pads(reshaped.Graph.Nodes.Single(n => n.Name == "n.outliers"))!);
        Assert.Equal(reshaped.Graph.TypeOf("y"), reshaped.Graph.TypeOf(Copy));
    }

    [Fact]
    public void WhatFollowsFromTheShapesAndWasChangedIsAnError()
    {
        Graph main = Convolution(8, [1, 1, 1, 1]);
        var editor = new GraphEditor(main);
        editor.Replace(editor.Nodes[0], WindowAttributes.WithPads(editor.Nodes[0], [1, 1, 0, 0]));
        Diagnostic error = Assert.Throws<ModelException>(() =>
            new Reshaping(main, Convolution(9, [0, 1, 1, 1]), "x=1,1,9,9").Apply(new CompressedModel(editor.ToGraph()))).Diagnostic;
        Assert.Equal("OPT0032", error.Descriptor.Code);
        Assert.Contains("'x=1,1,9,9'", error.Text, StringComparison.Ordinal);
        Assert.Contains("pads", error.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void OtherNodesAreAnErrorUnlessNothingWasDecidedAboutThem()
    {
        var first = new GraphBuilder();
        Graph main = first.Build(first.Add("Relu", first.Input(1, 4)));
        var second = new GraphBuilder();
        Graph other = second.Build(second.Add("Abs", second.Add("Relu", second.Input(2, 4))));
        var reshaping = new Reshaping(main, other, "x");
        Assert.NotEmpty(reshaping.Difference);
        Assert.Same(other, reshaping.Apply(new CompressedModel(main)).Graph);

        GraphQuantization floats = new Quantizer(new QuantizationOptions { Precision = ModelPrecision.Float32 })
            .Apply(new CompressedModel(main), SampleSet.Empty, CancellationToken.None).Model.Annotation<GraphQuantization>()!;
        GraphQuantization carried = reshaping.Apply(new CompressedModel(main, [floats])).Annotation<GraphQuantization>()!;
        Assert.Equal(other.Nodes.Select(n => n.Name).Order(StringComparer.Ordinal), carried.Nodes.Keys);

        Graph changed = main with { Name = "changed" };
        Assert.Equal("OPT0032",
            Assert.Throws<ModelException>(() => reshaping.Apply(new CompressedModel(changed))).Diagnostic.Descriptor.Code);
    }

    [Fact]
    public void AnOutputThatIsConstantFollowsTheShapes()
    {
        Graph Of(int length)
        {
            var b = new GraphBuilder();
            string x = b.Input(length, 4);
            string c = b.Constant(Tensor.Of(Enumerable.Repeat(0.5f, length).ToArray(), length, 1));
            return b.Build(b.Add("Add", x, c), c);
        }

        Graph reshaped = new Reshaping(Of(2), Of(3), "x").Apply(new CompressedModel(Of(2))).Graph;
        Assert.Equal(3, reshaped.Constant(reshaped.Outputs[1])!.Count);
        Assert.Equal(TensorType.Float32(3, 4), reshaped.TypeOf(reshaped.Outputs[0]));
    }

    [Fact]
    public void FewerChannelsAndAnotherMapGoTogether()
    {
        Graph Of(int size)
        {
            var body = new FloatGraph();
            string inner = body.Input("x", 1, size, size, 8);
            Graph chain = body.Build(body.Add("silu", "Mul", [inner, body.Add("sigmoid", "Sigmoid", [inner])]));
            var g = new FloatGraph();
            string a = g.Conv("a", g.Input("x", 1, size, size, 3), 3, 8, 3);
            string f = g.Add("f", "FusedElementwise", [a],
                n => (n with { Domain = Node.InternalDomain }).With("body", new AttributeValue.GraphValue(chain)));
            string r = g.Add("r", "Reshape", [f, g.Constant("shape", Tensor.Of([1L, size * size, 8], 3))]);
            return g.Build(g.Add("y", "MatMul", [r, g.Noise("y.w", 0.3, 8, 5)]));
        }

        Graph Narrow(Graph graph)
        {
            ChannelAnalysis analysis = ChannelAnalysis.Of(graph);
            return ChannelRemoval.Without(analysis, analysis.Groups[0].Channels.Take(3).ToHashSet());
        }
        Graph main = Of(6), other = Of(9), expected = Narrow(other);
        Graph actual = new Reshaping(main, other, "x").Apply(new CompressedModel(Narrow(main))).Graph;
        Assert.True(expected.Nodes[1].Attributes.All(a => AttributeValue.Same(a.Value, actual.Nodes[1].Attributes[a.Key])));
        IReadOnlyList<Tensor> sample = FloatGraph.Samples(other, 1).Samples[0];
        Assert.Equal([1, 81, 5], actual.TypeOf("r") is { } r ? [r.Dimensions[0], r.Dimensions[1], r.Dimensions[2]] : []);
        AssertEqual(new GraphEvaluator(expected).Evaluate(sample), new GraphEvaluator(actual).Evaluate(sample), actual);
    }

    private static Graph Convolution(int width, long[] pads)
    {
        TensorType input = TensorType.Float32(1, 1, 8, width);
        var node = new Node("n", "Conv", ["x", "w"], ["y"]);
        var graph = new Graph
        {
            Name = "g",
            Inputs = ["x"],
            Outputs = ["y"],
            Nodes = [WindowAttributes.WithPads(node.With("kernel_shape", 3L, 3L), pads)],
            Constants = System.Collections.Immutable.ImmutableSortedDictionary.Create<string, Tensor>(StringComparer.Ordinal)
                .Add("w", Tensor.Of(Enumerable.Repeat(1f, 18).ToArray(), 2, 1, 3, 3)),
            Types = System.Collections.Immutable.ImmutableSortedDictionary.Create<string, TensorType>(StringComparer.Ordinal)
                .Add("x", input),
        };
        return ShapeInference.Infer(graph);
    }

    // The same layers over a larger input: more samples, and of maps wider ones.
    private static GraphDescription Larger(GraphDescription description)
    {
        int[] input = [.. description.Input];
        if (input.Length > 2 && description.Samples[0] % 2 == 0)
            input[^1] += 2;
        else
            input[0] += 1;
        return description with { Input = [.. input] };
    }

    private static bool CheckFloat(GraphDescription description)
    {
        Graph main = PassPipeline.Run(description.Build()), other = PassPipeline.Run(Larger(description).Build());
        var reshaping = new Reshaping(main, other, "larger");
        if (reshaping.Difference.Length > 0)
            return false;
        CompressedModel reshaped = reshaping.Apply(new CompressedModel(main));
        PlanExecutor actual = Plans.Execute(GraphLowerer.Lower(reshaped, new BoundaryOptions()));
        PlanExecutor expected = Plans.Execute(GraphLowerer.Lower(new CompressedModel(other), new BoundaryOptions()));
        IReadOnlyList<Tensor> sample = description.Sample(other, 1);
        AssertEqual(expected.Run(sample), actual.Run(sample), reshaped.Graph);
        return true;
    }

    private static bool CheckInteger(GraphDescription description)
    {
        Graph main = PassPipeline.Run(description.Build()), other = PassPipeline.Run(Larger(description).Build());
        List<IReadOnlyList<Tensor>> samples = [.. Enumerable.Range(0, 6).Select(i => description.Sample(main, i))];
        var options = new QuantizationOptions { Precision = ModelPrecision.Int8, SearchWeightScales = false, CorrectBiases = false,
            Calibration = CalibrationMethod.MinMax };
        CompressedModel model = new Quantizer(options).Apply(new CompressedModel(main), new SampleSet(samples, false),
            CancellationToken.None).Model;
        CompressedModel reshaped;
        try
        {
            reshaped = new Reshaping(main, other, "larger").Apply(model);
        }
        catch (ModelException e) when (e.Diagnostic.Descriptor.Code == "OPT0032")
        {
            // Weights of a flattened map follow from its size; transpositions of one sample alone are none.
            return false;
        }
        GraphQuantization before = model.Annotation<GraphQuantization>()!, after = reshaped.Annotation<GraphQuantization>()!;
        foreach ((string value, ActivationQuantization quantization) in before.Values)
            Assert.Equal(quantization, after.Values[value]);
        Assert.Same(before.Weights, after.Weights);
        if (!reshaped.Graph.Nodes.All(n => after.Nodes[n.Name].Integer))
            return false;
        PlanExecutor executor = Plans.Execute(GraphLowerer.Lower(reshaped, new BoundaryOptions()));
        IReadOnlyList<Tensor> sample = description.Sample(other, 1);
        AssertEqual(new QuantizedGraphEvaluator(reshaped.Graph, after).Evaluate(sample), executor.Run(sample), reshaped.Graph);
        return true;
    }

    private static void AssertEqual(Tensor[] expected, Tensor[] actual, Graph graph)
    {
        for (int o = 0; o < expected.Length; o++)
            Assert.True(expected[o].SameAs(actual[o]), $"output {o} differs\n{graph.Print()}");
    }
}
