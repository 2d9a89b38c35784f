using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Control;

namespace OptimizerBuild.Onnx;

/// <summary>Sequences, optional values and maps: imported as lists of tensors, so that only tensors are in the graph.</summary>
public sealed class StructureTests
{
    private static readonly Tensor A = Tensor.Of([1f, 2f, 3f, 4f], 2, 2);
    private static readonly Tensor B = Tensor.Of([5f, 6f], 1, 2);
    private static readonly Tensor C = Tensor.Of([7f, 8f], 1, 2);

    public static TheoryData<string> Structural =>
        [.. OperatorRegistry.OnlyStructural.Where(o => o.Domain.Length == 0).Select(o => o.OpType)];

    // For each operator a model over a, b and c and what it gives.
    private static readonly SortedDictionary<string, (Func<ModelBuilder, ModelBuilder> Model, float[][] Expected)> Examples =
        new(StringComparer.Ordinal)
        {
            ["SequenceConstruct"] = (m => m.Output("s"), [[1, 2, 3, 4], [5, 6], [7, 8]]),
            ["SequenceEmpty"] = (m => m.Node("SequenceEmpty", "", "e").Node("SequenceInsert", "e,b", "f").Output("f"), [[5, 6]]),
            ["SequenceAt"] = (m => m.Node("SequenceAt", "s,one", "x").Node("SequenceAt", "s,last", "y").Output("x", "y"),
                [[5, 6], [7, 8]]),
            ["SequenceInsert"] = (m => m.Node("SequenceInsert", "s,c,one", "i").Node("SequenceInsert", "s,b,last", "j")
                .Node("SequenceInsert", "s,b,three", "k").Output("i", "j", "k"),
                [[1, 2, 3, 4], [7, 8], [5, 6], [7, 8], [1, 2, 3, 4], [5, 6], [5, 6], [7, 8], [1, 2, 3, 4], [5, 6], [7, 8], [5, 6]]),
            ["SequenceErase"] = (m => m.Node("SequenceErase", "s", "d").Node("SequenceErase", "s,one", "e").Output("d", "e"),
                [[1, 2, 3, 4], [5, 6], [1, 2, 3, 4], [7, 8]]),
            ["SequenceLength"] = (m => m.Node("SequenceLength", "s", "n").Node("Cast", "n", "f", ("to", 1)).Output("f"), [[3]]),
            ["ConcatFromSequence"] = (m => m.Node("ConcatFromSequence", "s", "x", ("axis", 0)).Node("SequenceErase", "s,zero", "t")
                .Node("ConcatFromSequence", "t", "y", ("axis", -1), ("new_axis", 1)).Output("x", "y"),
                [[1, 2, 3, 4, 5, 6, 7, 8], [5, 7, 6, 8]]),
            ["SplitToSequence"] = (m => m.Node("SplitToSequence", "a", "x", ("axis", 1), ("keepdims", 0))
                .Node("SplitToSequence", "a,one", "y").Node("SplitToSequence", "a,parts", "z", ("axis", 1)).Output("x", "y", "z"),
                [[1, 3], [2, 4], [1, 2], [3, 4], [], [1, 2, 3, 4]]),
            ["Optional"] = (m => m.Node("Optional", "s", "o").Node("Optional", "", "p").Output("o", "p"),
                [[1, 2, 3, 4], [5, 6], [7, 8]]),
            ["OptionalGetElement"] = (m => m.Node("Optional", "b", "o").Node("OptionalGetElement", "o", "x")
                .Node("OptionalGetElement", "c", "y").Output("x", "y"), [[5, 6], [7, 8]]),
            ["OptionalHasElement"] = (m => m.Node("Optional", "s", "o").Node("Optional", "", "p")
                .Node("OptionalHasElement", "o", "h").Node("OptionalHasElement", "p", "i").Node("OptionalHasElement", "", "j")
                .Node("OptionalHasElement", "a", "k").Node("Cast", "h", "hf", ("to", 1)).Node("Cast", "i", "if", ("to", 1))
                .Node("Cast", "j", "jf", ("to", 1)).Node("Cast", "k", "kf", ("to", 1)).Output("hf", "if", "jf", "kf"),
                [[1], [0], [0], [1]]),
        };

    [Theory]
    [MemberData(nameof(Structural))]
    public void Resolves_to_tensors(string opType)
    {
        (Func<ModelBuilder, ModelBuilder> model, float[][] expected) = Examples[opType];
        Graph graph = model(Sequence()).Import();
        Assert.All(graph.Nodes, n => Assert.NotNull(OperatorRegistry.Find(n)));
        Assert.Equal(expected, new GraphEvaluator(graph).Evaluate([A, B, C]).Select(t => t.Values<float>()));
    }

    [Fact]
    public void Elements_are_outputs_with_numbers_that_nobody_else_has()
    {
        Graph graph = Sequence().Node("Identity", "a", "s_1").Node("Identity", "s", "t").Output("s_1", "s", "t").Import();
        Assert.Equal(["s_1", "s_0", "s_1_1", "s_2", "t_0", "t_1", "t_2"], graph.Outputs);
    }

    [Fact]
    public void Inputs_of_sequences_take_their_length_from_the_shapes()
    {
        ModelBuilder model = new ModelBuilder().Node("ConcatFromSequence", "s", "y", ("axis", 0)).Output("y");
        model.Model.Graph.Input.Add(SequenceOf("s", null, 2));
        Graph graph = model.Import(ImportOptions.Default.WithShape("s_0", 2, 2).WithShape("s_1", 1, 2));
        Assert.Equal(["s_0", "s_1"], graph.Inputs);
        Assert.Equal([1f, 2, 3, 4, 5, 6], new GraphEvaluator(graph).Evaluate([A, B])[0].Values<float>());

        Assert.Contains("a sequence whose length is open", Code("OPT0006", () => model.Import()), StringComparison.Ordinal);
        Assert.Contains("no such input", Code("OPT0006", () => model.Import(
            ImportOptions.Default.WithShape("s_0", 1, 2).WithShape("s_2", 1))), StringComparison.Ordinal);
        Assert.Contains("dimension", Code("OPT0006", () => model.Import(ImportOptions.Default.WithShape("s_0", 1, 2, 3))),
            StringComparison.Ordinal);
        Code("OPT0005", () => model.Import(ImportOptions.Default.WithNothing("s")));
    }

    [Fact]
    public void Optional_inputs_are_there_unless_the_shapes_say_none()
    {
        ModelBuilder model = new ModelBuilder().Input("x", 2).Node("OptionalHasElement", "o", "y").Node("Identity", "x", "z")
            .Output("y", "z");
        model.Model.Graph.Input.Add(new ValueInfoProto
        {
            Name = "o", Type = new TypeProto { OptionalType = new() { ElemType = SequenceOf("", 1, 2).Type.SequenceType.ElemType } },
        });
        Graph there = model.Import();
        Assert.Equal(["x", "o"], there.Inputs);
        Assert.True(there.Constants["y"].Values<bool>()[0]);
        Graph absent = model.Import(ImportOptions.Default.WithNothing("o"));
        Assert.Equal(["x"], absent.Inputs);
        Assert.False(absent.Constants["y"].Values<bool>()[0]);
        Code("OPT0006", () => model.Import(ImportOptions.Default.WithNothing("x")));
    }

    [Fact]
    public void What_is_known_at_run_time_only_has_a_code_of_its_own()
    {
        Assert.Contains("what 'p' holds", Code("OPT0033", () => Sequence().Input("p", ElementType.Int64)
            .Node("SequenceAt", "s,p", "x").Output("x").Import()), StringComparison.Ordinal);
        Assert.Contains("its condition", Code("OPT0033", () => Choice("b").Import()), StringComparison.Ordinal);
        Assert.Contains("its number of trips", Code("OPT0033", () => Growing("n", m => m.Input("n", ElementType.Int64)).Import()),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SequenceAt", "a,one", "a tensor instead of a sequence")]
    [InlineData("SequenceAt", "s,three", "position 3 lies outside a sequence of 3")]
    [InlineData("SequenceAt", "s", "it has 1 input, but SequenceAt takes 2")]
    [InlineData("SequenceErase", "s,parts", "has 2 elements")]
    [InlineData("Relu", "s", "a sequence of 3 where it takes tensors")]
    [InlineData("SequenceConstruct", "s,a", "a sequence of 3 where a tensor is needed")]
    [InlineData("Optional", "none", "an optional value that is absent")]
    [InlineData("OptionalGetElement", "none", "its optional value is absent")]
    [InlineData("SplitToSequence", "a,three2", "do not add up to 2")]
    public void Nodes_that_do_not_fit_are_refused(string opType, string inputs, string reason) =>
        Assert.Contains(reason, Code("OPT0005", () => Sequence().Node("Optional", "", "none")
            .Constant("three2", Tensor.Of([3L], 1)).Node(opType, inputs, "y").Output("y").Import()), StringComparison.Ordinal);

    [Fact]
    public void Branches_of_a_run_time_condition_give_sequences_of_one_length()
    {
        Graph graph = Choice("c").Import();
        Assert.Contains(graph.Nodes, n => n.Is<IfOperator>());
        foreach (bool condition in (bool[])[true, false])
            Assert.Equal(condition ? [5, 6, 7, 8] : (float[])[7, 8, 5, 6],
                new GraphEvaluator(graph).Evaluate([A, B, C, Tensor.Scalar(condition)]).SelectMany(t => t.Values<float>()));
    }

    [Fact]
    public void A_loop_that_carries_a_sequence_is_its_trips()
    {
        Graph graph = Growing("trips", m => m.Constant("trips", Tensor.Scalar(3L))).Import();
        Assert.DoesNotContain(graph.Nodes, n => n.Is<LoopOperator>());
        Assert.Equal([[1f, 2, 3, 4], [1, 2, 3, 4], [2, 3, 4, 5], [3, 4, 5, 6], [0, 1, 2]],
            new GraphEvaluator(graph).Evaluate([A]).Select(t => t.Values<float>()));
        Code("OPT0025", () => Growing("trips", m => m.Constant("trips", Tensor.Scalar(long.MaxValue))).Import());
        Code("OPT0005", () => Growing("trips", m => m.Constant("trips", Tensor.Scalar(0L))).Import());
    }

    [Fact]
    public void A_loop_that_slices_by_the_number_of_its_trip_is_its_trips()
    {
        var body = new GraphProto { Name = "body" };
        body.Input.Add(ModelBuilder.Value("i", ElementType.Int64));
        body.Input.Add(ModelBuilder.Value("go", ElementType.Bool));
        body.Input.Add(ModelBuilder.Value("sum", ElementType.Float32, 1));
        body.Node.Add(ModelBuilder.NewNode("Unsqueeze", "i,zero1", "first"));
        body.Node.Add(ModelBuilder.NewNode("Add", "first,one1", "end"));
        body.Node.Add(ModelBuilder.NewNode("Slice", "x,first,end", "slice"));
        body.Node.Add(ModelBuilder.NewNode("Add", "sum,slice", "next"));
        body.Node.Add(ModelBuilder.NewNode("Less", "i,two", "goes"));
        body.Output.AddRange(((string[])["goes", "next", "next"]).Select(o => new ValueInfoProto { Name = o }));
        Graph graph = new ModelBuilder().Input("x", 5).Constant("zero1", Tensor.Of([0L], 1)).Constant("one1", Tensor.Of([1L], 1))
            .Constant("two", Tensor.Scalar(2L)).Constant("five", Tensor.Scalar(5L)).Constant("start", Tensor.Of([10f], 1))
            .Node("Loop", "five,,start", "sum,sums", ("body", body)).Output("sum", "sums").Import();
        Assert.Equal([[16f], [11, 13, 16]],
            new GraphEvaluator(graph).Evaluate([Tensor.Of([1f, 2, 3, 4, 5], 5)]).Select(t => t.Values<float>()));
    }

    [Fact]
    public void ZipMap_names_the_classes_of_its_scores()
    {
        var model = new ModelBuilder().Input("x", 1, 2).Output("p");
        NodeProto node = ModelBuilder.NewNode("ZipMap", "x", "p", ("classlabels_strings", (string[])["no", "yes"]));
        node.Domain = "ai.onnx.ml";
        model.Model.Graph.Node.Add(node);
        ImportedModel imported = OnnxImporter.Import(model.Bytes, "test.onnx", ImportOptions.Default);
        Assert.Equal(["p"], imported.Graph.Outputs);
        Assert.Equal(TensorType.Float32(1, 2), imported.Graph.TypeOf("p"));
        Assert.Equal("p", imported.Labels!.Output);
        Assert.Equal(["no", "yes"], imported.Labels.Labels);

        node.Attribute[0] = ModelBuilder.Attribute("classlabels_int64s", (long[])[3, 5, 7]);
        Assert.Contains("it has 3 labels for scores", Code("OPT0005", () => model.Import()), StringComparison.Ordinal);
    }

    // s = [a, b, c], and some positions.
    private static ModelBuilder Sequence() => new ModelBuilder().Input("a", 2, 2).Input("b", 1, 2).Input("c", 1, 2)
        .Constant("zero", Tensor.Scalar(0L)).Constant("one", Tensor.Scalar(1L)).Constant("three", Tensor.Scalar(3L))
        .Constant("last", Tensor.Scalar(-1)).Constant("parts", Tensor.Of([0L, 2L], 2)).Node("SequenceConstruct", "a,b,c", "s");

    // Of two branches one gives [b, c] and the other [c, last] by a condition that is known at run time only.
    private static ModelBuilder Choice(string last)
    {
        GraphProto[] branches = [.. ((string[])["b,c", last == "c" ? "c,b" : last]).Select(elements =>
        {
            var branch = new GraphProto { Name = "branch" };
            branch.Node.Add(ModelBuilder.NewNode("SequenceConstruct", elements, "r"));
            branch.Output.Add(new ValueInfoProto { Name = "r" });
            return branch;
        })];
        return Sequence().Input("condition", ElementType.Bool)
            .Node("If", "condition", "y", ("then_branch", branches[0]), ("else_branch", branches[1])).Output("y");
    }

    // Carries [a], to which each trip adds a plus its number; collects the numbers as floats.
    private static ModelBuilder Growing(string trips, Func<ModelBuilder, ModelBuilder> with)
    {
        var body = new GraphProto { Name = "body" };
        body.Input.Add(ModelBuilder.Value("i", ElementType.Int64));
        body.Input.Add(ModelBuilder.Value("go", ElementType.Bool));
        body.Input.Add(SequenceOf("grows", null, 2));
        body.Node.Add(ModelBuilder.NewNode("Cast", "i", "f", ("to", 1)));
        body.Node.Add(ModelBuilder.NewNode("Add", "a,f", "sum"));
        body.Node.Add(ModelBuilder.NewNode("SequenceInsert", "grows,sum", "grown"));
        body.Output.AddRange(((string[])["go", "grown", "f"]).Select(o => new ValueInfoProto { Name = o }));
        return with(new ModelBuilder().Input("a", 2, 2).Constant("true", Tensor.Scalar(true)).Node("SequenceConstruct", "a", "first")
            .Node("Loop", trips + ",true,first", "all,numbers", ("body", body)).Output("all", "numbers"));
    }

    private static ValueInfoProto SequenceOf(string name, params object?[] dimensions) => new()
    {
        Name = name,
        Type = new TypeProto { SequenceType = new() { ElemType = ModelBuilder.Value("", ElementType.Float32, dimensions).Type } },
    };

    private static string Code(string code, Func<object> import)
    {
        var e = Assert.Throws<ModelException>(() => import());
        Assert.Equal(code, e.Diagnostic.Descriptor.Code);
        return e.Diagnostic.Text;
    }
}
