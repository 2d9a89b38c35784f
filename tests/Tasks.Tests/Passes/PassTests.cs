using System.Globalization;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Passes;

public sealed class PassTests
{
    public static TheoryData<int, string> Cases()
    {
        var data = new TheoryData<int, string>();
        for (int i = 0; i < PassCases.All.Count; i++)
            data.Add(i, PassCases.All[i].Pass + ": " + PassCases.All[i].Title);
        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void ThePassDoesWhatItShouldAndNothingElse(int index, string title)
    {
        PassCase example = PassCases.All[index];
        Graph graph = example.Build(new GraphBuilder());
        IGraphPass pass = PassPipeline.All.Single(p => p.Name == example.Pass);
        Graph rewritten = pass.Apply(graph);
        Assert.Equal(example.Expected, Census(rewritten));
        AssertSame(graph, rewritten, example.Tolerance, title);
        Assert.Same(rewritten, pass.Apply(rewritten));
        AssertConsistent(rewritten);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void TheWholePipelineComputesTheSame(int index, string title)
    {
        Graph graph = PassCases.All[index].Build(new GraphBuilder());
        Graph rewritten = PassPipeline.Run(graph);
        AssertSame(graph, rewritten, PassCases.All[index].Tolerance, title);
        AssertConsistent(rewritten);
        Assert.Equal(rewritten.Print(), PassPipeline.Run(graph).Print());
    }

    [Fact]
    public void EveryPassHasACaseInWhichItActs()
    {
        foreach (IGraphPass pass in PassPipeline.All)
            Assert.Contains(PassCases.All.Where(c => c.Pass == pass.Name), c =>
            {
                Graph graph = c.Build(new GraphBuilder());
                return !ReferenceEquals(graph, pass.Apply(graph));
            });
        Assert.Equal(PassPipeline.All.Length, PassPipeline.All.Select(p => p.Name).Distinct().Count());
    }

    [Fact]
    public void TheDocumentListsThePassesInTheirOrder()
    {
        string[] rows = [.. File.ReadLines(Path.Combine(Testing.SharedAssets.RepositoryRoot, "docs", "passes.md"))
            .Where(l => l.StartsWith("| ", StringComparison.Ordinal)).Select(l => l.Split('|')[1].Trim()).Skip(1)];
        Assert.Equal(PassPipeline.All.Select(p => p.Name), rows);
    }

    [Fact]
    public void PassesCanBeTurnedOffAndCancelled()
    {
        Graph graph = PassCases.All.First(c => c.Pass == nameof(ActivationFusion)).Build(new GraphBuilder());
        Assert.DoesNotContain("Clip", Census(PassPipeline.Run(graph)));
        Assert.Contains("Clip", Census(PassPipeline.Run(graph, off: new HashSet<string> { nameof(ActivationFusion) })));
        Assert.Throws<OperationCanceledException>(() => PassPipeline.Run(graph, new CancellationToken(canceled: true)));
    }

    [Fact]
    public void BoundsLieWhereTheFunctionSettles()
    {
        var b = new GraphBuilder();
        string x = b.Add("Gemm", b.Input(64, 5), b.Constant(Tensor.Of(Enumerable.Repeat(2.5f, 20).ToArray(), 5, 4)));
        string gelu = b.Add("Mul", b.Add("Mul", x, b.Add("Add", b.Add("Erf", b.Add("Mul", x, b.Scalar(0.70710677f))), b.Scalar(1))),
            b.Scalar(0.5f));
        Graph graph = b.Build(b.Add("Gemm", gelu, b.Weights(4, 3)));
        Graph rewritten = PassPipeline.Run(graph);
        Node first = rewritten.Nodes[0];
        Assert.InRange(first.Float("activation_min", 0), -6f, -4.5f);
        Assert.Equal(float.PositiveInfinity, first.Float("activation_max", 0));
        AssertSame(graph, rewritten, 1e-6f, "GELU");

        // At the end of a network sums keep their range.
        Assert.DoesNotContain(PassPipeline.Run(graph with { Outputs = [gelu] }).Nodes, n => n.HasActivation());
    }

    [Fact]
    public void SubgraphsKeepNamesOfTheirOwn()
    {
        // The body's input is named x; so is a value of the graph around it, which comes later.
        var builder = new GraphBuilder();
        string y = builder.Add("Tanh", builder.Add("Exp", builder.Input(3)));
        Graph graph = PassPipeline.All.Single(p => p.Name == nameof(ElementwiseFusion)).Apply(builder.Build(y));
        Node fused = Assert.Single(graph.Nodes);
        Graph renamed = graph with
        {
            Nodes = [fused, new Node("last", "Abs", [y], ["x"])],
            Outputs = ["x"],
            Types = graph.Types.Add("x", graph.TypeOf(y)),
        };
        Assert.Equal(2, new GraphEditor(renamed).ToGraph().Nodes.Length);
    }

    internal static string Census(Graph graph) => string.Join(' ', graph.Nodes.GroupBy(n => n.OpType, StringComparer.Ordinal)
        .OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => string.Create(CultureInfo.InvariantCulture, $"{g.Key}:{g.Count()}")));

    internal static void AssertSame(Graph graph, Graph rewritten, float tolerance, string what)
    {
        var random = new Random(3);
        AssertSame(graph, rewritten, [.. Enumerable.Range(0, 3).Select(_ => graph.Inputs.Select(i =>
            RandomTensors.Of(random, graph.TypeOf(i))).ToArray())], tolerance, what);
    }

    /// <summary>Two graphs have the same inputs and outputs and compute the same.</summary>
    internal static void AssertSame(
        Graph graph, Graph rewritten, IEnumerable<IReadOnlyList<Tensor>> samples, float tolerance, string what)
    {
        Assert.Equal(graph.Inputs.ToArray(), rewritten.Inputs.ToArray());
        Assert.Equal(graph.Outputs.ToArray(), rewritten.Outputs.ToArray());
        foreach (IReadOnlyList<Tensor> inputs in samples)
        {
            Tensor[] expected = new GraphEvaluator(graph).Evaluate(inputs), actual = new GraphEvaluator(rewritten).Evaluate(inputs);
            for (int o = 0; o < expected.Length; o++)
                RandomTensors.AssertClose(expected[o], actual[o], tolerance, $"{what}, output {graph.Outputs[o]}");
        }
    }

    /// <summary>Names are unique, types are those that the operators infer, and nothing is dead unless nobody removed it.</summary>
    internal static void AssertConsistent(Graph graph, bool mayHaveDeadNodes = false)
    {
        Assert.Equal(graph.Nodes.Length, graph.Nodes.Select(n => n.Name).Distinct().Count());
        foreach (Node node in graph.Nodes)
        {
            var inferred = OperatorRegistry.Of(node).Infer(OperatorContext.Of(graph, node));
            for (int i = 0; i < node.Outputs.Length; i++)
                if (node.Outputs[i].Length > 0)
                    Assert.True(inferred[i] == graph.TypeOf(node.Outputs[i]),
                        $"{node}: {graph.TypeOf(node.Outputs[i])} instead of {inferred[i]}");
        }
        if (mayHaveDeadNodes)
            return;
        Graph live = new GraphEditor(graph).ToGraph();
        Assert.Equal(graph.Nodes.Length, live.Nodes.Length);
        Assert.Equal(graph.Constants.Keys, live.Constants.Keys);
    }
}
