using OptimizerBuild.Diagnostics;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Harness;
using OptimizerBuild.Onnx;
using OptimizerBuild.Options;
using OptimizerBuild.Plan;
using OptimizerBuild.Reporting;

namespace OptimizerBuild.Pipeline;

/// <summary>Several sets of shapes of one item, from the metadata to the plan and its execution.</summary>
public sealed class FurtherEntryTests : IDisposable
{
    private const string Three = "x=1,2,8,6 | Portrait: x=1,2,6,8 | x=3,2,8,6";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("Maps")]
    [InlineData("Positions")]
    [InlineData("Loop")]
    public void InFloatEveryEntryGivesTheBytesOfABuildWithItsShapesAlone(string model)
    {
        ModelBuilder builder = Model(model);
        CompilationOutcome outcome = Compile(builder, Three, "Float32");
        Assert.Equal(["", "Portrait", ""], outcome.Plan.Entries.Select(e => e.Name));
        string[] sets = ["x=1,2,8,6", "x=1,2,6,8", "x=3,2,8,6"];
        for (int entry = 0; entry < sets.Length; entry++)
        {
            CompilationOutcome alone = Compile(builder, sets[entry], "Float32");
            Tensor sample = Sample(outcome.Plan.Entries[entry].Inputs[0].Dimensions);
            Tensor[] expected = new PlanExecutor(alone.Plan, alone.Weights).Run([sample]);
            Tensor[] actual = new PlanExecutor(outcome.Plan, outcome.Weights, entry).Run([sample]);
            Assert.True(expected[0].SameAs(actual[0]), sets[entry]);
            // What an entry alone would be, but for the places of weights.
            Assert.Equal(alone.Plan.Main.Buffers, outcome.Plan.Entries[entry].Buffers);
            Assert.Equal(alone.Plan.Facts.Macs, outcome.Plan.Entries[entry].Macs);
        }
        Assert.Equal(Compile(builder, sets[0], "Float32").Plan.Main, outcome.Plan.Main);
    }

    [Theory]
    [InlineData("Maps")]
    [InlineData("Positions")]
    public void InIntegersABatchGivesTheBytesOfItsSamples(string model)
    {
        CompilationOutcome outcome = Compile(Model(model), Three, "Int8");
        Assert.Contains(outcome.Plan.Facts.Precision, (string[])["int8", "mixed"]);
        Tensor batch = Sample(outcome.Plan.Entries[2].Inputs[0].Dimensions);
        Tensor together = new PlanExecutor(outcome.Plan, outcome.Weights, 2).Run([batch])[0];
        var main = new PlanExecutor(outcome.Plan, outcome.Weights);
        int length = batch.Count / 3, result = together.Count / 3;
        for (int i = 0; i < 3; i++)
        {
            Tensor one = Tensor.Of(batch.Values<float>().AsSpan(i * length, length).ToArray(), 1, 2, 8, 6);
            Assert.Equal(main.Run([one])[0].Values<float>(), together.Values<float>().AsSpan(i * result, result).ToArray());
        }
    }

    [Theory]
    [InlineData("Float32")]
    [InlineData("Int8")]
    public void WeightsAreStoredOnce(string precision)
    {
        CompilationOutcome one = Compile(Model("Maps"), "x=1,2,8,6", precision), several = Compile(Model("Maps"), Three, precision);
        Assert.True(several.Weights.AsSpan().StartsWith(one.Weights), "the main entry's weights come first");
        Assert.Equal(one.Weights.Length, several.Weights.Length);
        // A table that follows from the shapes is one more for each shape that differs from the main one.
        CompilationOutcome positions = Compile(Model("Positions"), Three, precision);
        int added = positions.Weights.Length - Compile(Model("Positions"), "x=1,2,8,6", precision).Weights.Length;
        Assert.InRange(added, 1, 2 * (6 * 8 * 2 * sizeof(float)));
    }

    [Fact]
    public void APlanWithSeveralEntriesIsReadAsItWasWritten()
    {
        CompilationOutcome outcome = Compile(Model("Maps"), Three, "Int8");
        Assert.Equal(outcome.Plan, PlanReader.Read(PlanWriter.Write(outcome.Plan)).Plan);
        Assert.Equal(outcome.Plan.Entries.Max(e => e.ArenaBytes), outcome.Plan.ScratchBytes);
        ModelReport report = ModelReport.Of(outcome);
        Assert.Equal(["Predict", "PredictPortrait", "Predict"], report.Entries.Select(e => e.Method));
        Assert.Equal([1, 2, 6, 8], report.Entries[1].Inputs["x"]);
        Assert.Equal(outcome.Plan.ScratchBytes, report.ScratchBytes);
        Assert.Contains(", 3 sets of shapes", SummaryLine.Of(report), StringComparison.Ordinal);
        Assert.DoesNotContain("sets of shapes", SummaryLine.Of(ModelReport.Of(Compile(Model("Maps"), "x=1,2,8,6", "Int8"))),
            StringComparison.Ordinal);
    }

    [Fact]
    public void TheSignatureHasAllEntries()
    {
        ModelOptions options = Options(Model("Maps"), "Landscape: x=1,2,8,6 | Portrait: x=1,2,6,8", "Int8");
        ModelPlan signature = ModelCompiler.DescribeSignature(options);
        ModelPlan plan = ModelCompiler.Compile(options, CancellationToken.None).Plan;
        Assert.Equal(["Landscape", "Portrait"], signature.Entries.Select(e => e.Name));
        Assert.Equal(
            plan.Entries.SelectMany(e => e.Inputs.Select(i => i with { Binding = null })), signature.Entries.SelectMany(e => e.Inputs));
        Assert.Equal(
            plan.Entries.SelectMany(e => e.Outputs.Select(o => o with { Offset = 0 })), signature.Entries.SelectMany(e => e.Outputs));
        Assert.Equal(signature, PlanReader.Read(PlanWriter.Write(signature)).Plan);
    }

    [Fact]
    public void AllEntriesShareTheState()
    {
        ModelBuilder model = new ModelBuilder().Input("x", "n", 2).Input("h", 2).Constant("axes", Tensor.Of([0L], 1))
            .Node("ReduceSum", "x,axes", "sum", ("keepdims", 0)).Node("Add", "sum,h", "hn").Node("Add", "x,hn", "y").Output("y", "hn");
        ModelOptions options = Options(model, "x=1,2 | x=2,2", "Float32", ("State", "h=hn"));
        CompilationOutcome outcome = ModelCompiler.Compile(options, CancellationToken.None);
        PlanExecutor one = new(outcome.Plan, outcome.Weights), two = new(outcome.Plan, outcome.Weights, 1);
        Tensor[] state = one.InitialState();
        one.Run([Tensor.Of([1f, 2f], 1, 2)], state);
        Tensor y = two.Run([Tensor.Of([10f, 20f, 30f, 40f], 2, 2)], state)[0];
        Assert.Equal([41f, 62f], state[0].Values<float>());
        Assert.Equal([51f, 82f, 71f, 102f], y.Values<float>());
    }

    [Fact]
    public void NamesOfMethodsAreKeptFromOutputs()
    {
        ModelBuilder model = new ModelBuilder().Input("x", "n", 2).Node("Relu", "x", "predict_portrait").Output("predict_portrait");
        ModelPlan plan = ModelCompiler.Compile(Options(model, "x=1,2 | Portrait: x=2,2", "Float32"), CancellationToken.None).Plan;
        Assert.All(plan.Entries, e => Assert.Equal("PredictPortrait2", e.Outputs[0].PropertyName));
    }

    [Theory]
    [InlineData("x=1,2,8,6 | x=1,2,6,8", "give one a name, for example 'Other: x=1,2,6,8'")]
    [InlineData("x=1,2,8,6 | x=1,2,8,6", "leave it out")]
    [InlineData("x=1,2,8,6 | Portrait: x=1,2,8,6", "leave it out")]
    [InlineData("x=1,2,8,6 | P: x=1,2,6,8 | P: x=2,2,8,6", "give each another one")]
    [InlineData("x=1,2,8,6 | Batch: x=1,2,6,8", "write another name than 'Batch'")]
    [InlineData("x=1,2,8,6 | Portrait: x=1,2,6,8", "set ClassName", "ClassName", "PredictPortrait")]
    [InlineData("x=1,2,8,6 | x=2,2,8,6", "gives 96 scores and with the first set 48", "Task", "Classification")]
    [InlineData("x=1,2,8,6 | portrait: x=1,2,6,8", "accepted is")]
    [InlineData("x=1,2,8,6 |", "accepted is")]
    public void SetsThatCannotStandBesideEachOtherAreACodedError(
        string shapes, string text, string metadata = "Task", string value = "Other")
    {
        Diagnostic error = Assert.Throws<ModelException>(() => ModelCompiler.Compile(
            Options(Model("Maps"), shapes, "Float32", (metadata, value)), CancellationToken.None)).Diagnostic;
        Assert.Equal("OPT0010", error.Descriptor.Code);
        Assert.Contains("Shapes", error.Text, StringComparison.Ordinal);
        Assert.Contains(text, error.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void AStateMustHaveOneShape()
    {
        ModelBuilder model = new ModelBuilder().Input("x", "n", 2).Input("h", "n", 2).Node("Add", "x,h", "hn").Node("Relu", "hn", "y")
            .Output("y", "hn");
        ModelOptions options = Options(model, "x=1,2;h=1,2 | x=2,2;h=2,2", "Float32", ("State", "h=hn"));
        Diagnostic error = Assert.Throws<ModelException>(() => ModelCompiler.Compile(options, CancellationToken.None)).Diagnostic;
        Assert.Equal("OPT0010", error.Descriptor.Code);
        Assert.Contains("give it one shape", error.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void AnUnknownInputIsACodedError()
    {
        Diagnostic error = Assert.Throws<ModelException>(() =>
            ModelCompiler.Compile(Options(Model("Maps"), "x=1,2,8,6 | z=1,2,6,8", "Float32"), CancellationToken.None)).Diagnostic;
        Assert.Equal("OPT0006", error.Descriptor.Code);
        Assert.Contains("no such input", error.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void NodesThatDependOnTheShapesAreACodedErrorInIntegersAndNoneInFloat()
    {
        // A maximum over all places where there are many, else nothing.
        ModelBuilder model = new ModelBuilder().Input("x", 1, "n")
            .Constant("w", Tensor.Of([1f], 1, 1)).Constant("four", Tensor.Scalar(4L)).Constant("minus", Tensor.Of([-1L, 1], 2))
            .Node("Reshape", "x,minus", "r").Node("MatMul", "r,w", "y")
            .Node("Size", "x", "size").Node("Greater", "size,four", "large")
            .Node("If", "large", "z",
                ("then_branch", Branch("Relu")), ("else_branch", Branch("Abs")))
            .Output("z");
        Diagnostic error = Assert.Throws<ModelException>(() =>
            ModelCompiler.Compile(Options(model, "x=1,4 | x=1,8", "Int8"), CancellationToken.None)).Diagnostic;
        Assert.Equal("OPT0032", error.Descriptor.Code);
        Assert.Contains("'x=1,8'", error.Text, StringComparison.Ordinal);
        CompilationOutcome outcome = ModelCompiler.Compile(Options(model, "x=1,4 | x=1,8", "Float32"), CancellationToken.None);
        Assert.Equal([1f, 1, 1, 1],
            new PlanExecutor(outcome.Plan, outcome.Weights).Run([Tensor.Of([-1f, -1, 1, 1], 1, 4)])[0].Values<float>());
        Assert.Equal([0f, 0, 1, 1, 0, 0, 1, 1],
            new PlanExecutor(outcome.Plan, outcome.Weights, 1).Run([Tensor.Of([-1f, -1, 1, 1, -1, -1, 1, 1], 1, 8)])[0].Values<float>());

        static Onnx.Schema.GraphProto Branch(string operation)
        {
            var graph = new Onnx.Schema.GraphProto { Name = operation };
            graph.Node.Add(ModelBuilder.NewNode(operation, "y", "out"));
            graph.Output.Add(new Onnx.Schema.ValueInfoProto { Name = "out" });
            return graph;
        }
    }

    [Fact]
    public void EverySetIsPartOfTheCachesKey()
    {
        string[] texts =
        [
            .. ((string[])["x=1,2", "A: x=1,2", "x=1,2 | x=2,2", "x=1,2 | A: x=2,2", "x=1,2 | x=3,2", "x=2,2 | x=1,2"])
                .Select(s => OptionsText.Write(Options(Model("Maps"), s, "Float32"))),
        ];
        Assert.Equal(texts.Length, texts.Distinct(StringComparer.Ordinal).Count());
    }

    private CompilationOutcome Compile(ModelBuilder model, string shapes, string precision) =>
        ModelCompiler.Compile(Options(model, shapes, precision), CancellationToken.None);

    private ModelOptions Options(ModelBuilder model, string shapes, string precision, params (string Name, string Value)[] more)
    {
        string path = _folder["maps.onnx"];
        File.WriteAllBytes(path, model.Bytes);
        var metadata = new Dictionary<string, string> { ["Shapes"] = shapes, ["Precision"] = precision };
        foreach ((string name, string value) in more)
            metadata[name] = value;
        return ItemMetadata.Parse(path, metadata, _folder.Path, "App");
    }

    private static Tensor Sample(EquatableList<int> dimensions)
    {
        Tensor sample = Tensor.Zeros(TensorType.Float32([.. dimensions]));
        for (int i = 0; i < sample.Count; i++)
            sample.Values<float>()[i] = (((i * 37) % 101) / 50f) - 1;
        return sample;
    }

    // A convolution with automatic padding, a mean over the map; what "Positions" adds follows from the shapes: a place's number. "Loop"
    // runs the convolution's result through a body.
    private static ModelBuilder Model(string kind)
    {
        var weights = new float[4 * 2 * 9];
        for (int i = 0; i < weights.Length; i++)
            weights[i] = (((i * 29) % 31) - 15) / 20f;
        ModelBuilder model = new ModelBuilder().Input("x", "n", 2, "h", "w")
            .Constant("w1", Tensor.Of(weights, 4, 2, 3, 3)).Constant("w2", Tensor.Of(weights[..32], 8, 4, 1, 1))
            .Node("Conv", "x,w1", "a", ("auto_pad", "SAME_UPPER"), ("strides", new long[] { 2, 2 })).Node("Relu", "a", "b");
        switch (kind)
        {
            case "Positions":
                // 0, 1, 2, … along the width, divided by eight.
                return model.Constant("zero", Tensor.Scalar(0L)).Constant("one", Tensor.Scalar(1L)).Constant("three", Tensor.Scalar(3L))
                    .Constant("eighth", Tensor.Scalar(0.125f))
                    .Node("Shape", "b", "shape").Node("Gather", "shape,three", "width").Node("Range", "zero,width,one", "places")
                    .Node("Cast", "places", "reals", ("to", 1)).Node("Mul", "reals,eighth", "table")
                    .Node("Add", "b,table", "c").Node("Conv", "c,w2", "d").Node("GlobalAveragePool", "d", "y").Output("y");
            case "Loop":
                var body = new Onnx.Schema.GraphProto { Name = "body" };
                body.Input.Add([ModelBuilder.Value("i", ElementType.Int64), ModelBuilder.Value("on", ElementType.Bool),
                    new Onnx.Schema.ValueInfoProto { Name = "carried", Type = new() { TensorType = new() { ElemType = 1 } } }]);
                body.Node.Add([ModelBuilder.NewNode("Identity", "on", "again"), ModelBuilder.NewNode("Add", "carried,b", "next")]);
                body.Output.Add([new Onnx.Schema.ValueInfoProto { Name = "again" }, new Onnx.Schema.ValueInfoProto { Name = "next" }]);
                return model.Constant("trips", Tensor.Scalar(3L)).Constant("true", Tensor.Scalar(true))
                    .Node("Loop", "trips,true,b", "c", ("body", body)).Node("GlobalAveragePool", "c", "y").Output("y");
            default:
                return model.Node("Conv", "b,w2", "c").Node("MaxPool", "c", "d", ("kernel_shape", new long[] { 2, 2 }))
                    .Node("Shape", "d", "shape").Constant("end", Tensor.Of([-1L], 1)).Constant("first", Tensor.Of([0L], 1))
                    .Node("Gather", "shape,first", "batch").Node("Concat", "batch,end", "flat", ("axis", 0))
                    .Node("Reshape", "d,flat", "y").Output("y");
        }
    }
}
