using OptimizerBuild.Compression;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Operators;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Onnx;

/// <summary>Values of which only run-time data tell how many places count.</summary>
public class BoundedExtentTests
{
    private static readonly float[] Values = [0, 3, 0, -2, 0, 7];

    /// <summary>A boolean mask as PyTorch exports it: the places, one row for each, and the elements there.</summary>
    [Fact]
    public void ElementsUnderAMaskGoOnThroughOperatorsThatTreatPlacesAlone()
    {
        ModelBuilder model = new ModelBuilder().Input("x", 2, 3)
            .Node("NonZero", "x", "places").Node("Transpose", "places", "rows")
            .Node("GatherND", "x,rows", "picked").Node("Relu", "picked", "y")
            .Constant("one", Tensor.Of([1f], 1)).Node("Add", "y,one", "z").Node("Mul", "z,y", "w").Output("w");
        Check(model, Tensor.Of(Values, 2, 3), Tensor.Of([12f, 0, 56], 3), "w", "w.length");
    }

    [Fact]
    public void SeveralOutputsShareTheLength()
    {
        ModelBuilder model = new ModelBuilder().Input("x", 2, 3).Constant("c", Tensor.Of([1L], 1)).Constant("axes", Tensor.Of([0L], 1))
            .Constant("flat", Tensor.Of([-1L], 1))
            .Node("NonZero", "x", "places").Node("Gather", "places,c", "columns", ("axis", 0)).Node("Squeeze", "columns,axes", "column")
            .Node("Cast", "column", "real", ("to", (int)ElementType.Float32)).Node("Concat", "places,columns", "three", ("axis", 0))
            .Node("ReduceMax", "three,axes", "most", ("keepdims", 0)).Node("Reshape", "columns,flat", "again")
            .Output("real", "most", "again");
        Graph graph = model.Import();
        Assert.Equal(["real", "real.length", "most", "most.length", "again", "again.length"], graph.Outputs);
        Tensor[] expected = [Tensor.Of([1f, 0, 2], 3), Tensor.Of([1L, 1, 2], 3), Tensor.Of([1L, 0, 2], 3)];
        Compare(graph, expected, Tensor.Of(Values, 2, 3));
    }

    /// <summary>The boxes, classes and scores that a detector's users want of what NonMaxSuppression chooses.</summary>
    [Fact]
    public void BoxesAreGatheredByTheRowsChosen()
    {
        ModelBuilder model = new ModelBuilder().Input("scores", 1, 2, 3)
            .Constant("boxes", Tensor.Of([0f, 0, 1, 1, 0, 0.1f, 1, 1.1f, 3, 3, 4, 4], 1, 3, 4))
            .Constant("most", Tensor.Of([2L], 1)).Constant("overlap", Tensor.Of([0.5f], 1)).Constant("least", Tensor.Of([0.3f], 1))
            .Constant("two", Tensor.Scalar(2L)).Constant("all", Tensor.Of([0f, 0, 1, 1, 0, 0.1f, 1, 1.1f, 3, 3, 4, 4], 3, 4))
            .Node("NonMaxSuppression", "boxes,scores,most,overlap,least", "chosen")
            .Node("Gather", "chosen,two", "index", ("axis", 1)).Node("Gather", "all,index", "best").Output("best", "chosen");
        Graph graph = model.Import();
        Compare(graph, [Tensor.Of([0f, 0.1f, 1, 1.1f, 0, 0, 1, 1], 2, 4), Tensor.Of([0L, 0, 1, 0, 1, 0], 2, 3)],
            Tensor.Of([0.8f, 0.9f, 0.1f, 0.7f, 0.2f, float.NaN], 1, 2, 3));
        Assert.Equal([4, 3], graph.TypeOf("chosen").Dimensions);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void NoneAndAllMayCount(int value)
    {
        Graph graph = new ModelBuilder().Input("x", 3).Constant("data", Tensor.Of([5f, 6, 7], 3)).Node("Cast", "x", "set", ("to", 9))
            .Node("Compress", "data,set", "y").Output("y").Import();
        Compare(graph, [value == 0 ? Tensor.Of(Array.Empty<float>(), 0) : Tensor.Of([5f, 6, 7], 3)],
            Tensor.Of([value, value, (float)value], 3));
    }

    /// <summary>Which places count is known although what stands there is not.</summary>
    [Fact]
    public void AConstantConditionGivesAnExtentThatIsKnown()
    {
        Graph graph = new ModelBuilder().Input("x", 3, 2).Constant("set", Tensor.Of([false, true, true], 3))
            .Node("Compress", "x,set", "y", ("axis", 0)).Node("ReduceSum", "y", "sum", ("keepdims", 0)).Output("y", "sum").Import();
        Assert.Equal(["y", "sum"], graph.Outputs);
        Assert.Equal([2, 2], graph.TypeOf("y").Dimensions);
        Compare(graph, [Tensor.Of([3f, 4, 5, 6], 2, 2), Tensor.Scalar(18f)], Tensor.Of([1f, 2, 3, 4, 5, 6], 3, 2));
    }

    [Theory]
    [InlineData("output_height", 4294967297L)]
    [InlineData("output_width", 2097152L)]
    [InlineData("sampling_ratio", 2097152L)]
    public void RegionsOfAbsurdSizesAreRefused(string attribute, long value)
    {
        ModelBuilder model = new ModelBuilder(16).Input("x", 1, 1, 4, 4).Input("rois", (object)0, 4).Constant("i",
            Tensor.Of(Array.Empty<long>(), 0))
            .Node("RoiAlign", "x,rois,i", "y", ("sampling_ratio", 1024)).Output("y");
        Schema.AttributeProto given = model.Model.Graph.Node[0].Attribute.FirstOrDefault(a => a.Name == attribute)
            ?? ModelBuilder.Attribute(attribute, 1);
        given.I = value;
        if (!model.Model.Graph.Node[0].Attribute.Contains(given))
            model.Model.Graph.Node[0].Attribute.Add(given);
        Assert.Equal("OPT0005", Assert.Throws<ModelException>(() => model.Import()).Diagnostic.Descriptor.Code);
    }

    [Theory]
    [InlineData("Shape")]
    [InlineData("Size")]
    [InlineData("Softmax")]
    [InlineData("ReduceSum")]
    [InlineData("ArgMax")]
    [InlineData("CumSum", "axis")]
    [InlineData("Concat", "values")]
    [InlineData("Add", "six")]
    [InlineData("Add", "other")]
    [InlineData("TopK", "one")]
    [InlineData("Compress", "set")]
    [InlineData("NonZero")]
    [InlineData("Tile", "one")]
    public void WhatWorksAcrossTheExtentIsRefused(string opType, string further = "")
    {
        ModelBuilder model = new ModelBuilder().Input("x", 6).Constant("axis", Tensor.Scalar(0L)).Constant("one", Tensor.Of([1L], 1))
            .Constant("six", Tensor.Of(Values, 6)).Node("Cast", "x", "set", ("to", 9)).Node("Not", "set", "unset")
            .Node("Compress", "x,set", "values").Node("Compress", "x,unset", "other")
            .Node(opType, "values" + (further.Length > 0 ? "," + further : ""), opType == "TopK" ? "y,z" : "y",
                opType == "Concat" ? [("axis", 0)] : []).Output("y");
        Diagnostic refused = Assert.Throws<ModelException>(() => model.Import()).Diagnostic;
        Assert.Equal("OPT0048", refused.Descriptor.Code);
        Assert.Contains("'values'", refused.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void BothBranchesMayEndInSuchAValue(bool condition)
    {
        Graph graph = new ModelBuilder().Input("c", ElementType.Bool).Input("x", 6)
            .Node("If", "c", "y", ("then_branch", Body("Relu")), ("else_branch", Body("Neg"))).Output("y").Import();
        Compare(graph, [condition ? Tensor.Of([3f, 0, 7], 3) : Tensor.Of([-3f, 2, -7], 3)], Tensor.Of([condition]), Tensor.Of(Values, 6));

        static Schema.GraphProto Body(string function) => new ModelBuilder().Node("NonZero", "x", "places")
            .Node("Transpose", "places", "rows").Node("GatherND", "x,rows", "picked").Node(function, "picked", "inner").Output("inner")
            .Model.Graph;
    }

    [Fact]
    public void ALoopThatJoinsSuchValuesIsRefused()
    {
        ModelBuilder body = new ModelBuilder().Input("i", ElementType.Int64).Input("go", ElementType.Bool)
            .Node("Identity", "go", "on").Node("NonZero", "x", "inner").Output("on", "inner");
        ModelBuilder model = new ModelBuilder().Input("x", 6).Input("trips", ElementType.Int64)
            .Node("Loop", "trips", "y", ("body", body.Model.Graph)).Output("y");
        Assert.StartsWith("OPT00", Assert.Throws<ModelException>(() => model.Import()).Diagnostic.Descriptor.Code,
            StringComparison.Ordinal);
    }

    private static void Check(ModelBuilder model, Tensor input, Tensor expected, params string[] outputs)
    {
        Graph graph = model.Import();
        Assert.Equal(outputs, graph.Outputs);
        Compare(graph, [expected], input);
    }

    private static void Compare(Graph graph, Tensor[] expected, params Tensor[] inputs)
    {
        LoweredModel lowered = GraphLowerer.Lower(new CompressedModel(PassPipeline.Run(graph)), new BoundaryOptions { ClassName = "B" });
        foreach (Tensor[] outputs in (Tensor[][])[new GraphEvaluator(graph).Evaluate(inputs), Plans.Execute(lowered).Run(inputs)])
        {
            Tensor[] cut = BoundedOutputs.Cut(graph.Outputs, outputs, expected);
            Assert.Equal(expected.Length, cut.Length);
            for (int i = 0; i < cut.Length; i++)
                TensorComparison.AssertClose(expected[i], cut[i], 1e-6, 1e-6);
        }
    }
}
