using OptimizerBuild.Compression;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators;
using OptimizerBuild.Passes;
using OptimizerBuild.Plan;
using static OptimizerBuild.Lowering.ControlFlowModels;

namespace OptimizerBuild.Lowering;

/// <summary>Control flow from the model file to the plan: import, reference evaluation, passes, lowering and execution.</summary>
public sealed class ControlFlowTests
{
    [Fact]
    public void EveryWayGivesTheRightOutputs()
    {
        foreach (ControlFlowModel model in ControlFlowModels.All())
            Check(model);
    }

    [Fact]
    public void WhatDependsOnRunTimeDataIsACodedError()
    {
        AssertCode("OPT0007", new ModelBuilder().Input("x", 2).Input("m", ElementType.Int64).Node("Loop", "m,,x", "s,all", ("body",
            Body([Number, Condition, ModelBuilder.Value("v", ElementType.Float32, 2)], [("Neg", "v", "n")], "go", "n",
                "n"))).Output("all"));
        AssertCode("OPT0007",
            new ModelBuilder().Input("x", 2).Input("c", ElementType.Bool).Constant("k", Tensor.Of([1f], 1)).Node("If", "c", "y",
            ("then_branch", Body([], [], "x")), ("else_branch", Body([], [], "k"))).Output("y"));
        AssertCode("OPT0004", new ModelBuilder().Input("x", 2).Input("m", ElementType.Int64).Node("Loop", "m,,x", "s", ("body",
            Body([Number, Condition, ModelBuilder.Value("v", ElementType.Float32, 2)], [("Concat", "v,v", "n")], "go", "n"))).Output("s"));
    }

    [Fact]
    public void ALoopWithoutEndIsACodedErrorAndCanBeCancelled()
    {
        ValueInfoProto[] inputs = [Number, Condition, ModelBuilder.Value("v", ElementType.Float32, 2)];
        AssertCode("OPT0005", new ModelBuilder().Input("x", 2).Node("Loop", ",,x", "s",
            ("body", Body(inputs, [("Neg", "v", "n")], "go", "n"))).Output("s"));

        // A condition that data never make false.
        Graph endless = new ModelBuilder().Input("x", 2).Input("c", ElementType.Bool).Node("Loop", ",c,x", "s",
            ("body", Body(inputs, [("Neg", "v", "n"), ("Equal", "number,number", "e")], "e", "n"))).Output("s").Import();
        Tensor[] given = [Tensor.Of([1f, 2f], 2), Tensor.Scalar(true)];
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => new GraphEvaluator(endless).Evaluate(given, null, cancelled.Token));
        var executor = new PlanExecutor(
            Plans.Of(GraphLowerer.Lower(new CompressedModel(endless), new BoundaryOptions())), []);
        foreach (Action run in (Action[])[() => new GraphEvaluator(endless).Evaluate(given), () => executor.Run(given)])
            Assert.Contains("has not ended", Assert.Throws<ModelException>(run).Diagnostic.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void AllNodesWithoutKernelAreNamedAtOnceAlsoThoseInBodies()
    {
        ModelBuilder model = new ModelBuilder().Input("a", ElementType.Int32, 2, 2).Input("b", ElementType.Int32, 2, 2)
            .Input("c", ElementType.Bool)
            .Node("Gemm", "a,b", "first")
            .Node("If", "c", "y",
                ("then_branch", Body([], [("Gemm", "first,b", "t")], "t")), ("else_branch", Body([], [("Gemm", "a,first", "e")], "e")))
            .Node("Gemm", "y,b", "z").Output("z");
        Graph graph = PassPipeline.Run(model.Import());
        var e = Assert.Throws<ModelException>(() => GraphLowerer.Lower(new CompressedModel(graph), new BoundaryOptions()));
        Assert.All(e.Diagnostics, d => Assert.Equal("OPT0029", d.Descriptor.Code));
        Assert.Equal(4, e.Diagnostics.Length);
    }

    private static void AssertCode(string code, ModelBuilder model)
    {
        foreach (NodeProto concat in model.Model.Graph.Node[0].Attribute[0].G.Node.Where(n => n.OpType == "Concat"))
            concat.Attribute.Add(ModelBuilder.Attribute("axis", 0));
        Assert.Equal(code, Assert.Throws<ModelException>(() => model.Import()).Diagnostic.Descriptor.Code);
    }

    // The outputs by the reference evaluation of the imported graph, of the rewritten one, and by the executor of the plan.
    private static void Check(ControlFlowModel model)
    {
        Graph imported = model.Model.Import();
        Graph rewritten = PassPipeline.Run(imported);
        LoweredModel lowered = GraphLowerer.Lower(new CompressedModel(rewritten), new BoundaryOptions());
        ModelPlan plan = Plans.Of(lowered);
        Assert.Equal(plan, PlanReader.Read(PlanWriter.Write(plan)).Plan);
        Tensor[][] ways =
        [
            new GraphEvaluator(imported).Evaluate(model.Inputs), new GraphEvaluator(rewritten).Evaluate(model.Inputs),
            Plans.Execute(lowered).Run(model.Inputs),
        ];
        foreach (Tensor[] outputs in ways)
            for (int i = 0; i < model.Expected.Length; i++)
                Assert.True(model.Expected[i].Cast<object>().SequenceEqual(outputs[i].Data.Cast<object>()), model.Name);
    }
}
