using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Linear;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Passes;

/// <summary>What a layer of a <see cref="GraphDescription"/> computes; each form fits any value, as <c>Identity</c> where nothing else
/// does. Those that come first are the plainer ones, to which the others shrink.</summary>
internal enum LayerForm
{
    Identity,
    Function,
    ConstantOperand,
    TwoValues,
    Clip,
    MatMul,
    Transpose,
    Pad,
    Slice,
    Softmax,
    Concat,
    Reshape,
    HardSwish,
    Swish,
    Convolution,
    Pool,
    GlobalPool,
    BatchNormalization,
    ChannelTranspose,
    FlattenedMatMul,
    SelfProduct,
    Resample,
}

/// <summary>One layer.</summary>
/// <param name="Form">What it computes.</param>
/// <param name="Back">How many values before the newest one its operand lies.</param>
/// <param name="Details">Numbers from 0 that decide the rest, each in its place: sizes, strides, axes, which function.</param>
internal sealed record LayerDescription(LayerForm Form, int Back, ImmutableArray<int> Details)
{
    private const int LargestDetail = 23;

    private static readonly ImmutableArray<LayerForm> Often =
        [.. Enum.GetValues<LayerForm>(), LayerForm.Convolution, LayerForm.Convolution, LayerForm.Function, LayerForm.ConstantOperand,
            LayerForm.TwoValues];

    /// <summary>Layers; mostly on the newest value, sometimes on an older one, so that there are branches.</summary>
    public static Gen<LayerDescription> Drawn { get; } =
        from form in Gen.Elements<LayerForm>([.. Often])
        from branches in Gen.Choose(0, 4)
        from back in Gen.Choose(0, 12)
        from details in Gen.Choose(0, LargestDetail).ArrayOf(7)
        select new LayerDescription(form, branches == 0 ? back : 0, [.. details]);

    /// <summary>Plainer layers.</summary>
    public IEnumerable<LayerDescription> Shrink()
    {
        foreach (int form in Shrinking.Number((int)Form))
            yield return this with { Form = (LayerForm)form };
        foreach (int back in Shrinking.Number(Back))
            yield return this with { Back = back };
        foreach (ImmutableArray<int> details in Shrinking.Elements(Details, d => Shrinking.Number(d)))
            yield return this with { Details = details };
    }

    /// <summary>Adds the layer to a graph.</summary>
    /// <param name="b">The graph.</param>
    /// <param name="values">The values so far.</param>
    /// <returns>The layer's value.</returns>
    public string Add(GraphBuilder b, List<string> values)
    {
        string x = values[Math.Max(0, values.Count - 1 - Back)];
        int[] shape = [.. b.TypeOf(x).Dimensions];
        int rank = shape.Length;
        bool isMap = rank is 3 or 4 && shape.Skip(2).All(d => d >= 3);
        return Form switch
        {
            LayerForm.Function => b.Add(Pick("Relu", "Sigmoid", "Tanh", "HardSigmoid", "Abs", "Neg"), x),
            LayerForm.ConstantOperand => ConstantOperand(b, x, shape),
            LayerForm.TwoValues => b.Add(Pick("Add", "Mul"), x, values.FindLast(v => v != x && b.TypeOf(v) == b.TypeOf(x)) ?? x),
            LayerForm.Clip => b.Add("Clip", x, b.Scalar(-0.5f), Detail(0, 2) == 0 ? "" : b.Scalar(1.25f)),
            LayerForm.MatMul => MatMul(b, x, shape),
            LayerForm.Transpose => b.Add("Transpose", [x], ("perm", Permutation(rank))),
            LayerForm.Pad => Pad(b, x, rank),
            LayerForm.Slice => b.Add("Slice", x, b.Ints(0), b.Ints(Math.Max(1, shape[^1] - 1)), b.Ints(-1)),
            LayerForm.Softmax => b.Add(Pick("Softmax", "Softmax", "LogSoftmax"), [x], ("axis", Detail(1, rank))),
            LayerForm.Concat => b.Add("Concat", [x, x], ("axis", Detail(0, rank))),
            LayerForm.Reshape => Detail(0, 2) == 0 && rank < 5 ? b.Add("Unsqueeze", x, b.Ints(rank))
                : b.Add("Reshape", x, b.Ints(shape[0], Shapes.Count(shape) / Math.Max(1, shape[0]))),
            LayerForm.HardSwish => b.Add("Mul",
                b.Add("Mul", x, b.Add("Clip", b.Add("Add", x, b.Scalar(3)), b.Scalar(0), b.Scalar(6))), b.Scalar(1 / 6f)),
            LayerForm.Swish => b.Add("Mul", x, b.Add("Sigmoid", x)),
            LayerForm.Convolution when isMap => Convolution(b, x, shape),
            LayerForm.Pool when isMap => b.Add(Pick("MaxPool", "AveragePool"), [x], ("kernel_shape", Repeat(2, rank - 2)),
                ("strides", Repeat(1 + Detail(1, 2), rank - 2)), ("pads", Repeat(Detail(2, 2), 2 * (rank - 2)))),
            LayerForm.GlobalPool when rank is 3 or 4 => Detail(0, 2) == 0 ? b.Add(Pick("GlobalAveragePool", "GlobalMaxPool"), x)
                : b.Add("ReduceMean", [x, b.Ints([.. Enumerable.Range(2, rank - 2).Select(i => (long)i)])], ("keepdims", Detail(1, 2))),
            LayerForm.BatchNormalization when rank >= 2 =>
                b.Add("BatchNormalization", x, b.Weights(shape[1]), b.Weights(shape[1]), b.Weights(shape[1]), b.Positive(shape[1])),
            LayerForm.ChannelTranspose when rank == 4 =>
                b.Add("Transpose", [x], ("perm", Detail(0, 2) == 0 ? new long[] { 0, 2, 3, 1 } : [0, 3, 1, 2])),
            LayerForm.FlattenedMatMul when rank > 2 => FlattenedMatMul(b, x, shape),
            LayerForm.SelfProduct when rank >= 2 => SelfProduct(b, x, rank),
            LayerForm.Resample => Resample(b, x, shape),
            _ => b.Add("Identity", x),
        };
    }

    /// <inheritdoc/>
    public override string ToString() => $"new(LayerForm.{Form}, {Back}, {PropertyCheck.Describe(Details)})";

    private int Detail(int place, int count) => Details[place] % count;

    private string Pick(params ReadOnlySpan<string> names) => names[Details[^1] % names.Length];

    private string ConstantOperand(GraphBuilder b, string x, int[] shape)
    {
        int axis = Detail(0, shape.Length);
        string constant = Detail(1, 4) switch
        {
            0 => b.Scalar(0.5f),
            1 => b.Positive(shape),
            _ => b.Positive([shape[axis], .. Enumerable.Repeat(1, shape.Length - axis - 1)]),
        };
        string op = Pick("Add", "Sub", "Mul", "Div");
        return Detail(2, 4) == 3 ? b.Add(op == "Div" ? "Mul" : op, constant, x) : b.Add(op, x, constant);
    }

    private string MatMul(GraphBuilder b, string x, int[] shape) =>
        shape.Length == 2 && Detail(0, 2) == 0
            ? b.Add("Gemm", [x, b.Weights(3, shape[^1]), b.Weights(3)], ("transB", 1), ("alpha", 0.5f))
            : b.Add("Add", b.Add("MatMul", x, b.Weights(shape[^1], 4)), b.Weights(4));

    private static string FlattenedMatMul(GraphBuilder b, string x, int[] shape)
    {
        int features = Shapes.Count(shape.AsSpan()[1..]);
        return b.Add("MatMul", b.Add("Reshape", x, b.Ints(shape[0], features)), b.Weights(features, 3));
    }

    // Along any axis, to more or fewer places, with two or three taps.
    private string Resample(GraphBuilder b, string x, int[] shape)
    {
        int axis = Detail(0, shape.Length), outputs = 1 + Detail(1, 6), taps = 2 + Detail(2, 2);
        int[] places = [.. Enumerable.Range(0, outputs * taps).Select(i => (i + Detail(3, 5)) % Math.Max(1, shape[axis]))];
        float[] weights = [.. Enumerable.Range(0, outputs * taps).Select(i => ((i + Detail(4, 5)) % 7 / 8f) - 0.125f)];
        return shape[axis] == 0 ? x : b.Add(NodeOperators.New<AxisResamplingOperator>("",
            [x, b.Constant(Tensor.Of(places, outputs, taps)), b.Constant(Tensor.Of(weights, outputs, taps))], []).With("axis", axis));
    }

    // Products of rows with each other, or what attention makes of them.
    private string SelfProduct(GraphBuilder b, string x, int rank)
    {
        long[] perm = [.. Enumerable.Range(0, rank - 2).Select(i => (long)i), rank - 1, rank - 2];
        string scores = b.Add("MatMul", x, b.Add("Transpose", [x], ("perm", perm)));
        return b.Add("MatMul", b.Add(Pick("Softmax", "HardSigmoid", "Sigmoid"), scores), x);
    }

    private string Pad(GraphBuilder b, string x, int rank)
    {
        long[] pads = new long[2 * rank];
        pads[rank - 1] = Detail(0, 2);
        pads[(2 * rank) - 1] = Detail(1, 2);
        return b.Add("Pad", x, b.Ints(pads));
    }

    private string Convolution(GraphBuilder b, string x, int[] shape)
    {
        int spatial = shape.Length - 2;
        int channels = shape[1];
        int group = Detail(0, 3) == 2 ? channels : 1;
        int outputs = group == 1 ? 1 + Detail(1, 5) : channels * (1 + Detail(1, 2));
        int[] weights = [outputs, channels / group, .. Enumerable.Repeat(1 + Detail(2, 3), spatial)];
        string[] inputs = Detail(3, 2) == 0 ? [x, b.Weights(weights)] : [x, b.Weights(weights), b.Weights(outputs)];
        return b.Add("Conv", inputs, ("group", group), ("pads", Repeat(Detail(4, 2), 2 * spatial)),
            ("strides", Repeat(1 + Detail(5, 2), spatial)));
    }

    // Each detail says where among the axes so far the next one is put.
    private long[] Permutation(int rank)
    {
        var axes = new List<long>();
        for (int axis = 0; axis < rank; axis++)
            axes.Insert(axes.Count - Detail(axis, axes.Count + 1), axis);
        return [.. axes];
    }

    private static long[] Repeat(int value, int count) => [.. Enumerable.Repeat((long)value, count)];
}
