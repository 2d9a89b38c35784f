using OptimizerBuild.Graphs;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Operators.Gradients;

/// <summary>At least one node of each operator that has a gradient.</summary>
internal static class GradientExamples
{
    /// <summary>The examples.</summary>
    public static IReadOnlyList<GradientExample> All { get; } = [.. Functions(), .. Arithmetic(), .. Linear(), .. Pooling(), .. Reduction(),
        .. Movement(), .. Recurrent(), .. Sampling()];

    private static IEnumerable<GradientExample> Functions()
    {
        // Places away from corners and jumps, some in each part of the domain.
        Tensor anywhere = F([-2.7f, -1.3f, -0.6f, -0.2f, 0.15f, 0.7f, 1.4f, 3.3f], 2, 4);
        Tensor positive = F([0.2f, 0.7f, 1.3f, 2.6f], 4), above1 = F([1.2f, 1.7f, 2.6f, 5f], 4), inside = F([-0.8f, -0.3f, 0.1f, 0.6f], 4);
        foreach (string op in (string[])["Abs", "Asinh", "Atan", "Ceil", "Celu", "Cos", "Cosh", "Elu", "Erf", "Exp", "Floor", "Gelu",
            "HardSigmoid", "HardSwish", "LeakyRelu", "Mish", "Neg", "Reciprocal", "Relu", "Round", "Selu", "Sigmoid", "Sign", "Sin", "Sinh",
            "Softplus", "Softsign", "Swish", "Tanh", "ThresholdedRelu"])
            yield return new(op, [anywhere]);
        yield return new("Gelu", [anywhere], ("approximate", "tanh"));
        yield return new("Tan", [inside]);
        foreach (string op in (string[])["Log", "Sqrt"])
            yield return new(op, [positive]);
        yield return new("Acosh", [above1]);
        foreach (string op in (string[])["Acos", "Asin", "Atanh"])
            yield return new(op, [inside]);
        yield return new("Clip", [anywhere, F([-1], []), F([1], [])]) { Fixed = [1, 2] };
        yield return new("Clip", [anywhere, null, F([1], [])]) { Fixed = [2] };
        yield return new("FusedElementwise", [Drawn(2, 3, 4)], ("body", Body())) { Domain = Node.InternalDomain };
    }

    private static IEnumerable<GradientExample> Arithmetic()
    {
        foreach (string op in (string[])["Add", "Sub", "Mul", "Div", "Max", "Min", "Mod", "PRelu"])
        {
            (string, object)[] attributes = op == "Mod" ? [("fmod", 1)] : [];
            yield return new(op, [Drawn(2, 3, 4), Other(2, 3, 4)], attributes);
            yield return new(op, [Drawn(2, 3, 4), Drawn(4)], attributes);
            yield return new(op, [Drawn(2, 3, 4), Drawn(3, 1)], attributes);
            if (op != "PRelu")
                yield return new(op, [Drawn(3, 1), Drawn(2, 1, 4)], attributes);
        }
        yield return new("Add", [Drawn(2, 3, 4), Drawn(3, 1)]) { Activation = (-0.3f, 0.9f) };
        yield return new("Pow", [F([0.3f, 0.8f, 1.7f, 2.5f], 2, 2), F([2, -1.5f], 2)]);
        foreach (string op in (string[])["Sum", "Mean", "Max", "Min"])
            yield return new(op, [Drawn(2, 3), Drawn(3), Drawn(2, 1)]);
        yield return new("Where", [Tensor.Of([true, false, true, false, false, true], 2, 3), Drawn(2, 3), Drawn(3)]);
    }

    private static IEnumerable<GradientExample> Linear()
    {
        foreach (int last in (int[])[0, 1])
        {
            Tensor Map(int n, int c, int h, int w) => last == 1 ? Drawn(n, h, w, c) : Drawn(n, c, h, w);
            yield return new("Conv", [Map(2, 3, 5, 6), Drawn(4, 3, 3, 2), Drawn(4)], ("pads", (long[])[1, 0, 1, 1]),
                ("channels_last", last));
            yield return new("Conv", [Map(2, 4, 6, 5), Drawn(6, 2, 3, 3), null], ("group", 2), ("strides", (long[])[2, 1]),
                ("dilations", (long[])[1, 2]), ("pads", (long[])[0, 2, 0, 2]), ("channels_last", last));
            yield return new("Conv", [Map(2, 3, 5, 5), Drawn(3, 1, 3, 3), Drawn(3)], ("group", 3), ("pads", (long[])[1, 1, 1, 1]),
                ("channels_last", last));
            yield return new("Conv", [Map(1, 2, 5, 5), Drawn(4, 1, 3, 3), Drawn(4)], ("group", 2), ("channels_last", last));
            yield return new("Conv", [Map(2, 3, 2, 3), Drawn(4, 3, 1, 1), Drawn(4)], ("channels_last", last));
            yield return new("Conv", [Map(1, 2, 4, 4), Drawn(3, 2, 3, 3), Drawn(3)], ("channels_last", last)) { Activation = (0, 6) };
        }
        yield return new("Conv", [Drawn(1, 2, 7), Drawn(3, 2, 3), Drawn(3)], ("strides", (long[])[2]));
        yield return new("Conv", [Drawn(1, 2, 3, 4, 3), Drawn(2, 2, 2, 2, 2), Drawn(2)]);
        for (int i = 0; i < 4; i++)
            yield return new("Gemm", [i % 2 == 0 ? Drawn(3, 4) : Drawn(4, 3), i < 2 ? Drawn(4, 5) : Drawn(5, 4), Drawn(5)],
                ("transA", i % 2), ("transB", i / 2), ("alpha", 0.5f), ("beta", 1.5f));
        yield return new("Gemm", [Drawn(3, 4), Drawn(4, 5), null]);
        yield return new("Gemm", [Drawn(3, 4), Drawn(4, 5), Drawn(3, 1)]);
        yield return new("MatMul", [Drawn(3, 4), Drawn(4, 5)]);
        yield return new("MatMul", [Drawn(2, 3, 4), Drawn(4, 5)]);
        yield return new("MatMul", [Drawn(2, 1, 3, 4), Drawn(3, 4, 5)]);
        yield return new("MatMul", [Drawn(4), Drawn(2, 4, 5)]);
        yield return new("MatMul", [Drawn(2, 3, 4), Drawn(4)]);
        yield return new("BatchNormalization", [Drawn(2, 3, 4), Drawn(3), Drawn(3), Drawn(3), F([0.5f, 1, 2], 3)]);
    }

    private static IEnumerable<GradientExample> Pooling()
    {
        foreach (int last in (int[])[0, 1])
        {
            Tensor map = last == 1 ? Drawn(2, 5, 6, 3) : Drawn(2, 3, 5, 6);
            foreach (string op in (string[])["MaxPool", "AveragePool"])
            {
                yield return new(op, [map], ("kernel_shape", (long[])[2, 2]), ("strides", (long[])[2, 2]), ("channels_last", last));
                yield return new(op, [map], ("kernel_shape", (long[])[3, 2]), ("pads", (long[])[1, 0, 1, 1]), ("channels_last", last));
                yield return new(op, [map], ("kernel_shape", (long[])[3, 3]), ("strides", (long[])[2, 2]), ("ceil_mode", 1),
                    ("channels_last", last));
            }
            yield return new("AveragePool", [map], ("kernel_shape", (long[])[3, 2]), ("pads", (long[])[1, 0, 1, 1]),
                ("count_include_pad", 1), ("channels_last", last));
            yield return new("GlobalAveragePool", [map], ("channels_last", last));
            yield return new("GlobalMaxPool", [map], ("channels_last", last));
        }
        yield return new("MaxPool", [Drawn(1, 2, 4, 4, 4)], ("kernel_shape", (long[])[2, 2, 2]));
        // More channels than a vector has.
        yield return new("MaxPool", [Drawn(2, 4, 4, 21)], ("kernel_shape", (long[])[3, 2]), ("pads", (long[])[1, 0, 0, 1]),
            ("channels_last", 1));
        yield return new("AveragePool", [Drawn(1, 2, 7)], ("kernel_shape", (long[])[3]));
    }

    private static IEnumerable<GradientExample> Reduction()
    {
        foreach (string op in (string[])["ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd"])
        {
            yield return new(op, [Drawn(2, 3, 4), L(1)]);
            yield return new(op, [Drawn(2, 3, 4), L(0, -1)], ("keepdims", 0));
            yield return new(op, [Drawn(2, 3)]);
        }
        yield return new("ReduceProd", [F([0, 2, 3, 1, 0, 0], 2, 3), L(1)]);
        foreach (string op in (string[])["CumSum", "CumProd"])
            for (int i = 0; i < 4; i++)
                yield return new(op, [Drawn(2, 4, 3), Tensor.Of<long>([1], [])], ("exclusive", i % 2), ("reverse", i / 2));
        yield return new("CumProd", [F([2, 0, 3, 0, 1], 5), Tensor.Of<long>([0], [])]);
        yield return new("TopK", [Drawn(2, 5, 3), L(2)], ("axis", 1)) { Outputs = 2 };
        yield return new("TopK", [Drawn(3, 5), L(3)], ("largest", 0)) { Outputs = 2 };
        yield return new("LayerNormalization", [Drawn(2, 3, 4), Drawn(4), Other(4)]);
        yield return new("LayerNormalization", [Drawn(2, 3, 4), Drawn(3, 1), null], ("axis", 1));
        yield return new("LayerNormalization", [Drawn(3, 5), Drawn(5), Drawn(1)], ("epsilon", 0.3f)) { Outputs = 3 };
        yield return new("RMSNormalization", [Drawn(2, 3, 4), Drawn(4)], ("epsilon", 0.3f));
        yield return new("RMSNormalization", [Drawn(2, 3, 4), Drawn(3, 1)], ("axis", 1));
        foreach (string op in (string[])["Softmax", "LogSoftmax"])
        {
            yield return new(op, [Drawn(3, 5)]);
            yield return new(op, [Drawn(2, 4, 3)], ("axis", 1));
        }
    }

    private static IEnumerable<GradientExample> Recurrent()
    {
        foreach ((string op, int gates, string[] defaults) in new[] { ("RNN", 1, new[] { "Tanh" }), ("GRU", 3, ["Sigmoid", "Tanh"]),
            ("LSTM", 4, ["Sigmoid", "Tanh", "Tanh"]) })
        {
            foreach (string direction in (string[])["forward", "reverse", "bidirectional"])
            {
                int count = direction == "bidirectional" ? 2 : 1;
                yield return Layer(op, gates, count, defaults, [], direction);
                // Of several lengths, from given states.
                Tensor?[] cells = op == "LSTM" ? [Other(count, 3, 2)] : [];
                yield return Layer(op, gates, count, defaults, [Tensor.Of([2, 4, 0], 3), Drawn(count, 3, 2), .. cells], direction);
            }
            yield return Layer(op, gates, 1, defaults, [], "forward", ("clip", 0.6f));
            foreach (string function in (string[])["Affine", "LeakyRelu", "ThresholdedRelu", "ScaledTanh", "HardSigmoid", "Elu", "Softsign",
                "Softplus", "Relu"])
                yield return Layer(op, gates, 1, [.. defaults.Select(_ => function)], [], "forward");
        }
        yield return Layer("GRU", 3, 2, ["Sigmoid", "Tanh"], [], "bidirectional", ("linear_before_reset", 1));
        GradientExample linear = Layer("GRU", 3, 1, ["Sigmoid", "Tanh"], [Tensor.Of([2, 4, 1], 3), Drawn(1, 3, 2)], "reverse",
            ("linear_before_reset", 1));
        linear.Inputs[2] = Drawn(1, 2);
        yield return linear;
        foreach (int coupled in (int[])[0, 1])
            yield return Layer("LSTM", 4, 2, ["Sigmoid", "Tanh", "Tanh"], [null, Drawn(2, 3, 2), Other(2, 3, 2), Drawn(2, 6)],
                "bidirectional", ("input_forget", coupled));
    }

    // Four steps of three sequences, a state of two.
    private static GradientExample Layer(string op, int gates, int directions, string[] functions, Tensor?[] further, string direction,
        params (string, object)[] attributes) => new(op,
        [Drawn(4, 3, directions * gates * 2), Drawn(directions, gates * 2, 2), null, .. further],
        [("direction", direction), ("activations", (string[])[.. Enumerable.Repeat(functions, directions).SelectMany(f => f)]),
            ("activation_alpha", (float[])[.. Enumerable.Repeat(0.6f, directions * functions.Length)]),
            ("activation_beta", (float[])[.. Enumerable.Repeat(0.3f, directions * functions.Length)]), .. attributes])
        { Domain = Node.InternalDomain, Outputs = op == "LSTM" ? 3 : 2 };

    private static IEnumerable<GradientExample> Sampling()
    {
        foreach (int axis in (int[])[1, 2])
            yield return new("AxisResampling", [Drawn(2, 3, 4), Tensor.Of([0, 1, 1, 2, 0, 0, 2, 1, 1, 1], 5, 2), Drawn(5, 2)],
                ("axis", axis)) { Domain = Node.InternalDomain };
        foreach (string mode in (string[])["linear", "nearest", "cubic"])
            foreach (string padding in (string[])["zeros", "border", "reflection"])
                foreach (int corners in (int[])[0, 1])
                    yield return new("GridSample", [Drawn(2, 2, 3, 4), Drawn(2, 2, 3, 2)], ("mode", mode), ("padding_mode", padding),
                        ("align_corners", corners));
        yield return new("GridSample", [Drawn(1, 2, 3, 2, 3), Drawn(1, 2, 2, 1, 3)]);
    }

    private static IEnumerable<GradientExample> Movement()
    {
        yield return new("Reshape", [Drawn(2, 6), L(3, 4)]);
        yield return new("Flatten", [Drawn(2, 3, 2)]);
        yield return new("Squeeze", [Drawn(2, 1, 3), L(1)]);
        yield return new("Unsqueeze", [Drawn(2, 3), L(1)]);
        yield return new("Identity", [Drawn(2, 3)]);
        yield return new("Dropout", [Drawn(2, 3)]);
        yield return new("Transpose", [Drawn(2, 3, 4)], ("perm", (long[])[2, 0, 1]));
        yield return new("Slice", [Drawn(4, 5), L(3, 1), L(-9, 5), L(0, 1), L(-1, 2)]);
        foreach (string mode in (string[])["constant", "reflect", "edge", "wrap"])
            yield return new("Pad", [Drawn(3, 4), L(1, 0, 2, 2)], ("mode", mode));
        yield return new("Pad", [Drawn(3, 4), L(1, 0, 2, -2), F([0.5f], [])]) { Fixed = [2] };
        yield return new("Expand", [Drawn(3, 1), L(2, 1, 4)]);
        yield return new("Tile", [Drawn(2, 3), L(2, 3)]);
        yield return new("Concat", [Drawn(2, 3, 2), Drawn(2, 1, 2), Drawn(2, 2, 2)], ("axis", 1));
        yield return new("Split", [Drawn(2, 6), L(1, 3, 2)], ("axis", 1)) { Outputs = 3 };
        yield return new("Gather", [Drawn(2, 4, 3), L(1, 3, 1, -1)], ("axis", 1));
        yield return new("Gather", [Drawn(5, 3), L(4, 0, 4)]);
        foreach (string reduction in (string[])["none", "add", "mul", "max", "min"])
            yield return new("ScatterRows", [Drawn(4, 3), L(1, 3, 1, 9, -1), Other(5, 3)], ("reduction", reduction))
                { Domain = Node.InternalDomain };
        yield return new("Embedding", [Drawn(5, 3), L(4, 0, 4, 7)]) { Domain = Node.InternalDomain };
    }

    /// <summary>Seeded numbers between −1.5 and 1.5, none of them equal or near 0.</summary>
    public static Tensor Drawn(params int[] dimensions)
    {
        int count = Shapes.Count(dimensions);
        // A permutation of equal steps: extrema are well apart.
        var random = new Random(count + dimensions.Length);
        float[] values = [.. Enumerable.Range(0, count).Select(i => (((i + 0.5f) / count) * 3) - 1.5f + (0.11f / count))];
        random.Shuffle(values);
        return Tensor.Of(values, dimensions);
    }

    // The same numbers in the opposite order.
    private static Tensor Other(params int[] dimensions) => Tensor.Of([.. Drawn(dimensions).Values<float>().Reverse()], dimensions);

    private static Graph Body()
    {
        var body = new GraphBuilder();
        string x = body.Input(2, 3, 4);
        string y = body.Add("Tanh", body.Add("Mul", body.Add("Add", x, body.Weights(3, 1)), body.Scalar(0.7f)));
        Graph graph = body.Build(y);
        string Renamed(string name) => name == x ? "x" : name;
        return graph with
        {
            Inputs = ["x"],
            Types = graph.Types.Remove(x).Add("x", graph.Types[x]),
            Nodes = [.. graph.Nodes.Select(n => n with { Inputs = [.. n.Inputs.Select(Renamed)] })],
        };
    }

    private static Tensor F(float[] values, params int[] dimensions) => Tensor.Of(values, dimensions);

    private static Tensor L(params long[] values) => Tensor.Of(values, values.Length);
}
