using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx.Opsets;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Lookup;

namespace OptimizerBuild.Onnx;

/// <summary>Every operator that changed between opsets gives the same result in its old and in its newest form.</summary>
public sealed class OpsetNormalizationTests
{
    /// <summary>A model in an old form beside the same in the newest, by the operator of the rule.</summary>
    private static readonly SortedDictionary<string, (ModelBuilder Old, ModelBuilder New)> Pairs = new(StringComparer.Ordinal)
    {
        ["Clip"] = (Old(10, m => m.Node("Clip", "x", "y", ("min", -1f), ("max", 2f))),
            New(m => m.Constant("lo", Tensor.Scalar(-1f)).Constant("hi", Tensor.Scalar(2f)).Node("Clip", "x,lo,hi", "y"))),
        ["Softmax"] = (Old(11, m => m.Node("Softmax", "x", "y", ("axis", 1))), New(m => Flat(m, "Softmax"))),
        ["LogSoftmax"] = (Old(12, m => m.Node("LogSoftmax", "x", "y")), New(m => Flat(m, "LogSoftmax"))),
        ["Squeeze"] = (Old(11, m => m.Node("Reshape", "x,s", "r").Node("Squeeze", "r", "y", ("axes", (long[])[1]))
            .Constant("s", Tensor.Of([24L, 1L, 1L], 3))),
            New(m => m.Node("Reshape", "x,s", "y").Constant("s", Tensor.Of([24L, 1L], 2)))),
        ["Unsqueeze"] = (Old(11, m => m.Node("Unsqueeze", "x", "y", ("axes", (long[])[0, -1]))),
            New(m => m.Node("Reshape", "x,s", "y").Constant("s", Tensor.Of([1L, 2L, 3L, 4L, 1L], 5)))),
        ["ReduceSum"] = Reduce("ReduceSum", 11),
        ["ReduceMean"] = Reduce("ReduceMean", 17),
        ["ReduceMax"] = Reduce("ReduceMax", 17),
        ["ReduceMin"] = Reduce("ReduceMin", 17),
        ["ReduceProd"] = Reduce("ReduceProd", 17),
        ["Slice"] = (Old(9, m => m.Node("Slice", "x", "y", ("starts", (long[])[1, -3]), ("ends", (long[])[3, 9]),
            ("axes", (long[])[1, 2]))),
            New(m => m.Constant("s", Tensor.Of([1L, -3L], 2)).Constant("e", Tensor.Of([3L, 9L], 2)).Constant("a", Tensor.Of([1L, 2L], 2))
                .Node("Slice", "x,s,e,a", "y"))),
        ["Pad"] = (Old(10, m => m.Node("Pad", "x", "y", ("pads", (long[])[0, 0, 1, 0, 0, 2]), ("value", 0.5f))),
            New(m => m.Constant("p", Tensor.Of([0L, 0L, 1L, 0L, 0L, 2L], 6)).Constant("v", Tensor.Scalar(0.5f)).Node("Pad", "x,p,v", "y"))),
        ["Split"] = (Old(11, m => m.Node("Split", "x", "y,z", ("split", (long[])[1, 3]), ("axis", 2))),
            New(m => m.Constant("p", Tensor.Of([1L, 3L], 2)).Node("Split", "x,p", "y,z", ("axis", 2)))),
        ["BatchNormalization"] = (Old(6, m => Normalised(m, "y,mean2,var2,mean3,var3", ("is_test", 1), ("spatial", 1))),
            New(m => Normalised(m, "y"))),
        ["Dropout"] = (Old(6, m => m.Node("Dropout", "x", "y", ("ratio", 0.5f), ("is_test", 1))), New(m => m.Node("Identity", "x", "y"))),
        ["Add"] = Broadcast("Add"),
        ["Sub"] = Broadcast("Sub"),
        ["Mul"] = Broadcast("Mul"),
        ["Div"] = Broadcast("Div"),
        ["Pow"] = Broadcast("Pow"),
        ["Equal"] = Broadcast("Equal", cast: ElementType.Int32),
        ["Greater"] = Broadcast("Greater"),
        ["Less"] = Broadcast("Less"),
        ["And"] = Broadcast("And", cast: ElementType.Bool),
        ["Or"] = Broadcast("Or", cast: ElementType.Bool),
        ["Xor"] = Broadcast("Xor", cast: ElementType.Bool),
        ["Reshape"] = (Old(4, m => m.Node("Reshape", "x", "y", ("shape", (long[])[4, -1]))),
            New(m => m.Constant("s", Tensor.Of([4L, 6L], 2)).Node("Reshape", "x,s", "y"))),
        ["PRelu"] = (Old(6, m => m.Constant("a", Tensor.Of([0.5f, 2f, 3f], 3)).Node("PRelu", "x,a", "y")),
            New(m => m.Constant("a", Tensor.Of([0.5f, 2f, 3f], 3, 1)).Node("PRelu", "x,a", "y"))),
        ["Concat"] = (Old(3, m => m.Node("Concat", "x,x", "y")), New(m => m.Node("Concat", "x,x", "y", ("axis", 1)))),
        ["Conv"] = (Old(11, m => Convolved(m, ("auto_pad", "SAME_UPPER"))), New(m => Convolved(m, ("pads", (long[])[0, 1])))),
        ["MaxPool"] = (Old(11, m => m.Node("MaxPool", "x", "y", ("kernel_shape", (long[])[2]), ("strides", (long[])[3]),
            ("auto_pad", "SAME_LOWER"))),
            New(m => m.Node("MaxPool", "x", "y", ("kernel_shape", (long[])[2]), ("strides", (long[])[3]), ("pads", (long[])[1, 0])))),
        ["AveragePool"] = (Old(11, m => m.Node("AveragePool", "x", "y", ("kernel_shape", (long[])[2]), ("auto_pad", "VALID"),
            ("pads", (long[])[1, 1]))),
            New(m => m.Node("AveragePool", "x", "y", ("kernel_shape", (long[])[2])))),
        ["TopK"] = (Old(9, m => m.Node("TopK", "x", "y,z", ("k", 2), ("axis", 1))),
            New(m => m.Constant("k", Tensor.Of([2L], 1)).Node("TopK", "x,k", "y,z", ("axis", 1)))),
        ["LpPool"] = (Old(11, m => m.Node("LpPool", "x", "y", ("kernel_shape", (long[])[2]), ("auto_pad", "SAME_UPPER"))),
            New(m => m.Node("LpPool", "x", "y", ("kernel_shape", (long[])[2]), ("pads", (long[])[0, 1])))),
        ["Cast"] = (Old(13, m => m.Node("Cast", "x", "t", ("to", (int)ElementType.String))
            .Node("Cast", "t", "u", ("to", (int)ElementType.String)).Node("Cast", "u", "y", ("to", (int)ElementType.Float32))),
            New(m => m.Node("Identity", "x", "y"))),
        ["CastLike"] = (Old(15, m => m.Constant("text", Tensor.Of([""], 1)).Node("CastLike", "x,text", "t").Node("CastLike", "t,x", "y")),
            New(m => m.Node("Identity", "x", "y"))),
        ["Gemm"] = (Old(6, m => Product(m, ("broadcast", 1))), New(m => Product(m))),
        ["LabelEncoder"] = (
            Encoded(2, ("keys_floats", (float[])[0.5f, 1f]), ("values_int64s", (long[])[7, 8])),
            Encoded(4, ("keys_tensor", Tensor.Of([0.5f, 1f], 2)), ("values_tensor", Tensor.Of([7L, 8L], 2)),
                ("default_tensor", Tensor.Of([-1L], 1)))),
    };

    public static TheoryData<string> Operators => [.. Pairs.Keys];

    [Fact]
    public void Every_rule_is_tested() => Assert.Equal(OpsetNormalization.All, Pairs.Keys);

    [Theory]
    [MemberData(nameof(Operators))]
    public void Old_form_equals_new_form(string opType)
    {
        (ModelBuilder old, ModelBuilder latest) = Pairs[opType];
        Tensor x = Tensor.Of([.. Enumerable.Range(0, 24).Select(i => ((i * 7 % 24) - 9) * 0.5f)], 2, 3, 4);

        Tensor[] expected = new GraphEvaluator(latest.Import()).Evaluate([x]);
        Tensor[] actual = new GraphEvaluator(old.Import()).Evaluate([x]);

        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            TensorComparison.AssertClose(expected[i], actual[i], 0, 0);
    }

    [Fact]
    public void Old_binary_operators_without_broadcast_demand_equal_shapes()
    {
        ModelBuilder model = new ModelBuilder(6).Input("x", 2, 3).Constant("b", Tensor.Of([1f, 2f, 3f], 3)).Node("Add", "x,b", "y")
            .Output("y");
        Assert.Equal("OPT0005", Assert.Throws<ModelException>(() => model.Import()).Diagnostic.Descriptor.Code);
    }

    [Fact]
    public void Old_batch_norm_with_statistics_for_every_place_is_refused()
    {
        ModelBuilder model = Old(6, m => Normalised(m, "y", ("spatial", 0)));
        ModelException e = Assert.Throws<ModelException>(() => model.Import());
        Assert.Equal("OPT0004", e.Diagnostic.Descriptor.Code);
        Assert.Contains("opset 6", e.Diagnostic.Text, StringComparison.Ordinal);
    }

    private static ModelBuilder Old(int opset, Func<ModelBuilder, ModelBuilder> body) =>
        Outputs(body(new ModelBuilder(opset).Input("x", 2, 3, 4)));

    private static ModelBuilder New(Func<ModelBuilder, ModelBuilder> body) => Old(GraphImporter.NewestOpset, body);

    private static ModelBuilder Encoded(int version, params (string, object)[] attributes) => New(m =>
    {
        m.Model.OpsetImport.Add(new OperatorSetIdProto { Domain = LabelEncoderOperator.MlDomain, Version = version });
        NodeProto node = ModelBuilder.NewNode("LabelEncoder", "x", "y", attributes);
        node.Domain = LabelEncoderOperator.MlDomain;
        m.Model.Graph.Node.Add(node);
        return m;
    });

    private static ModelBuilder Outputs(ModelBuilder model) =>
        model.Model.Graph.Node.Any(n => n.Output.Contains("z")) ? model.Output("y", "z") : model.Output("y");

    private static ModelBuilder Flat(ModelBuilder model, string opType) => model
        .Constant("rows", Tensor.Of([2L, 12L], 2)).Constant("back", Tensor.Of([2L, 3L, 4L], 3))
        .Node("Reshape", "x,rows", "r").Node(opType, "r", "s").Node("Reshape", "s,back", "y");

    private static (ModelBuilder Old, ModelBuilder New) Reduce(string opType, int opset) => (
        Old(opset, m => m.Node(opType, "x", "y", ("axes", (long[])[0, -1]), ("keepdims", 0)).Node(opType, "x", "z")),
        New(m => m.Constant("a", Tensor.Of([0L, -1L], 2)).Node(opType, "x,a", "y", ("keepdims", 0)).Node(opType, "x", "z")));

    private static (ModelBuilder Old, ModelBuilder New) Broadcast(string opType, ElementType? cast = null)
    {
        Tensor slope = Tensor.Of([2f, 0f, 1f], 3);
        return (
            Old(6, m => Cast(m.Constant("b", slope), cast).Node(opType, cast is null ? "x,b" : "xc,bc", "y", ("broadcast", 1),
                ("axis", 1))),
            New(m => Cast(m.Constant("b", slope.Reshape(3, 1)), cast).Node(opType, cast is null ? "x,b" : "xc,bc", "y")));
    }

    private static ModelBuilder Cast(ModelBuilder model, ElementType? to) => to is { } element
        ? model.Node("Cast", "x", "xc", ("to", (int)element)).Node("Cast", "b", "bc", ("to", (int)element))
        : model;

    private static ModelBuilder Normalised(ModelBuilder model, string outputs, params (string, object)[] attributes) => model
        .Constant("scale", Tensor.Of([1f, 2f, 3f], 3)).Constant("bias", Tensor.Of([0f, 1f, 0f], 3))
        .Constant("mean", Tensor.Of([0f, 1f, 2f], 3)).Constant("var", Tensor.Of([1f, 2f, 3f], 3))
        .Node("BatchNormalization", "x,scale,bias,mean,var", outputs, attributes);

    private static ModelBuilder Convolved(ModelBuilder model, params (string, object)[] attributes) => model
        .Constant("w", Tensor.Of([.. Enumerable.Range(0, 12).Select(i => (i * 0.25f) - 1)], 2, 3, 2)).Node("Conv", "x,w", "y", attributes);

    private static ModelBuilder Product(ModelBuilder model, params (string, object)[] attributes) => model
        .Node("Flatten", "x", "f").Constant("w", Tensor.Of([.. Enumerable.Range(0, 24).Select(i => i * 0.25f)], 12, 2))
            .Constant("c", Tensor.Of([1f, -1f], 2))
        .Node("Gemm", "f,w,c", "y", attributes);
}
