using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Harness;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Pipeline;

/// <summary>A state from the item's metadata to the plan and its execution.</summary>
public sealed class StateTests
{
    [Theory]
    [InlineData("Float32", false)]
    [InlineData("Float32", true)]
    [InlineData("Int8", false)]
    public void AnInputAndAnOutputBecomeAState(string precision, bool initialised)
    {
        using var folder = new TemporaryFolder();
        CompilationOutcome outcome = ModelCompiler.Compile(Options(folder, Model(initialised), "h=hn", precision), CancellationToken.None);
        ModelPlan plan = outcome.Plan;
        Assert.Equal(["x"], plan.Inputs.Select(i => i.OnnxName));
        Assert.Equal(["y"], plan.Outputs.Select(o => o.OnnxName));
        PlanState state = Assert.Single(plan.States);
        Assert.Equal(("h", "hn", "H", 2, initialised),
            (state.OnnxName, state.OutputName, state.PropertyName, state.Length, state.Initial is not null));
        Assert.Equal(plan, PlanReader.Read(PlanWriter.Write(plan)).Plan);

        var executor = new PlanExecutor(plan, outcome.Weights);
        Tensor[] stream = executor.InitialState();
        float[] h = initialised ? [0.25f, -0.25f] : [0, 0];
        Assert.Equal(h, stream[0].Values<float>());
        double tolerance = precision == "Int8" ? 0.1 : 1e-6;
        for (int frame = 0; frame < 3; frame++)
        {
            float[] x = [0.5f - (0.25f * frame), -0.5f];
            h = [.. h.Select((v, i) => (0.5f * v) + x[i])];
            Tensor y = executor.Run([Tensor.Of(x, 1, 2)], stream)[0];
            for (int i = 0; i < 2; i++)
            {
                Assert.Equal(h[i], stream[0].Values<float>()[i], tolerance);
                Assert.Equal(h[i] + x[i], y.Values<float>()[i], tolerance);
            }
        }
    }

    [Fact]
    public void EvaluationTakesTheStateFromTheDataAndGivesItBack()
    {
        using var folder = new TemporaryFolder();
        ModelBuilder model = Model(initialised: true);
        CompilationOutcome outcome = ModelCompiler.Compile(Options(folder, model, "h=hn", "Float32"), CancellationToken.None);
        Graph graph = model.Import(new ImportOptions { StateInputs = ["h"] });
        var shipped = new ShippedModel(new PlanExecutor(outcome.Plan, outcome.Weights), graph,
            new CallerInputs(graph, InputAdaptation.None, ""));
        Tensor[] h = [Tensor.Of([1f, 2f], 1, 2), Tensor.Of([-1f, 0f], 1, 2)];
        Tensor x = Tensor.Of([0.5f, 0.25f], 1, 2);
        Tensor[][] results = shipped.RunMany([.. h.Select(v => (IReadOnlyList<Tensor>)[x, v])], TestContext.Current.CancellationToken);
        for (int i = 0; i < h.Length; i++)
        {
            Tensor[] expected = new GraphEvaluator(graph).Evaluate([x, h[i]]);
            for (int o = 0; o < expected.Length; o++)
                Assert.Equal(expected[o].Values<float>(), results[i][o].Values<float>());
        }
        Assert.Equal([1f, 2f], h[0].Values<float>());
    }

    [Fact]
    public void TheSignatureHasTheState()
    {
        using var folder = new TemporaryFolder();
        ModelPlan plan = ModelCompiler.DescribeSignature(Options(folder, Model(initialised: true), "h=hn", "Float32"));
        Assert.Equal("H", Assert.Single(plan.States).PropertyName);
        Assert.Equal(["x"], plan.Inputs.Select(i => i.OnnxName));
        Assert.Equal(plan, PlanReader.Read(PlanWriter.Write(plan)).Plan);
    }

    [Theory]
    [InlineData("z=hn", "no input 'z'")]
    [InlineData("h=z", "no output 'z'")]
    [InlineData("x=hn", "but the output 'hn'")]
    public void WhatDoesNotFitTheModelIsACodedError(string state, string text)
    {
        using var folder = new TemporaryFolder();
        ModelBuilder model = Model(initialised: false);
        model.Model.Graph.Input[0] = ModelBuilder.Value("x", ElementType.Float32, 1, 1);
        Diagnostic error = Assert.Throws<ModelException>(() =>
            ModelCompiler.Compile(Options(folder, model, state, "Float32"), CancellationToken.None)).Diagnostic;
        Assert.Equal("OPT0010", error.Descriptor.Code);
        Assert.Contains(text, error.Text, StringComparison.Ordinal);
    }

    // h' = h / 2 + x, y = h' + x; h begins with 0 or with what the model says.
    private static ModelBuilder Model(bool initialised)
    {
        ModelBuilder model = new ModelBuilder().Input("x", 1, 2).Input("h", 1, 2).Constant("half", Tensor.Scalar(0.5f))
            .Node("Mul", "h,half", "m").Node("Add", "m,x", "hn").Node("Add", "hn,x", "y").Output("y", "hn");
        return initialised ? model.Constant("h", Tensor.Of([0.25f, -0.25f], 1, 2)) : model;
    }

    private static ModelOptions Options(TemporaryFolder folder, ModelBuilder model, string state, string precision)
    {
        string path = Path.Combine(folder.Path, "stream.onnx");
        File.WriteAllBytes(path, model.Bytes);
        return ItemMetadata.Parse(path, new Dictionary<string, string> { ["State"] = state, ["Precision"] = precision }, folder.Path,
            "App");
    }
}
