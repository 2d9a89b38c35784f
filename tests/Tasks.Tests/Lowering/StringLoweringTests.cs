using OptimizerBuild.Compression;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators;
using OptimizerBuild.Passes;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Lowering;

/// <summary>Strings as codes: plans give what the reference gives on the strings themselves.</summary>
public sealed class StringLoweringTests
{
    private static readonly Tensor Words = Tensor.Of(["yes", "no", "", "other"], 2, 2);

    /// <summary>Movements of strings that the model holds, chosen by what the caller passes.</summary>
    [Fact]
    public void Operators_that_move_strings_move_their_codes()
    {
        Graph graph = new ModelBuilder()
            .Input("words", ElementType.String, 2, 2).Input("place", ElementType.Int64, 2)
            .Constant("yes", Tensor.Scalar("yes")).Constant("table", Tensor.Of(["no", "yes", "", "?", "yes", "a\"b\n"], 3, 2))
            .Constant("shape", Tensor.Of([2L, 1, 2], 3)).Constant("wide", Tensor.Of([2L, 2, 2], 3)).Constant("one", Tensor.Of([1L], 1))
            .Constant("two", Tensor.Of([2L], 1)).Constant("pads", Tensor.Of([0L, 0, 1, 0], 4)).Constant("repeats", Tensor.Of([1L, 2], 2))
            .Node("Equal", "words,yes", "is")
            .Node("Gather", "table,place", "rows").Node("Transpose", "rows", "turned").Node("Where", "is,turned,rows", "chosen")
            .Node("Reshape", "chosen,shape", "shaped").Node("Expand", "shaped,wide", "expanded")
            .Node("Slice", "chosen,one,two", "sliced").Node("Squeeze", "sliced,zero", "squeezed").Constant("zero", Tensor.Of([0L], 1))
            .Node("Concat", "chosen,rows,table", "all", ("axis", 0)).Node("Pad", "chosen,pads", "padded")
            .Node("Tile", "rows,repeats", "tiled").Node("Identity", "table", "constant")
            .Output("is", "chosen", "expanded", "squeezed", "all", "padded", "tiled", "constant").Import();
        LoweredModel lowered = Lower(graph);
        Assert.Equal(["", "?", "a\"b\n", "no", "yes"], lowered.Strings);
        foreach (long[] place in (long[][])[[0, 1], [2, 0], [-1, 1]])
        {
            Tensor[] inputs = [Words, Tensor.Of(place, 2)];
            Tensor[] expected = new GraphEvaluator(graph).Evaluate(inputs);
            Tensor[] actual = Plans.Execute(lowered).Run(inputs);
            for (int i = 0; i < expected.Length; i++)
            {
                Assert.Equal(expected[i].Type, actual[i].Type);
                Assert.Equal(expected[i].Data, actual[i].Data);
            }
        }
    }

    /// <summary>Numbers become text and text numbers, of every type, in the kernels as in the reference.</summary>
    [Fact]
    public void Text_and_numbers_are_converted()
    {
        ElementType[] types = [ElementType.Float32, ElementType.Float64, ElementType.Int8, ElementType.UInt8, ElementType.Int16,
            ElementType.UInt16, ElementType.Int32, ElementType.UInt32, ElementType.Int64, ElementType.UInt64, ElementType.Bool];
        ModelBuilder model = new ModelBuilder(21).Input("words", ElementType.String, 9).Input("x", 64);
        foreach (ElementType type in types)
            model.Node("Cast", "words", "n" + type, ("to", (long)type)).Node("Cast", "x", "x" + type, ("to", (long)type))
                .Node("Cast", "x" + type, "t" + type, ("to", (long)ElementType.String)).Output("n" + type, "t" + type);
        Graph graph = model.Import();
        LoweredModel lowered = Lower(graph);
        var random = new Random(4);
        for (int run = 0; run < 5; run++)
        {
            float[] numbers = [.. Enumerable.Range(0, 64).Select(i => i % 4 == 0 ? random.Next(-300, 300)
                : (float)((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-9, 12))))];
            Tensor[] inputs = [Tensor.Of(["3.7", "-2", "1e3", "", "text", "-inf", " 12 ", "300", "99999999999999999999"], 9),
                Tensor.Of(numbers, 64)];
            Tensor[] expected = new GraphEvaluator(graph).Evaluate(inputs), actual = Plans.Execute(lowered).Run(inputs);
            for (int i = 0; i < expected.Length; i++)
            {
                Assert.Equal(expected[i].Type, actual[i].Type);
                Assert.Equal(expected[i].Data, actual[i].Data);
            }
        }
    }

    [Fact]
    public void Control_flow_carries_strings()
    {
        var branch = new GraphProto { Name = "branch" };
        branch.Node.Add(ModelBuilder.NewNode("Gather", "table,i", "t"));
        branch.Output.Add(new ValueInfoProto { Name = "t" });
        var other = new GraphProto { Name = "other" };
        other.Initializer.Add(ModelBuilder.Proto(Tensor.Scalar("neither"), "n"));
        other.Output.Add(new ValueInfoProto { Name = "n" });
        Graph graph = new ModelBuilder().Input("word", ElementType.String).Input("i", ElementType.Int64)
            .Constant("yes", Tensor.Scalar("yes")).Constant("table", Tensor.Of(["left", "right"], 2))
            .Node("Equal", "word,yes", "is").Node("If", "is", "y", ("then_branch", branch), ("else_branch", other)).Output("y").Import();
        LoweredModel lowered = Lower(graph);
        Assert.Equal("right", Plans.Execute(lowered).Run([Tensor.Scalar("yes"), Tensor.Scalar(1L)])[0].Values<string>()[0]);
        Assert.Equal("neither", Plans.Execute(lowered).Run([Tensor.Scalar("Yes"), Tensor.Scalar(1L)])[0].Values<string>()[0]);
    }

    [Fact]
    public void A_plan_with_strings_reads_as_it_was_written()
    {
        ModelPlan plan = Plans.Of(Lower(new ModelBuilder().Input("x", ElementType.String, 2).Constant("yes", Tensor.Scalar("y\u2028\"\\"))
            .Node("Equal", "x,yes", "y").Output("y").Import()));
        string text = PlanWriter.Write(plan);
        Assert.Contains("\nstrings \"\" \"y\\u2028\\\"\\\\\"\n", text, StringComparison.Ordinal);
        Assert.Contains("bind StringLookup.Run(destination=0@\"x\", count=2, table=strings)", text, StringComparison.Ordinal);
        Assert.Equal(plan, PlanReader.Read(text).Plan);
        const string Line = "strings \"\" \"y\\u2028\\\"\\\\\"\n";
        foreach (string wrong in (string[])["", Line.Replace("\"\" ", "\"\" \"\" ", StringComparison.Ordinal)])
            Assert.Equal("OPT0023", PlanReader.Read(text.Replace(Line, wrong, StringComparison.Ordinal)).Error!.Code);
    }

    /// <summary>Strings of callers are handed back, compared with each other, and new ones are made, prediction after prediction.</summary>
    [Fact]
    public void Texts_of_callers_are_kept_for_a_prediction()
    {
        Graph graph = new ModelBuilder().Input("x", ElementType.String, 2, 2).Input("z", ElementType.String, 2)
            .Constant("known", Tensor.Of(["yes", "b"], 2)).Constant("dash", Tensor.Scalar("-"))
            .Node("Identity", "x", "same").Node("Equal", "x,z", "equal").Node("Concat", "known,z", "all", ("axis", 0))
            .Node("Where", "equal,x,dash", "chosen").Node("StringConcat", "x,dash", "dashed").Node("StringConcat", "dashed,z", "joined")
            .Node("RegexFullMatch", "joined", "matches", ("pattern", "(?i)y.*-\\w*"))
            .Node("StringSplit", "joined", "parts,count", ("delimiter", "-"), ("maxsplit", 2))
            .Node("StringNormalizer", "z", "normal", ("stopwords", (string[])["YES"]), ("case_change_action", "UPPER"))
            .Output("same", "equal", "all", "chosen", "joined", "matches", "parts", "count", "normal").Import();
        LoweredModel lowered = Lower(graph);
        Assert.True(lowered.KeepsStrings);
        Assert.DoesNotContain("table=strings", PlanWriter.Write(Plans.Of(lowered)), StringComparison.Ordinal);
        ModelPlan plan = Plans.Of(lowered);
        Assert.Equal(plan, PlanReader.Read(PlanWriter.Write(plan)).Plan);
        Evaluation.PlanExecutor executor = Plans.Execute(lowered);
        string[] words = ["yes", "no", "", "b", "other", "Yes", "b-c", "é\0"];
        var random = new Random(7);
        for (int round = 0; round < 20; round++)
        {
            Tensor[] inputs = [Draw(2, 2), Draw(2)];
            Tensor[] expected = new GraphEvaluator(graph).Evaluate(inputs), actual = executor.Run(inputs);
            Assert.Equal(expected.Length, actual.Length);
            for (int i = 0; i < expected.Length; i++)
                Assert.Equal(expected[i].Data, actual[i].Data);
        }

        Tensor Draw(params int[] dimensions) => Tensor.Of(
            [.. Enumerable.Range(0, dimensions.Aggregate(1, (a, b) => a * b)).Select(_ => words[random.Next(words.Length)])], dimensions);
    }

    [Fact]
    public void Texts_are_kept_only_where_somebody_could_tell()
    {
        ModelBuilder model = new ModelBuilder().Input("x", ElementType.String, 2).Constant("yes", Tensor.Scalar("yes"));
        Assert.False(Lower(model.Node("Equal", "x,yes", "y").Output("y").Import()).KeepsStrings);
        Assert.True(Lower(model.Node("Reshape", "x,shape", "z").Constant("shape", Tensor.Of([2L, 1], 2)).Output("z").Import())
            .KeepsStrings);
    }

    [Fact]
    public void Parts_of_unknown_number_are_OPT0034()
    {
        var e = Assert.Throws<ModelException>(() => new ModelBuilder().Input("x", ElementType.String, 2)
            .Node("StringSplit", "x", "y,n").Output("y").Import());
        Assert.Equal("OPT0034", e.Diagnostic.Descriptor.Code);
        Assert.Contains("write 'maxsplit'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Operators_that_do_not_take_strings_refuse_them()
    {
        foreach (string opType in (string[])["Relu", "Less", "Add", "Max", "ReduceMax", "ArgMax", "Softmax", "Not", "MatMul"])
        {
            string inputs = OperatorRegistry.Of(new Node("", opType, [], [])) is Operators.Elementwise.BinaryArithmetic or
                Operators.Elementwise.Comparison || opType == "MatMul" ? "x,x" : "x";
            var e = Assert.Throws<ModelException>(() => new ModelBuilder().Input("x", ElementType.String, 2)
                .Node(opType, inputs, "y").Output("y").Import());
            Assert.Contains(e.Diagnostic.Descriptor.Code, (string[])["OPT0005", "OPT0009"]);
        }
    }

    [Fact]
    public void Tables_of_more_strings_than_code_can_hold_are_OPT0025() => Assert.Equal("OPT0025", Assert.Throws<ModelException>(() =>
        Lower(new ModelBuilder().Input("i", ElementType.Int64)
            .Constant("t", Tensor.Of([.. Enumerable.Range(0, 70_000).Select(i => $"{i}")], 70_000))
            .Node("Gather", "t,i", "y").Output("y").Import())).Diagnostic.Descriptor.Code);

    [Fact]
    public void Models_without_strings_have_no_table()
    {
        LoweredModel lowered = Lower(new ModelBuilder().Input("x", 2).Node("Relu", "x", "y").Output("y").Import());
        Assert.Empty(lowered.Strings);
        Assert.DoesNotContain("strings", PlanWriter.Write(Plans.Of(lowered)), StringComparison.Ordinal);
    }

    private static LoweredModel Lower(Graph graph) =>
        GraphLowerer.Lower(new CompressedModel(PassPipeline.Run(graph)), new BoundaryOptions());
}
