using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Control;
using OptimizerBuild.Operators.Quantization;

namespace OptimizerBuild.Passes;

/// <summary>A small graph, the pass that it is for, and how many nodes of which type are left when that pass has run.</summary>
/// <param name="Pass">The pass's name.</param>
/// <param name="Title">What the graph shows.</param>
/// <param name="Build">Makes the graph.</param>
/// <param name="Expected">The node types left, sorted, each with its number.</param>
internal sealed record PassCase(string Pass, string Title, Func<GraphBuilder, Graph> Build, string Expected)
{
    /// <summary>The elements' largest error, in units of the output's largest element.</summary>
    public float Tolerance { get; init; } = 1e-5f;
}

/// <summary>Small graphs for every pass, those in which it must not act included.</summary>
internal static class PassCases
{
    private static string Levels(GraphBuilder b, string x, float scale, byte zeroPoint)
    {
        (string s, string z) = (b.Scalar(scale), b.Constant(Tensor.Scalar(zeroPoint)));
        return b.Add("DequantizeLinear", b.Add("QuantizeLinear", x, s, z), s, z);
    }

    // h' = f(x W + h R) over the slices of the first axis.
    private static Graph Recurrent(GraphBuilder around, string function)
    {
        var body = new GraphBuilder(2);
        string number = body.Input(TensorType.Of(ElementType.Int64)), h = body.Input(2, 3), xs = body.Input(7, 2, 4);
        string x = body.Add("Gather", [xs, number], ("axis", 0));
        string sum = body.Add("Add", body.Add("MatMul", x, body.Weights(4, 3)), body.Add("MatMul", h, body.Weights(3, 3)));
        string next = body.Add(function, body.Add("Mul", sum, body.Scalar(0.1f)));
        if (function == "Tanh")
            next = body.Add(function, sum);
        return around.Build(around.Add(new Node("", "Loop",
                [around.Constant(Tensor.Scalar(7L)), "", around.Input(2, 3), around.Input(7, 2, 4)], [])
            .With(LoopOperator.Body, new AttributeValue.GraphValue(body.Build(body.Constant(Tensor.Scalar(true)), next)))
            .With(LoopOperator.Carried, 1)));
    }

    private static readonly long[] Nchw = [0, 3, 1, 2], Nhwc = [0, 2, 3, 1];

    public static IReadOnlyList<PassCase> All { get; } =
    [
        new(nameof(ConstantFolding), "constants are added", b => b.Build(b.Add("Add", b.Input(2),
            b.Add("Add", b.Weights(2), b.Weights(2)))), "Add:1"),
        new(nameof(ConstantFolding), "a constant takes the type of what is not constant", b =>
        {
            string x = b.Input(2);
            return b.Build(b.Add("Add", x, b.Add("CastLike", b.Ints(1, 2), x)));
        }, "Add:1"),
        new(nameof(DeadCodeRemoval), "a node nobody reads", b => { string x = b.Input(2); b.Add("Exp",
            x); return b.Build(b.Add("Abs", x)); }, "Abs:1"),

        new(nameof(IdentityRemoval), "Identity and Dropout inside", b => b.Build(b.Add("Abs",
            b.Add("Dropout", b.Add("Identity", b.Add("Exp", b.Input(2, 3)))))), "Abs:1 Exp:1"),
        new(nameof(IdentityRemoval), "Identity at an output renames the producer", b =>
            b.Build(b.Add("Identity", b.Add("Exp", b.Input(2)))), "Exp:1"),
        new(nameof(IdentityRemoval), "Identity between input and output stays", b => b.Build(b.Add("Identity", b.Input(2))), "Identity:1"),
        new(nameof(IdentityRemoval), "moves that move nothing", b =>
        {
            string x = b.Add("Exp", b.Input(1, 2, 3));
            x = b.Add("Reshape", x, b.Ints(1, 2, 3));
            x = b.Add("Transpose", [x], ("perm", new long[] { 0, 1, 2 }));
            x = b.Add("Slice", x, b.Ints(0), b.Ints(9), b.Ints(1));
            x = b.Add("Pad", x, b.Ints(0, 0, 0, 0, 0, 0));
            x = b.Add("Expand", x, b.Ints(1, 2, 3));
            x = b.Add("Cast", [x], ("to", 1));
            x = b.Add("CastLike", x, b.Input(1));
            return b.Build(b.Add("Abs", b.Add("Concat", [x], ("axis", 1))));
        }, "Abs:1 Exp:1"),
        new(nameof(IdentityRemoval), "products with identity matrices", b =>
        {
            string one = b.Constant(Tensor.Of([1f, 0, 0, 1], 2, 2)), exchange = b.Constant(Tensor.Of([0f, 1, 1, 0], 2, 2));
            string x = b.Add("Gemm", [b.Add("Exp", b.Input(3, 2)), one, b.Constant(Tensor.Of([0f, 0], 2))], ("transB", 1));
            return b.Build(b.Add("MatMul", b.Add("Abs", b.Add("MatMul", x, one)), exchange));
        }, "Abs:1 Exp:1 MatMul:1"),
        new(nameof(IdentityRemoval), "moves that do something stay", b =>
        {
            string x = b.Add("Slice", b.Input(2, 2), b.Ints(-1), b.Ints(-9), b.Ints(0), b.Ints(-1));
            return b.Build(b.Add("Transpose", [x], ("perm", new long[] { 1, 0 })));
        }, "Slice:1 Transpose:1"),

        new(nameof(FakeQuantizeRecognition), "levels and back", b => b.Build(Levels(b, b.Input(2, 3), 0.02f, 128)), "FakeQuantize:1"),
        new(nameof(FakeQuantizeRecognition), "with movements between", b =>
        {
            string x = b.Add("QuantizeLinear", b.Input(1, 2, 4, 4), b.Scalar(0.02f), b.Constant(Tensor.Scalar((sbyte)-3)));
            x = b.Add("MaxPool", [x], ("kernel_shape", new long[] { 2, 2 }));
            x = b.Add("Reshape", x, b.Ints(2, 9));
            return b.Build(b.Add("DequantizeLinear", x, b.Scalar(0.02f), b.Constant(Tensor.Scalar((sbyte)-3))));
        }, "FakeQuantize:1 MaxPool:1 Reshape:1"),
        new(nameof(FakeQuantizeRecognition), "levels of another scale stay", b =>
        {
            string x = b.Add("QuantizeLinear", b.Input(2, 3), b.Scalar(0.02f), b.Constant(Tensor.Scalar((byte)128)));
            return b.Build(b.Add("DequantizeLinear", x, b.Scalar(0.03f), b.Constant(Tensor.Scalar((byte)128))));
        }, "DequantizeLinear:1 QuantizeLinear:1"),
        new(nameof(FakeQuantizeRecognition), "zeros among the levels stay", b =>
        {
            string x = b.Add("QuantizeLinear", b.Input(2, 3), b.Scalar(0.02f), b.Constant(Tensor.Scalar((byte)128)));
            x = b.Add("Pad", x, b.Ints(0, 1, 0, 1));
            return b.Build(b.Add("DequantizeLinear", x, b.Scalar(0.02f), b.Constant(Tensor.Scalar((byte)128))));
        }, "DequantizeLinear:1 Pad:1 QuantizeLinear:1"),
        new(nameof(DynamicQuantizationRecognition), "a product of levels whose scale is measured", b =>
        {
            string x = b.Input(2, 4), s = b.Add("Abs", b.Input(TensorType.Float32())),
                w = b.Constant(Tensor.Of([1, -2, 3, 4, 0, -6, 7, 8], 4, 2));
            string i = b.Add("MatMul", b.Add("Cast", [b.Add("QuantizeLinear", x, s)], ("to", 6)), w);
            return b.Build(b.Add("Mul", b.Add("Cast", [i], ("to", 1)), b.Add("Mul", s, b.Positive(2))));
        }, "Abs:1 DequantizeLinear:1 MatMul:1 QuantizeLinear:1"),
        new(nameof(DynamicQuantizationRecognition), "with another scale it stays", b =>
        {
            string x = b.Input(2, 4), s = b.Add("Abs", b.Input(TensorType.Float32())),
                w = b.Constant(Tensor.Of([1, -2, 3, 4, 0, -6, 7, 8], 4, 2));
            string i = b.Add("MatMul", b.Add("Cast", [b.Add("QuantizeLinear", x, s)], ("to", 6)), w);
            return b.Build(b.Add("Mul", b.Add("Cast", [i], ("to", 1)), b.Add("Mul", b.Add("Sqrt", s), b.Positive(2))));
        }, "Abs:1 Cast:2 MatMul:1 Mul:2 QuantizeLinear:1 Sqrt:1"),
        new(nameof(ElementwiseFusion), "levels between functions stay", b => b.Build(b.Add("Neg", b.Add("Tanh",
            b.Add(FakeQuantizeOperator.Create("", b.Add("Neg", b.Add("Tanh", b.Input(2, 3))), "", 0.01f, 100))))),
            "FakeQuantize:1 FusedElementwise:2"),

        new(nameof(ConcatSlicing), "one operand is cut out again", b =>
        {
            string x = b.Input(1, 2), y = b.Add("Exp", x);
            string all = b.Add("Concat", [x, y], ("axis", 1));
            return b.Build(b.Add("Abs", b.Add("Slice", all, b.Ints(2), b.Ints(9), b.Ints(1))),
                b.Add("Abs", b.Add("Slice", all, b.Ints(0), b.Ints(2), b.Ints(-1))));
        }, "Abs:2 Exp:1"),
        new(nameof(ConcatSlicing), "a cut across operands stays", b =>
        {
            string x = b.Input(1, 2);
            return b.Build(b.Add("Abs", b.Add("Slice", b.Add("Concat", [x, b.Add("Exp", x)], ("axis", 1)), b.Ints(1), b.Ints(3),
                b.Ints(1))));
        }, "Abs:1 Concat:1 Exp:1 Slice:1"),

        new(nameof(ArithmeticNormalisation), "Sub, Div and constants on the left", b =>
        {
            string x = b.Add("Div", b.Add("Sub", b.Input(2, 3), b.Weights(3)), b.Weights(1, 3));
            return b.Build(b.Add("Add", b.Weights(3), x));
        }, "Add:2 Mul:1"),
        new(nameof(ArithmeticNormalisation), "constants in a row are combined", b =>
            b.Build(b.Add("Mul", b.Add("Mul", b.Input(2, 3), b.Weights(3)), b.Scalar(0.25f))), "Mul:1"),
        new(nameof(ArithmeticNormalisation), "two vectors do not become a matrix", b =>
            b.Build(b.Add("Add", b.Add("Add", b.Input(4, 4), b.Weights(4)), b.Weights(4, 1))), "Add:2"),
        new(nameof(ArithmeticNormalisation), "neutral constants vanish", b => b.Build(b.Add("Div",
            b.Add("Sub", b.Add("Exp", b.Input(2)), b.Scalar(0)), b.Scalar(1))), "Exp:1"),
        new(nameof(ArithmeticNormalisation), "a constant that enlarges stays", b =>
            b.Build(b.Add("Mul", b.Add("Exp", b.Input(3)), b.Constant(Tensor.Of(new float[] { 1, 1 }, 2, 1)))), "Exp:1 Mul:1"),

        new(nameof(ClipMerging), "Min of Max is Clip", b => b.Build(b.Add("Min", b.Add("Max", b.Input(2, 3), b.Scalar(0)),
            b.Scalar(1.5f))), "Clip:1"),
        new(nameof(ClipMerging), "Max with zero is Relu", b => b.Build(b.Add("Max", b.Scalar(0), b.Input(2, 3))), "Relu:1"),
        new(nameof(ClipMerging), "clips in a row", b => b.Build(b.Add("Clip", b.Add("Clip", b.Add("Relu", b.Input(5)), b.Scalar(-1),
            b.Scalar(1)), b.Scalar(0.5f), "")), "Clip:1"),
        new(nameof(ClipMerging), "no bound at all", b => b.Build(b.Add("Max", b.Add("Exp", b.Input(2)), b.Scalar(float.NegativeInfinity))),
            "Exp:1"),

        new(nameof(BatchNormalizationSplitting), "statistics become a factor and an addend", b =>
            b.Build(b.Add("BatchNormalization", [b.Input(1, 3, 2, 2), b.Weights(3), b.Weights(3), b.Weights(3), b.Positive(3)],
                ("epsilon", 1e-3f))), "Add:1 Mul:1"),
        new(nameof(BatchNormalizationSplitting), "of a matrix", b => b.Build(b.Add("BatchNormalization", b.Input(2, 3), b.Weights(3),
            b.Weights(3), b.Weights(3), b.Positive(3))), "Add:1 Mul:1"),

        new(nameof(HardActivations), "x · clip(x + 3, 0, 6) · 1/6", b =>
        {
            string x = b.Input(1, 4);
            return b.Build(b.Add("Mul", b.Add("Mul", x, b.Add("Clip", b.Add("Add", x, b.Scalar(3)), b.Scalar(0), b.Scalar(6))),
                b.Scalar(1 / 6f)));
        }, "HardSwish:1"),
        new(nameof(HardActivations), "x · (clip(x + 3, 0, 6) · 1/6)", b =>
        {
            string x = b.Input(1, 4);
            return b.Build(b.Add("Mul", b.Add("Mul", b.Add("Clip", b.Add("Add", x, b.Scalar(3)), b.Scalar(0), b.Scalar(6)),
                b.Scalar(1 / 6f)), x));
        }, "HardSwish:1"),
        new(nameof(HardActivations), "(x · 1/6) · clip(x + 3, 0, 6)", b =>
        {
            string x = b.Input(1, 4);
            return b.Build(b.Add("Mul", b.Add("Mul", x, b.Scalar(1 / 6f)), b.Add("Clip", b.Add("Add", x, b.Scalar(3)), b.Scalar(0),
                b.Scalar(6))));
        }, "HardSwish:1"),
        new(nameof(HardActivations), "x · HardSigmoid(x)", b =>
        {
            string x = b.Input(1, 4);
            return b.Build(b.Add("Mul", x, b.Add("HardSigmoid", [x], ("alpha", 1 / 6f), ("beta", 0.5f))));
        }, "HardSwish:1"),
        new(nameof(HardActivations), "a gate of its own", b =>
        {
            string x = b.Input(1, 4);
            return b.Build(b.Add("Mul", b.Add("Clip", b.Add("Add", x, b.Scalar(3)), b.Scalar(0), b.Scalar(6)), b.Scalar(1 / 6f)));
        }, "HardSigmoid:1"),
        new(nameof(HardActivations), "clip(x · 0.2 + 0.5, 0, 1)", b =>
            b.Build(b.Add("Clip", b.Add("Add", b.Add("Mul", b.Input(1, 4), b.Scalar(0.2f)), b.Scalar(0.5f)), b.Scalar(0), b.Scalar(1))),
                "HardSigmoid:1"),
        new(nameof(HardActivations), "another slope is not HardSwish", b =>
        {
            string x = b.Input(1, 4);
            return b.Build(b.Add("Mul", b.Add("Mul", x, b.Add("Clip", b.Add("Add", x, b.Scalar(2)), b.Scalar(0), b.Scalar(6))),
                b.Scalar(1 / 6f)));
        }, "Add:1 Clip:1 Mul:2"),
        new(nameof(HardActivations), "another operand is not HardSwish", b =>
        {
            string x = b.Input(1, 4);
            return b.Build(b.Add("Mul", b.Input(1, 4), b.Add("HardSigmoid", [x], ("alpha", 1 / 6f), ("beta", 0.5f))));
        }, "HardSigmoid:1 Mul:1"),

        new(nameof(MeanRecognition), "a sum divided by its terms", b => b.Build(b.Add("Mul",
            b.Add("ReduceSum", [b.Input(2, 8), b.Ints(1)], ("keepdims", 0)), b.Scalar(0.125f))), "ReduceMean:1"),
        new(nameof(MeanRecognition), "divided by something else", b => b.Build(b.Add("Mul", b.Add("ReduceSum", b.Input(2, 8), b.Ints(1)),
            b.Scalar(0.25f))), "Mul:1 ReduceSum:1"),

        new(nameof(LayerNormalizationRecognition), "from squared differences, with scale and bias", b =>
        {
            string x = b.Input(2, 3, 6);
            string d = b.Add("Sub", x, b.Add("ReduceMean", x, b.Ints(-1)));
            string v = b.Add("ReduceMean", b.Add("Pow", d, b.Scalar(2)), b.Ints(2));
            string y = b.Add("Div", d, b.Add("Sqrt", b.Add("Add", v, b.Scalar(1e-5f))));
            return b.Build(b.Add("Add", b.Add("Mul", y, b.Weights(6)), b.Weights(6)));
        }, "LayerNormalization:1"),
        new(nameof(LayerNormalizationRecognition), "from the mean square along another axis, with Reshape between", b =>
        {
            string x = b.Input(1, 6, 4);
            string mean = b.Add("ReduceMean", [x, b.Ints(1)], ("keepdims", 0));
            string square = b.Add("ReduceMean", [b.Add("Mul", x, x), b.Ints(1)], ("keepdims", 0));
            string v = b.Add("Relu", b.Add("Sub", square, b.Add("Mul", mean, mean)));
            string r = b.Add("Reciprocal", b.Add("Sqrt", b.Add("Add", b.Add("Reshape", v, b.Ints(1, 1, 4)), b.Scalar(1e-3f))));
            string d = b.Add("Sub", x, b.Add("Reshape", mean, b.Ints(1, 1, 4)));
            return b.Build(b.Add("Add", b.Add("Mul", d, b.Add("Mul", r, b.Weights(1, 6, 1))), b.Weights(1, 6, 1)));
        }, "LayerNormalization:1 Transpose:2") { Tolerance = 1e-4f },
        new(nameof(LayerNormalizationRecognition), "a variance of something else stays", b =>
        {
            string x = b.Input(2, 6), z = b.Input(2, 6);
            string d = b.Add("Sub", x, b.Add("ReduceMean", x, b.Ints(-1)));
            string v = b.Add("ReduceMean", b.Add("Mul", z, z), b.Ints(-1));
            return b.Build(b.Add("Div", d, b.Add("Sqrt", b.Add("Add", v, b.Scalar(1e-5f)))));
        }, "Add:1 Div:1 Mul:1 ReduceMean:2 Sqrt:1 Sub:1"),

        new(nameof(LayerNormalizationRecognition), "from the mean square alone, with a scale", b =>
        {
            string x = b.Input(2, 3, 6);
            string v = b.Add("ReduceMean", b.Add("Pow", x, b.Scalar(2)), b.Ints(-1));
            string r = b.Add("Reciprocal", b.Add("Sqrt", b.Add("Add", v, b.Scalar(1e-5f))));
            return b.Build(b.Add("Mul", b.Add("Mul", x, r), b.Weights(6)));
        }, "RMSNormalization:1"),
        new(nameof(LayerNormalizationRecognition), "from the mean square along another axis; what is added stays", b =>
        {
            string x = b.Input(1, 6, 4);
            string v = b.Add("ReduceMean", b.Add("Mul", x, x), b.Ints(1));
            string y = b.Add("Div", x, b.Add("Sqrt", b.Add("Add", v, b.Scalar(1e-3f))));
            return b.Build(b.Add("Add", b.Add("Mul", y, b.Weights(6, 1)), b.Weights(6, 1)));
        }, "Add:1 RMSNormalization:1 Transpose:2"),
        new(nameof(LayerNormalizationRecognition), "the mean square of something else stays", b =>
        {
            string x = b.Input(2, 6), z = b.Input(2, 6);
            string v = b.Add("ReduceMean", b.Add("Mul", z, z), b.Ints(-1));
            return b.Build(b.Add("Div", x, b.Add("Sqrt", b.Add("Add", v, b.Scalar(1e-5f)))));
        }, "Add:1 Div:1 Mul:1 ReduceMean:1 Sqrt:1"),

        new(nameof(SoftmaxRecognition), "written out with kept dimensions", b =>
        {
            string x = b.Input(2, 5);
            string e = b.Add("Exp", b.Add("Sub", x, b.Add("ReduceMax", x, b.Ints(1))));
            return b.Build(b.Add("Div", e, b.Add("ReduceSum", e, b.Ints(1))));
        }, "Softmax:1"),
        new(nameof(SoftmaxRecognition), "with Reshape and Expand between", b =>
        {
            string x = b.Input(2, 5);
            string m = b.Add("Expand", b.Add("Reshape", b.Add("ReduceMax", [x, b.Ints(-1)], ("keepdims", 0)), b.Ints(2, 1)), b.Ints(2, 5));
            string e = b.Add("Exp", b.Add("Sub", x, m));
            return b.Build(b.Add("Div", e, b.Add("Reshape", b.Add("ReduceSum", [e, b.Ints(1)], ("keepdims", 0)), b.Ints(2, 1))));
        }, "Softmax:1"),
        new(nameof(SoftmaxRecognition), "sums along another axis", b =>
        {
            string x = b.Input(5, 5);
            string e = b.Add("Exp", b.Add("Sub", x, b.Add("ReduceMax", x, b.Ints(1))));
            return b.Build(b.Add("Div", e, b.Add("ReduceSum", e, b.Ints(0))));
        }, "Div:1 Exp:1 ReduceMax:1 ReduceSum:1 Sub:1"),

        new(nameof(RecurrentRecognition), "a loop of seven steps", b => Recurrent(b, "Tanh"), "Gemm:1 RNN:1 Reshape:4"),
        new(nameof(RecurrentRecognition), "a loop whose state has another function", b => Recurrent(b, "Exp"), "Loop:1"),

        new(nameof(EmbeddingRecognition), "one-hot times a matrix", b =>
        {
            string ids = b.Add("Unsqueeze", b.Input(TensorType.Of(ElementType.Int32, 1, 6)), b.Ints(2));
            string hot = b.Add("Cast", [b.Add("Equal", ids, b.Constant(Tensor.Of(new[] { 0, 1, 2, 3 }, 1, 1, 4)))], ("to", 1));
            return b.Build(b.Add("MatMul", hot, b.Weights(4, 3)));
        }, "Embedding:1 Reshape:1 Unsqueeze:1"),
        new(nameof(EmbeddingRecognition), "indices outside the table give zeros", b =>
        {
            string ids = b.Add("Unsqueeze", b.Input(TensorType.Of(ElementType.Int32, 1, 64)), b.Ints(2));
            string hot = b.Add("Cast", [b.Add("Equal", ids, b.Constant(Tensor.Of(new[] { 0, 1 }, 1, 1, 2)))], ("to", 1));
            return b.Build(b.Add("MatMul", hot, b.Weights(2, 3)));
        }, "Embedding:1 Reshape:1 Unsqueeze:1"),
        new(nameof(EmbeddingRecognition), "another list of classes", b =>
        {
            string ids = b.Add("Unsqueeze", b.Input(TensorType.Of(ElementType.Int32, 1, 6)), b.Ints(2));
            string hot = b.Add("Cast", [b.Add("Equal", ids, b.Constant(Tensor.Of(new[] { 0, 2, 1, 3 }, 1, 1, 4)))], ("to", 1));
            return b.Build(b.Add("MatMul", hot, b.Weights(4, 3)));
        }, "Cast:1 Equal:1 MatMul:1 Unsqueeze:1"),
        new(nameof(EmbeddingFolding), "column constants and functions go into the table", b =>
        {
            string rows = b.Add(new Node("", "Embedding", [b.Weights(4, 3), b.Input(TensorType.Of(ElementType.Int32, 1, 6))],
                []) { Domain = Node.InternalDomain });
            return b.Build(b.Add("Tanh", b.Add("Add", rows, b.Weights(1, 1, 3))));
        }, "Embedding:1"),

        new(nameof(OutputAffineFolding), "a constant for each channel behind Conv", b => b.Build(b.Add("Add", b.Add("Mul",
            b.Add("Conv", [b.Input(1, 4, 5, 5), b.Weights(6, 2, 3, 3)], ("group", 2), ("pads", new long[] { 1, 1, 1, 1 })),
                b.Weights(6, 1, 1)), b.Weights(1, 6, 1, 1))), "Conv:1"),
        new(nameof(OutputAffineFolding), "a constant for each pixel stays", b =>
            b.Build(b.Add("Add", b.Add("Conv", b.Input(1, 2, 3, 3), b.Weights(3, 2, 1, 1)), b.Weights(3, 3))), "Add:1 Conv:1"),
        new(nameof(OutputAffineFolding), "a product with other readers stays", b =>
        {
            string y = b.Add("Gemm", b.Input(2, 3), b.Weights(3, 4));
            return b.Build(b.Add("Add", y, b.Weights(4)), b.Add("Abs", y));
        }, "Abs:1 Add:1 Gemm:1"),
        new(nameof(OutputAffineFolding), "MatMul with a bias is Gemm", b => b.Build(b.Add("Add",
            b.Add("MatMul", b.Input(2, 3), b.Weights(3, 4)), b.Weights(4))), "Gemm:1"),
        new(nameof(OutputAffineFolding), "stacked MatMul with a bias", b => b.Build(b.Add("Add",
            b.Add("MatMul", b.Input(2, 5, 3), b.Weights(3, 4)), b.Weights(4))), "Gemm:1 Reshape:2"),
        new(nameof(OutputAffineFolding), "Gemm's scalars", b => b.Build(b.Add("Mul",
            b.Add("Gemm", [b.Input(2, 3), b.Weights(4, 3), b.Weights(1, 4)], ("alpha", 0.5f), ("beta", 2f), ("transB", 1)), b.Scalar(3))),
                "Gemm:1"),

        new(nameof(InputAffineFolding), "a normalisation before Gemm", b =>
            b.Build(b.Add("Gemm", b.Add("Mul", b.Add("Add", b.Input(2, 3), b.Weights(3)), b.Positive(3)), b.Weights(3, 4), b.Weights(4))),
                "Gemm:1"),
        new(nameof(InputAffineFolding), "a factor for each channel before a padded, grouped Conv", b => b.Build(b.Add("Conv",
            [b.Add("Mul", b.Input(1, 4, 5, 5), b.Positive(4, 1, 1)), b.Weights(6, 2, 3, 3)], ("group", 2),
                ("pads", new long[] { 1, 1, 1, 1 }))), "Conv:1"),
        new(nameof(InputAffineFolding), "an addend before padding stays", b =>
            b.Build(b.Add("Conv", [b.Add("Add", b.Input(1, 2, 5, 5), b.Weights(2, 1, 1)), b.Weights(3, 2, 3, 3)],
                ("pads", new long[] { 1, 1, 1, 1 }))), "Add:1 Conv:1"),
        new(nameof(InputAffineFolding), "an addend before a Conv without padding", b =>
            b.Build(b.Add("Conv", b.Add("Add", b.Input(1, 2, 5, 5), b.Weights(2, 1, 1)), b.Weights(3, 2, 3, 3))), "Conv:1"),
        new(nameof(InputAffineFolding), "scales that differ too much stay outside", b => b.Build(b.Add("Gemm",
            b.Add("Mul", b.Input(2, 3), b.Constant(Tensor.Of(new[] { 1f, 10f, 100f }, 3))), b.Weights(3, 4))), "Gemm:1 Mul:1"),

        new(nameof(PaddingFusion), "Pad before Conv", b => b.Build(b.Add("Conv",
            [b.Add("Pad", b.Input(1, 2, 5, 5), b.Ints(0, 0, 1, 0, 0, 0, 0, 2)), b.Weights(3, 2, 3, 3)],
                ("pads", new long[] { 0, 1, 1, 0 }))), "Conv:1"),
        new(nameof(PaddingFusion), "Pad before AveragePool", b => b.Build(b.Add("AveragePool",
            [b.Add("Pad", b.Input(1, 2, 5, 5), b.Ints(0, 0, 1, 1, 0, 0, 1, 1))], ("kernel_shape", new long[] { 3, 3 }))), "AveragePool:1"),
        new(nameof(PaddingFusion), "padding with something else stays", b =>
            b.Build(b.Add("Conv", b.Add("Pad", b.Input(1, 2, 5, 5), b.Ints(0, 0, 1, 1, 0, 0, 1, 1), b.Scalar(1)), b.Weights(3, 2, 3, 3))),
                "Conv:1 Pad:1"),
        new(nameof(PaddingFusion), "padding of channels stays", b =>
            b.Build(b.Add("Conv", b.Add("Pad", b.Input(1, 2, 5, 5), b.Ints(0, 1, 0, 0, 0, 0, 0, 0)), b.Weights(3, 3, 3, 3))),
                "Conv:1 Pad:1"),

        new(nameof(ActivationFusion), "Relu into Conv, Clip into that", b =>
            b.Build(b.Add("Clip", b.Add("Relu", b.Add("Conv", b.Input(1, 2, 3, 3), b.Weights(3, 2, 1, 1))), b.Scalar(-1), b.Scalar(1))),
                "Conv:1"),
        new(nameof(ActivationFusion), "Relu into Add of two values", b => { string x = b.Input(3); return b.Build(b.Add("Relu",
            b.Add("Add", x, b.Add("Exp", x)))); }, "Add:1 Exp:1"),
        new(nameof(ActivationFusion), "not into arithmetic with one constant", b =>
            b.Build(b.Add("Relu", b.Add("Add", b.Input(3), b.Scalar(1)))), "Add:1 Relu:1"),

        new(nameof(ElementwiseFusion), "GELU by erf", b =>
        {
            string x = b.Input(2, 3);
            string e = b.Add("Add", b.Add("Erf", b.Add("Div", x, b.Scalar(1.41421354f))), b.Scalar(1));
            return b.Build(b.Add("Mul", b.Add("Mul", x, e), b.Scalar(0.5f)));
        }, "FusedElementwise:1"),
        new(nameof(ElementwiseFusion), "GELU by tanh with cubes of products", b =>
        {
            string x = b.Input(2, 3);
            string cube = b.Add("Mul", x, b.Add("Mul", x, b.Add("Mul", b.Constant(Tensor.Of(new[] { 0.044715f }, 1, 1)), x)));
            string t = b.Add("Tanh", b.Add("Mul", b.Scalar(0.797884583f), b.Add("Add", x, cube)));
            return b.Build(b.Add("Mul", x, b.Add("Mul", b.Scalar(0.5f), b.Add("Add", b.Scalar(1), t))));
        }, "FusedElementwise:1"),
        new(nameof(ElementwiseFusion), "x · sigmoid(x)", b => { string x = b.Add("Add", b.Input(3),
            b.Input(3)); return b.Build(b.Add("Mul", x, b.Add("Sigmoid", x))); }, "Add:1 FusedElementwise:1"),
        new(nameof(ElementwiseFusion), "an inner value with other readers", b =>
        {
            string x = b.Add("Sigmoid", b.Add("Neg", b.Input(3)));
            return b.Build(b.Add("Exp", b.Add("Abs", x)), b.Add("Softmax", x));
        }, "FusedElementwise:2 Softmax:1"),
        new(nameof(ElementwiseFusion), "two values are no function of one", b =>
            b.Build(b.Add("Mul", b.Input(3), b.Add("Sigmoid", b.Input(3)))), "Mul:1 Sigmoid:1"),
        new(nameof(ElementwiseFusion), "a constant for each channel is none", b =>
            b.Build(b.Add("Exp", b.Add("Mul", b.Input(2, 3), b.Weights(3)))), "Exp:1 Mul:1"),

        new(nameof(FunctionRecognition), "x · sigmoid(x) is Swish", b =>
        {
            string x = b.Input(3);
            return new ElementwiseFusion().Apply(b.Build(b.Add("Mul", x, b.Add("Sigmoid", x))));
        }, "FusedElementwise:1"),
        new(nameof(FunctionRecognition), "x · sigmoid(x) + 0.01 is not", b =>
        {
            string x = b.Input(3);
            return new ElementwiseFusion().Apply(b.Build(b.Add("Add", b.Add("Mul", x, b.Add("Sigmoid", x)), b.Scalar(0.01f))));
        }, "FusedElementwise:1"),

        new(nameof(SaturationBounds), "HardSwish between products", b =>
            b.Build(b.Add("Gemm", b.Add("HardSwish", b.Add("Gemm", b.Input(2, 5), b.Weights(5, 4))), b.Weights(4, 3))),
                "Gemm:2 HardSwish:1"),
        new(nameof(SaturationBounds), "the gate of a squeeze-and-excitation block", b =>
        {
            string x = b.Add("Conv", b.Input(1, 3, 4, 4), b.Weights(4, 3, 1, 1));
            string gate = b.Add("HardSigmoid", b.Add("Conv", b.Add("GlobalAveragePool", x), b.Weights(4, 4, 1, 1)));
            return b.Build(b.Add("Conv", b.Add("Mul", x, gate), b.Weights(2, 4, 1, 1)));
        }, "Conv:3 GlobalAveragePool:1 HardSigmoid:1 Mul:1"),

        new(nameof(GlobalPooling), "ReduceMean over all positions", b =>
            b.Build(b.Add("ReduceMean", [b.Add("Conv", b.Input(1, 2, 4, 4), b.Weights(3, 2, 1, 1)), b.Ints(2, 3)], ("keepdims", 0))),
                "Conv:1 GlobalAveragePool:1 Reshape:1"),
        new(nameof(GlobalPooling), "ReduceMax with kept dimensions", b =>
            b.Build(b.Add("ReduceMax", b.Add("Relu", b.Add("Conv", b.Input(1, 2, 4, 4), b.Weights(3, 2, 1, 1))), b.Ints(-1, -2))),
                "Conv:1 GlobalMaxPool:1 Relu:1"),
        new(nameof(GlobalPooling), "a window as large as the map", b =>
            b.Build(b.Add("AveragePool", [b.Input(1, 2, 4, 3)], ("kernel_shape", new long[] { 4, 3 }), ("strides", new long[] { 4, 3 }))),
                "GlobalAveragePool:1"),
        new(nameof(GlobalPooling), "one axis only", b =>
            b.Build(b.Add("ReduceMean", b.Add("Conv", b.Input(1, 2, 4, 4), b.Weights(3, 2, 1, 1)), b.Ints(2))), "Conv:1 ReduceMean:1"),

        new(nameof(ReshapeMerging), "a chain of shapes", b =>
            b.Build(b.Add("Unsqueeze", b.Add("Squeeze", b.Add("Flatten", b.Add("Exp", b.Input(1, 2, 3))), b.Ints(0)), b.Ints(1))),
                "Exp:1 Reshape:1"),
        new(nameof(ReshapeMerging), "a transposition of dimensions of size one", b =>
            b.Build(b.Add("Transpose", [b.Input(1, 1, 4, 5)], ("perm", Nhwc))), "Reshape:1"),
        new(nameof(ReshapeMerging), "a transposition that moves elements", b =>
            b.Build(b.Add("Transpose", [b.Input(1, 2, 4, 5)], ("perm", Nhwc))), "Transpose:1"),

        new(nameof(ReshapeSinking), "behind functions and constants", b =>
            b.Build(b.Add("Relu", b.Add("Add", b.Add("Reshape", b.Add("Exp", b.Input(1, 3, 4, 1)), b.Ints(1, 3, 4)), b.Weights(3, 1)))),
                "Add:1 Exp:1 Relu:1 Reshape:1"),
        new(nameof(ReshapeSinking), "behind a sum of two", b =>
            b.Build(b.Add("Add", b.Add("Reshape", b.Input(2, 6), b.Ints(4, 3)), b.Add("Reshape", b.Add("Exp", b.Input(2, 6)),
                b.Ints(4, 3)))), "Add:1 Exp:1 Reshape:1"),
        new(nameof(ReshapeSinking), "behind a global pool", b => b.Build(b.Add("GlobalMaxPool",
            b.Add("Reshape", b.Input(1, 3, 4, 2), b.Ints(1, 3, 8)))), "GlobalMaxPool:1 Reshape:1"),

        new(nameof(CommonSubexpressions), "equal nodes and constants", b =>
        {
            string x = b.Input(2, 3);
            return b.Build(b.Add("Mul", b.Add("Add", x, b.Constant(Tensor.Scalar(2f))), b.Add("Add", x, b.Constant(Tensor.Scalar(2f)))));
        }, "Add:1 Mul:1"),
        new(nameof(CommonSubexpressions), "other attributes", b =>
        {
            string x = b.Input(2, 3);
            return b.Build(b.Add("Mul", b.Add("Elu", [x], ("alpha", 1f)), b.Add("Elu", [x], ("alpha", 2f))));
        }, "Elu:2 Mul:1"),

        new(nameof(ChannelsLast), "a convolution", b => b.Build(b.Add("Conv", [b.Input(1, 2, 4, 5), b.Weights(4, 2, 3, 2)],
            ("strides", new long[] { 2, 1 }))), "Conv:1 Transpose:2"),
        new(nameof(ChannelsLast), "a one-dimensional convolution", b => b.Build(b.Add("Conv", b.Input(1, 2, 9), b.Weights(4, 2, 3))),
            "Conv:1 Transpose:2"),
        new(nameof(ChannelsLast), "pools", b =>
        {
            string x = b.Add("AveragePool", [b.Input(1, 2, 4, 5)], ("kernel_shape", new long[] { 2, 2 }),
                ("pads", new long[] { 1, 0, 0, 1 }));
            x = b.Add("MaxPool", [x], ("kernel_shape", new long[] { 2, 2 }), ("pads", new long[] { 1, 1, 0, 0 }));
            return b.Build(b.Add("GlobalAveragePool", x), b.Add("GlobalMaxPool", x));
        }, "AveragePool:1 GlobalAveragePool:1 GlobalMaxPool:1 MaxPool:1 Transpose:8"),

        new(nameof(TransposeSinking), "two that cancel through an elementwise sum", b =>
        {
            string x = b.Add("Transpose", [b.Input(1, 3, 4, 2)], ("perm", Nchw)), y = b.Add("Transpose", [b.Input(1, 3, 4, 2)],
                ("perm", Nchw));
            return b.Build(b.Add("Transpose", [b.Add("Add", b.Add("Mul", x, b.Weights(2, 1, 1)), b.Add("Exp", y))], ("perm", Nhwc)));
        }, "Add:1 Exp:1 Mul:1 Transpose:1"),
        new(nameof(TransposeSinking), "through Concat, Pad, Slice, Softmax and reductions", b =>
        {
            string x = b.Add("Transpose", [b.Input(1, 3, 4, 2)], ("perm", Nchw));
            x = b.Add("Concat", [x, b.Weights(1, 2, 3, 4), x], ("axis", 1));
            x = b.Add("Pad", x, b.Ints(0, 0, 1, 0, 0, 0, 0, 2));
            x = b.Add("Slice", x, b.Ints(1, 0), b.Ints(5, 3), b.Ints(1, -1));
            x = b.Add("Softmax", [x], ("axis", 1));
            string y = b.Add("ReduceSum", [x, b.Ints(2)], ("keepdims", 0));
            return b.Build(b.Add("Abs", b.Add("ReduceMax", x, b.Ints(-1))), b.Add("Abs", y));
        }, "Abs:2 Concat:1 Pad:1 ReduceMax:1 ReduceSum:1 Slice:1 Softmax:1 Transpose:2"),
        new(nameof(TransposeSinking), "past an operand of one pixel", b =>
            b.Build(b.Add("Mul", b.Add("Transpose", [b.Input(1, 3, 4, 2)], ("perm", Nchw)), b.Add("Sigmoid", b.Input(1, 2, 1, 1)))),
                "Mul:1 Reshape:1 Sigmoid:1 Transpose:1"),
        new(nameof(TransposeSinking), "not past another value", b =>
            b.Build(b.Add("Add", b.Add("Transpose", [b.Input(1, 3, 4, 2)], ("perm", Nchw)), b.Input(1, 2, 3, 4))), "Add:1 Transpose:1"),

        new(nameof(TransposeIntoProduct), "before a flattened product", b => b.Build(b.Add("Gemm", [b.Add("Reshape",
            b.Add("Transpose", [b.Input(2, 3, 4, 2)], ("perm", Nchw)), b.Ints(2, 24)), b.Weights(5, 24), b.Weights(5)], ("transB", 1))),
                "Gemm:1 Reshape:1"),
        new(nameof(TransposeIntoProduct), "before MatMul", b => b.Build(b.Add("MatMul", b.Add("Reshape",
            b.Add("Transpose", [b.Input(3, 4, 2)], ("perm", new long[] { 2, 0, 1 })), b.Ints(1, 24)), b.Weights(24, 5))),
                "MatMul:1 Reshape:1"),
        new(nameof(TransposeIntoProduct), "rows that are mixed stay", b => b.Build(b.Add("MatMul", b.Add("Reshape",
            b.Add("Transpose", [b.Input(3, 4, 2)], ("perm", new long[] { 2, 0, 1 })), b.Ints(2, 12)), b.Weights(12, 5))),
                "MatMul:1 Reshape:1 Transpose:1"),
    ];
}
