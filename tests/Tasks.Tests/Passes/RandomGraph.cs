using OptimizerBuild.Graphs;

namespace OptimizerBuild.Passes;

/// <summary>Seeded graphs of up to a dozen layers as exporters write them, with branches, odd shapes and several outputs.</summary>
internal static class RandomGraph
{
    public static Graph Make(int seed)
    {
        var random = new Random(seed);
        var b = new GraphBuilder(seed);
        int[] first = random.Next(4) switch
        {
            0 => [1, random.Next(1, 5), random.Next(4, 9)],
            1 => [random.Next(1, 3), random.Next(1, 7)],
            2 => [1, 1, random.Next(5, 9), random.Next(5, 9)],
            _ => [random.Next(1, 3), random.Next(1, 5), random.Next(4, 9), random.Next(4, 9)],
        };
        var values = new List<string> { b.Input(first) };
        int layers = random.Next(3, 14);
        for (int i = 0; i < layers; i++)
        {
            // Mostly on from the newest value, sometimes from an older one, so that there are branches.
            string x = values[random.Next(5) == 0 ? random.Next(values.Count) : values.Count - 1];
            values.Add(Layer(b, random, x, values));
        }
        string last = values[^1];
        return random.Next(3) == 0 ? b.Build(last, values[values.Count / 2] == values[0] ? last : values[values.Count / 2]) : b.Build(last);
    }

    private static string Layer(GraphBuilder b, Random random, string x, List<string> values)
    {
        int[] shape = [.. b.TypeOf(x).Dimensions];
        int rank = shape.Length;
        bool map = rank is 3 or 4 && shape.Skip(2).All(d => d >= 3);
        switch (random.Next(23))
        {
            case 0 or 1 or 2 when map:
                return Convolution(b, random, x, shape);
            case 3 when map:
                return b.Add(random.Next(2) == 0 ? "MaxPool" : "AveragePool", [x],
                    ("kernel_shape", Repeat(2, rank - 2)), ("strides", Repeat(random.Next(1, 3), rank - 2)),
                        ("pads", Repeat(random.Next(2), 2 * (rank - 2))));
            case 4 when rank is 3 or 4:
                return random.Next(2) == 0 ? b.Add(random.Next(2) == 0 ? "GlobalAveragePool" : "GlobalMaxPool", x)
                    : b.Add("ReduceMean", [x, b.Ints([.. Enumerable.Range(2, rank - 2).Select(i => (long)i)])],
                    ("keepdims", random.Next(2)));
            case 5 when rank >= 2:
                return b.Add("BatchNormalization", x, b.Weights(shape[1]), b.Weights(shape[1]), b.Weights(shape[1]), b.Positive(shape[1]));
            case 6 or 7:
                return b.Add(new[] { "Relu", "Sigmoid", "Tanh", "HardSigmoid", "Abs", "Neg" }[random.Next(6)], x);
            case 8:
                return b.Add("Clip", x, b.Scalar(-0.5f), random.Next(2) == 0 ? "" : b.Scalar(1.25f));
            case 9 or 10:
                return Constant(b, random, x, shape);
            case 11:
                return b.Add("Mul", b.Add("Mul", x, b.Add("Clip", b.Add("Add", x, b.Scalar(3)), b.Scalar(0), b.Scalar(6))),
                    b.Scalar(1 / 6f));
            case 12:
                return b.Add("Mul", x, b.Add("Sigmoid", x));
            case 13 or 14:
                string? other = values.FindLast(v => v != x && b.TypeOf(v) == b.TypeOf(x));
                return b.Add(random.Next(2) == 0 ? "Add" : "Mul", x, other ?? x);
            case 15:
                return b.Add("Transpose", [x], ("perm", Shuffled(random, rank)));
            case 16 when rank == 4:
                return b.Add("Transpose", [x], ("perm", random.Next(2) == 0 ? new long[] { 0, 2, 3, 1 } : [0, 3, 1, 2]));
            case 17:
                return random.Next(2) == 0 ? b.Add("Unsqueeze", x, b.Ints(rank)) is var u && rank < 5 ? u : x
                    : b.Add("Reshape", x, b.Ints(shape[0], Shapes.Count(shape) / Math.Max(1, shape[0])));
            case 18:
                int width = shape[^1];
                return rank == 2 && random.Next(2) == 0
                    ? b.Add("Gemm", [x, b.Weights(3, width), b.Weights(3)], ("transB", 1), ("alpha", 0.5f))
                    : b.Add("Add", b.Add("MatMul", x, b.Weights(width, 4)), b.Weights(4));
            case 19:
                return b.Add("Concat", [x, x], ("axis", random.Next(rank)));
            case 20:
                long[] pads = new long[2 * rank];
                pads[rank - 1] = random.Next(2);
                pads[(2 * rank) - 1] = random.Next(2);
                return b.Add("Pad", x, b.Ints(pads));
            case 21:
                return random.Next(2) == 0 ? b.Add(random.Next(3) == 0 ? "LogSoftmax" : "Softmax", [x], ("axis", random.Next(rank)))
                    : b.Add("Slice", x, b.Ints(0), b.Ints(Math.Max(1, shape[^1] - 1)), b.Ints(-1));
            case 22 when rank > 2:
                int features = Shapes.Count(shape.AsSpan()[1..]);
                return b.Add("MatMul", b.Add("Reshape", x, b.Ints(shape[0], features)), b.Weights(features, 3));
            default:
                return b.Add("Identity", x);
        }
    }

    private static string Convolution(GraphBuilder b, Random random, string x, int[] shape)
    {
        int spatial = shape.Length - 2;
        int channels = shape[1];
        int group = random.Next(3) == 0 ? channels : 1;
        int outputs = group == 1 ? random.Next(1, 6) : channels * random.Next(1, 3);
        int[] weights = [outputs, channels / group, .. Enumerable.Repeat(random.Next(1, 4), spatial)];
        string[] inputs = random.Next(2) == 0 ? [x, b.Weights(weights)] : [x, b.Weights(weights), b.Weights(outputs)];
        return b.Add("Conv", inputs, ("group", group), ("pads", Repeat(random.Next(2), 2 * spatial)),
            ("strides", Repeat(random.Next(1, 3), spatial)));
    }

    private static string Constant(GraphBuilder b, Random random, string x, int[] shape)
    {
        int axis = random.Next(shape.Length);
        string constant = random.Next(4) switch
        {
            0 => b.Scalar(0.5f),
            1 => b.Positive(shape),
            _ => b.Positive([shape[axis], .. Enumerable.Repeat(1, shape.Length - axis - 1)]),
        };
        string op = new[] { "Add", "Sub", "Mul", "Div" }[random.Next(4)];
        return random.Next(4) == 0 ? b.Add(op == "Div" ? "Mul" : op, constant, x) : b.Add(op, x, constant);
    }

    private static long[] Repeat(int value, int count) => [.. Enumerable.Repeat((long)value, count)];

    private static long[] Shuffled(Random random, int rank)
    {
        long[] perm = [.. Enumerable.Range(0, rank).Select(i => (long)i)];
        random.Shuffle(perm);
        return perm;
    }
}
