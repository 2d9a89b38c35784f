using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;

namespace OptimizerBuild.Operators;

/// <summary>Types and constant folding.</summary>
public sealed class ShapeInferenceTests
{
    [Fact]
    public void Inferred_types_are_those_of_the_evaluated_values()
    {
        Graph graph = new ModelBuilder().Input("x", 1, 3, 9, 7).Constant("w", Tensor.Of(new float[4 * 3 * 9], 4, 3, 3, 3))
            .Node("Conv", "x,w", "c", ("strides", (long[])[2, 1]), ("auto_pad", "SAME_UPPER"))
            .Node("MaxPool", "c", "m", ("kernel_shape", (long[])[2, 2]), ("strides", (long[])[2, 2]), ("ceil_mode", 1))
            .Node("Flatten", "m", "f").Node("ReduceSum", "f", "s", ("keepdims", 0)).Output("m", "f", "s").Import();
        var seen = new Dictionary<string, TensorType>();

        new GraphEvaluator(graph).Evaluate([Tensor.Zeros(graph.TypeOf("x"))], (name, value) => seen[name] = value.Type);

        Assert.Equal(TensorType.Float32(1, 4, 3, 4), graph.TypeOf("m"));
        Assert.All(seen, s => Assert.Equal(graph.TypeOf(s.Key), s.Value));
        Assert.Equal(5, seen.Count);
    }

    [Fact]
    public void A_whole_graph_is_inferred_anew()
    {
        Graph graph = new ModelBuilder().Input("x", 1, 4).Node("Relu", "x", "a").Node("Softmax", "a", "y").Output("y").Import();

        Graph wider = ShapeInference.Infer(graph with { Types = graph.Types.SetItem("x", TensorType.Float32(5, 6)) });

        Assert.Equal(TensorType.Float32(5, 6), wider.TypeOf("y"));
        Assert.Equal(graph.Nodes.Length, wider.Nodes.Length);
    }

    [Fact]
    public void Constant_nodes_fold_and_leave_no_trace()
    {
        Graph graph = new ModelBuilder().Input("x", 2).Constant("a", Tensor.Of([1f, 2f], 2)).Constant("b", Tensor.Of([3f, 4f], 2))
            .Node("Mul", "a,b", "c").Node("Add", "x,c", "y").Output("y").Import();

        Assert.Equal("Add", Assert.Single(graph.Nodes).OpType);
        Assert.Equal([3f, 8f], Assert.Single(graph.Constants).Value.Values<float>());
    }

    [Fact]
    public void Fused_elementwise_bodies_follow_the_type_of_their_input()
    {
        Graph body = new ModelBuilder().Input("x", 2).Constant("k", Tensor.Scalar(3f)).Node("Mul", "x,k", "m").Node("Sigmoid", "m", "s")
            .Output("s").Import();
        var node = new Node("f", "FusedElementwise", ["v"], ["y"]) { Domain = Node.InternalDomain }.With("body",
            new AttributeValue.GraphValue(body));
        Tensor x = Tensor.Of([0.0, 1.0, -1.0], 3, 1);
        var context = new OperatorContext(node, [x.Type], [null]);

        Tensor y = OperatorRegistry.Of(node).Evaluate(context, [x])[0];

        Assert.Equal(x.Type, y.Type);
        Assert.Equal([0.5, 1 / (1 + Math.Exp(-3)), 1 / (1 + Math.Exp(3))], y.Values<double>());
        Assert.Equal(IntegerForm.Table, OperatorRegistry.Of(node).IntegerForm(new OperatorContext(node, [TensorType.Float32(3)], [null])));
    }

    [Fact]
    public void Embedding_takes_rows_and_zeros_outside_the_table()
    {
        var node = new Node("e", "Embedding", ["table", "i"], ["y"]) { Domain = Node.InternalDomain };
        Tensor table = Tensor.Of([1f, 2f, 3f, 4f], 2, 2), indices = Tensor.Of([1, 0, 2, -1], 1, 4);
        var context = new OperatorContext(node, [table.Type, indices.Type], [table, null]);

        Tensor y = OperatorRegistry.Of(node).Evaluate(context, [table, indices])[0];

        Assert.Equal(TensorType.Float32(1, 4, 2), y.Type);
        Assert.Equal([3f, 4f, 1f, 2f, 0f, 0f, 0f, 0f], y.Values<float>());
    }

    [Fact]
    public void Integer_forms_depend_on_types_and_constants()
    {
        Graph graph = new ModelBuilder().Input("x", 1, 4).Input("v", 4, 4).Constant("w", Tensor.Of(new float[16], 4, 4))
            .Node("MatMul", "x,w", "a").Node("MatMul", "x,v", "b").Node("Add", "a,b", "c").Node("Relu", "c", "d").Node("Softmax", "d", "e")
            .Node("Cast", "c", "i", ("to", (int)ElementType.Int64)).Node("Add", "i,i", "j").Node("LogSoftmax", "c", "l")
                .Output("e", "j", "l").Import();

        Dictionary<string, IntegerForm> forms = graph.Nodes.ToDictionary(n => n.Outputs[0], n => OperatorRegistry.Of(n)
            .IntegerForm(OperatorContext.Of(graph, n)));

        Assert.Equal(IntegerForm.DotProduct, forms["a"]);
        Assert.Equal(IntegerForm.Product, forms["b"]);
        Assert.Equal(IntegerForm.Rescale, forms["c"]);
        Assert.Equal(IntegerForm.Table, forms["d"]);
        Assert.Equal(IntegerForm.FixedPoint, forms["e"]);
        Assert.Equal(IntegerForm.None, forms["j"]);
        Assert.Equal(IntegerForm.FixedPoint, forms["l"]);
    }
}
