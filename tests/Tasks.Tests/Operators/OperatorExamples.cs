using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;

namespace OptimizerBuild.Operators;

/// <summary>An operator applied to inputs, with what must come out.</summary>
/// <param name="OpType">The operator.</param>
/// <param name="Inputs">The inputs.</param>
/// <param name="Outputs">The outputs.</param>
/// <param name="Attributes">The node's attributes.</param>
internal sealed record OperatorExample(string OpType, Tensor[] Inputs, Tensor[] Outputs, (string, object)[] Attributes)
{
    /// <summary>A model of one node.</summary>
    /// <param name="inputs">The node's inputs, in place of the example's.</param>
    /// <param name="variables">How many of them, from the first on, are inputs of the model; the others are constants.</param>
    public ModelBuilder Model(IReadOnlyList<Tensor> inputs, int variables)
    {
        var model = new ModelBuilder(GraphImporter.NewestOpset);
        for (int i = 0; i < inputs.Count; i++)
        {
            if (i < variables)
                model.Input(InputName(i), inputs[i].Element, [.. inputs[i].Dimensions.Cast<object?>()]);
            else
                model.Constant(InputName(i), inputs[i]);
        }
        string[] outputs = [.. Enumerable.Range(0, Outputs.Length).Select(i => "o" + i)];
        return model.Node(OpType, string.Join(',', Enumerable.Range(0, inputs.Count).Select(InputName)), string.Join(',', outputs),
            Attributes).Output(outputs);
    }

    /// <summary>The name of an input in the model.</summary>
    public static string InputName(int input) => "i" + input;
}

/// <summary>At least one worked example for every operator.</summary>
internal static class OperatorExamples
{
    private static readonly Tensor Row = F([-2, -0.5f, 0, 0.5f, 2], 5);
    private static readonly Tensor Grid = F([1, 2, 3, 4, 5, 6], 2, 3);

    /// <summary>The examples.</summary>
    public static IReadOnlyList<OperatorExample> All { get; } =
    [
        Of("Abs", [Row], F([2, 0.5f, 0, 0.5f, 2], 5)),
        Of("Abs", [L([long.MinValue, -3], 2)], L([long.MinValue, 3], 2)),
        Of("Acos", [F([-1, 0, 1], 3)], F([MathF.PI, MathF.PI / 2, 0], 3)),
        Of("Acosh", [F([1, 2], 2)], F([0, 1.3169579f], 2)),
        Of("Add", [Grid, F([10, 20, 30], 3)], F([11, 22, 33, 14, 25, 36], 2, 3)),
        Of("Add", [L([1L << 40], 1), L([1], 1)], L([(1L << 40) + 1], 1)),
        Of("And", [B([true, false], 2), B([true], 1)], B([true, false], 2)),
        Of("ArgMax", [Grid], L([2, 2], 2, 1), ("axis", 1)),
        Of("ArgMax", [F([3, 1, 3], 3)], L([2], 1), ("select_last_index", 1)),
        Of("ArgMin", [Grid], L([0, 0, 0], 3), ("axis", 0), ("keepdims", 0)),
        Of("Asin", [F([-1, 0, 1], 3)], F([-MathF.PI / 2, 0, MathF.PI / 2], 3)),
        Of("Asinh", [F([-2, 0, 2], 3)], F([-1.4436355f, 0, 1.4436355f], 3)),
        Of("Atan", [F([-1, 0, 1e9f], 3)], F([-MathF.PI / 4, 0, MathF.PI / 2], 3)),
        Of("Atanh", [F([-0.5f, 0, 0.5f], 3)], F([-0.54930614f, 0, 0.54930614f], 3)),
        Of("AveragePool", [F([1, 2, 3, 4], 1, 1, 4)], F([1.5f, 2.5f, 3.5f], 1, 1, 3), ("kernel_shape", (long[])[2])),
        Of("AveragePool", [F([2, 4], 1, 1, 2)], F([1, 3, 2], 1, 1, 3), ("kernel_shape", (long[])[2]), ("pads", (long[])[1, 1]),
            ("count_include_pad", 1)),
        Of("BatchNormalization", [F([1, 2], 1, 2), F([2, 3], 2), F([0, 1], 2), F([0, 1], 2), F([4, 1], 2)], F([1, 4], 1, 2),
            ("epsilon", 0f)),
        Of("BitCast", [F([1f, -2f], 2)], Tensor.Of([0x3F800000, unchecked((int)0xC0000000)], 2), ("to", (int)ElementType.Int32)),
        Of("BitShift", [U8([1, 200, 7], 3), U8([3, 1, 8], 3)], U8([8, 144, 0], 3), ("direction", "LEFT")),
        Of("BitShift", [U8([8, 200, 7], 3), U8([3, 1, 9], 3)], U8([1, 100, 0], 3), ("direction", "RIGHT")),
        Of("BitwiseAnd", [U8([12, 255], 2), U8([10], 1)], U8([8, 10], 2)),
        Of("BitwiseOr", [U8([12, 1], 2), U8([10], 1)], U8([14, 11], 2)),
        Of("BitwiseXor", [L([12, -1], 2), L([10], 1)], L([6, -11], 2)),
        Of("Cast", [F([1.9f, -1.9f, 300, float.NaN], 4)], new Tensor(TensorType.Of(ElementType.UInt8, 4), (byte[])[1, 0, 255, 0]),
            ("to", (int)ElementType.UInt8)),
        Of("Cast", [L([300, -1], 2)], new Tensor(TensorType.Of(ElementType.Int8, 2), (sbyte[])[44, -1]), ("to", (int)ElementType.Int8)),
        Of("Cast", [F([0, 0.5f], 2)], B([false, true], 2), ("to", (int)ElementType.Bool)),
        Of("Cast", [F([1.5f, 1e-5f, 123456789, 0.0001f, 1e7f, 0], 6)],
            S(["1.5", "9.9999997e-06", "1.2345679e+08", "9.9999997e-05", "10000000", "0"], 6), ("to", (int)ElementType.String)),
        Of("Cast", [L([-12, long.MaxValue], 2)], S(["-12", "9223372036854775807"], 2), ("to", (int)ElementType.String)),
        Of("Cast", [S(["3.7", "-1e2", "x", "INF"], 4)], F([3.7f, -100, float.NaN, float.PositiveInfinity], 4),
            ("to", (int)ElementType.Float32)),
        Of("Cast", [S(["3.7", "-7", ""], 3)], L([3, -7, 0], 3), ("to", (int)ElementType.Int64)),
        Of("CastLike", [S(["2", "0"], 2), B([true], 1)], B([true, false], 2)),
        Of("Cast", [F([1.0625f, 500, float.NegativeInfinity, -0f], 4)],
            new Tensor(TensorType.Of(ElementType.Float8E4M3FN, 4), (byte[])[0x38, 0x7E, 0xFE, 0x80]),
                ("to", (int)ElementType.Float8E4M3FN)),
        Of("Cast", [F([500], 1)], new Tensor(TensorType.Of(ElementType.Float8E4M3FN, 1), (byte[])[0x7F]),
            ("to", (int)ElementType.Float8E4M3FN), ("saturate", 0)),
        Of("Cast", [F([3, 3], 2)], new Tensor(TensorType.Of(ElementType.Float8E8M0, 2), (byte[])[128, 128]),
            ("to", (int)ElementType.Float8E8M0), ("round_mode", "down")),
        Of("Cast", [F([9, -9, 2.5f], 3)], new Tensor(TensorType.Of(ElementType.Int4, 3), (sbyte[])[-7, 7, 2]),
            ("to", (int)ElementType.Int4)),
        Of("CastLike", [F([1.5f], 1), L([0], 1)], L([1], 1)),
        Of("CastLike", [F([1.5f], 1), new Tensor(TensorType.Of(ElementType.BFloat16, 1), (ushort[])[0])],
            new Tensor(TensorType.Of(ElementType.BFloat16, 1), (ushort[])[0x3FC0])),
        Of("Ceil", [Row], F([-2, 0, 0, 1, 2], 5)),
        Of("Celu", [Row], F([-0.8646647f, -0.3934693f, 0, 0.5f, 2], 5)),
        Of("Clip", [Row, F([-1], []), F([1], [])], F([-1, -0.5f, 0, 0.5f, 1], 5)),
        Of("Clip", [Row, F([1], []), F([-1], [])], F([-1, -1, -1, -1, -1], 5)),
        Of("Concat", [F([1, 2], 1, 2), F([3], 1, 1)], F([1, 2, 3], 1, 3), ("axis", -1)),
        Of("Constant", [], F([1, 2], 2), ("value_floats", (float[])[1, 2])),
        Of("ConstantOfShape", [L([2, 1], 2)], L([7, 7], 2, 1), ("value", L([7], 1))),
        Of("Conv", [F([1, 2, 3, 4], 1, 1, 4), F([1, 10], 1, 1, 2), F([100], 1)], F([121, 132, 143], 1, 1, 3)),
        Of("Conv", [F([1, 2, 3, 4], 1, 2, 1, 2), F([1, 10], 2, 1, 1, 1)], F([1, 2, 30, 40], 1, 2, 1, 2), ("group", 2)),
        Of("Cos", [F([0, MathF.PI], 2)], F([1, -1], 2)),
        Of("Cosh", [F([-1, 0, 1], 3)], F([1.5430806f, 1, 1.5430806f], 3)),
        Of("CumProd", [L([2, 3, 4], 3), L([0], [])], L([2, 6, 24], 3)),
        Of("CumSum", [F([1, 2, 3], 3), L([0], [])], F([1, 3, 6], 3)),
        Of("CumSum", [Grid, L([-1], [])], F([5, 3, 0, 11, 6, 0], 2, 3), ("exclusive", 1), ("reverse", 1)),
        Of("DequantizeLinear", [U8([0, 128, 255], 3), F([0.5f], []), U8([128], [])], F([-64, 0, 63.5f], 3)),
        Of("DequantizeLinear", [U8([1, 2, 3, 4], 2, 2), F([1, 10], 2)], F([1, 2, 30, 40], 2, 2), ("axis", 0)),
        Of("DequantizeLinear", [U8([1, 2, 3, 4], 1, 4), F([1, 10], 1, 2), U8([0, 1], 1, 2)], F([1, 2, 20, 30], 1, 4), ("block_size", 2)),
        Of("Div", [L([7, -7], 2), L([2], 1)], L([3, -3], 2)),
        Of("Div", [L([7, long.MinValue], 2), L([-7, -1], 2)], L([-1, long.MinValue], 2)),
        Of("Div", [Grid, F([2], [])], F([0.5f, 1, 1.5f, 2, 2.5f, 3], 2, 3)),
        Of("Dropout", [Row], Row),
        Of("Elu", [Row], F([-1.7293295f, -0.7869387f, 0, 0.5f, 2], 5), ("alpha", 2f)),
        Of("Equal", [L([1, 2], 2), L([1], 1)], B([true, false], 2)),
        Of("Equal", [B([true, false], 2), B([true, true], 2)], B([true, false], 2)),
        Of("Erf", [Row], F([-0.9953223f, -0.5204999f, 0, 0.5204999f, 0.9953223f], 5)),
        Of("Exp", [Row], F([0.13533528f, 0.60653066f, 1, 1.6487213f, 7.389056f], 5)),
        Of("Expand", [F([1, 2], 2, 1), L([1, 3], 2)], F([1, 1, 1, 2, 2, 2], 2, 3)),
        Of("Flatten", [F([1, 2, 3, 4], 1, 2, 2)], F([1, 2, 3, 4], 2, 2), ("axis", 2)),
        Of("Floor", [Row], F([-2, -1, 0, 0, 2], 5)),
        Of("Gather", [Grid, L([-1, 0], 2)], F([3, 1, 6, 4], 2, 2), ("axis", 1)),
        Of("Gelu", [F([-1, 0, 2], 3)], F([-0.15865526f, 0, 1.9544997f], 3)),
        Of("Gelu", [F([-1, 0, 2], 3)], F([-0.15880801f, 0, 1.9545977f], 3), ("approximate", "tanh")),
        Of("Gemm", [F([1, 2], 2, 1), F([3, 4], 2, 1), F([1], 1)], F([22.5f], 1, 1), ("transA", 1), ("alpha", 2f), ("beta", 0.5f)),
        Of("Gemm", [F([1, 2, 3, 4], 2, 2), F([1, 0, 1, 1], 2, 2)], F([1, 3, 3, 7], 2, 2), ("transB", 1)),
        Of("GlobalAveragePool", [F([1, 2, 3, 4], 1, 2, 2)], F([1.5f, 3.5f], 1, 2, 1)),
        Of("GlobalMaxPool", [F([1, 2, 4, 3], 1, 2, 2)], F([2, 4], 1, 2, 1)),
        Of("Greater", [Row, F([0], [])], B([false, false, false, true, true], 5)),
        Of("GreaterOrEqual", [Row, F([0], [])], B([false, false, true, true, true], 5)),
        Of("GridSample", [F([1, 2, 3, 4], 1, 1, 2, 2), F([-1, -1, 0, 0, 1, 0], 1, 1, 3, 2)], F([1, 2.5f, 3], 1, 1, 1, 3),
            ("align_corners", 1)),
        Of("HardSigmoid", [Row], F([0.1f, 0.4f, 0.5f, 0.6f, 0.9f], 5)),
        Of("HardSwish", [F([-4, -1, 0, 1, 4], 5)], F([0, -0.33333334f, 0, 0.6666667f, 4], 5)),
        Of("Identity", [Grid], Grid),
        Of("LayerNormalization", [F([1, 3, 2, 6], 2, 2), F([1, 2], 2), F([0, 1], 2)], F([-1, 3, -1, 3], 2, 2), ("epsilon", 0f)),
        Of("LeakyRelu", [Row], F([-0.2f, -0.05f, 0, 0.5f, 2], 5), ("alpha", 0.1f)),
        Of("Less", [Row, F([0], [])], B([true, true, false, false, false], 5)),
        Of("LessOrEqual", [Row, F([0], [])], B([true, true, true, false, false], 5)),
        Of("Log", [F([1, MathF.E, 0], 3)], F([0, 1, float.NegativeInfinity], 3)),
        Of("LogSoftmax", [F([0, 0, 1000, 0], 2, 2)], F([-0.6931472f, -0.6931472f, 0, -1000], 2, 2)),
        Of("MatMul", [F([1, 2, 3, 4], 2, 2), F([1, 1], 2)], F([3, 7], 2)),
        Of("MatMul", [F([1, 2, 3, 4], 2, 1, 2), F([1, 1, 2, 0], 2, 2, 1)], F([3, 6], 2, 1, 1)),
        Of("MatMul", [L([1L << 40, 1], 2), L([2, 3], 2)], L([(1L << 41) + 3], [])),
        Of("Max", [Row, F([0], []), F([1], 1)], F([1, 1, 1, 1, 2], 5)),
        Of("MaxPool", [F([1, 3, 2, 5], 1, 1, 4)], F([3, 5], 1, 1, 2), ("kernel_shape", (long[])[2]), ("strides", (long[])[2])),
        Of("MaxPool", [F([1, 3, 2], 1, 1, 3)], F([3, 2], 1, 1, 2), ("kernel_shape", (long[])[2]), ("strides", (long[])[2]),
            ("ceil_mode", 1)),
        Of("Mean", [F([1, 2], 2), F([3, 4], 2)], F([2, 3], 2)),
        Of("Min", [Row, F([0], [])], F([-2, -0.5f, 0, 0, 0], 5)),
        Of("Mish", [F([-1, 0, 1], 3)], F([-0.30340147f, 0, 0.8650984f], 3)),
        Of("Mod", [L([-7, 7, 5], 3), L([3, -3, 0], 3)], L([2, -2, 0], 3)),
        Of("Mod", [F([-7.5f, 7.5f], 2), F([2], 1)], F([-1.5f, 1.5f], 2), ("fmod", 1)),
        Of("Mul", [Grid, F([1, 2], 2, 1)], F([1, 2, 3, 8, 10, 12], 2, 3)),
        Of("Neg", [L([1, -2], 2)], L([-1, 2], 2)),
        Of("Not", [B([true, false], 2)], B([false, true], 2)),
        Of("Or", [B([true, false], 2), B([false], 1)], B([true, false], 2)),
        Of("PRelu", [Grid, F([9], 1)], Grid),
        Of("PRelu", [Row, F([0.5f], 1)], F([-1, -0.25f, 0, 0.5f, 2], 5)),
        Of("Pad", [F([1, 2], 2), L([1, 2], 2), F([9], [])], F([9, 1, 2, 9, 9], 5)),
        Of("Pad", [F([1, 2, 3], 3), L([2, 1], 2)], F([3, 2, 1, 2, 3, 2], 6), ("mode", "reflect")),
        Of("Pad", [F([1, 2, 3], 3), L([2, -1], 2)], F([1, 1, 1, 2], 4), ("mode", "edge")),
        Of("Pad", [F([1, 2, 3], 3), L([1, 2], 2)], F([3, 1, 2, 3, 1, 2], 6), ("mode", "wrap")),
        Of("Pow", [F([2, -3], 2), L([3, 2], 2)], F([8, 9], 2)),
        Of("Pow", [L([3, 2], 2), L([39, -1], 2)], L([4052555153018976267, 0], 2)),
        Of("Pow", [L([3, 3], 2), L([2, -1], 2)], L([9, 0], 2)),
        Of("QuantizeLinear", [F([-1, 0.25f, 0.75f, 1000, float.NaN], 5), F([0.5f], []), U8([1], [])], U8([0, 1, 3, 255, 1], 5)),
        Of("QuantizeLinear", [F([1, 2, 30, 40], 2, 2), F([1, 10], 2)], U8([1, 2, 3, 4], 2, 2), ("axis", 0)),
        Of("RMSNormalization", [F([3, 4], 1, 2), F([1, 2], 2)], F([0.8485281f, 2.2627417f], 1, 2), ("epsilon", 0f)),
        Of("Range", [L([5], []), L([0], []), L([-2], [])], L([5, 3, 1], 3)),
        Of("Reciprocal", [F([2, -4], 2)], F([0.5f, -0.25f], 2)),
        Of("RegexFullMatch", [S(["ab12", "ab1", "", "AB12"], 4)], B([true, false, false, false], 4), ("pattern", @"[a-z]+\d{2}")),
        Of("ReduceMax", [Grid, L([0], 1)], F([4, 5, 6], 1, 3)),
        Of("ReduceMean", [Grid, L([-1], 1)], F([2, 5], 2), ("keepdims", 0)),
        Of("ReduceMin", [Grid], F([1], 1, 1)),
        Of("ReduceProd", [Grid, L([1], 1)], F([6, 120], 2, 1)),
        Of("ReduceSum", [Grid], Grid, ("noop_with_empty_axes", 1)),
        Of("ReduceSum", [L([1L << 40, 1], 2)], L([(1L << 40) + 1], 1)),
        Of("Relu", [Row], F([0, 0, 0, 0.5f, 2], 5)),
        Of("Reshape", [Grid, L([0, -1, 1], 3)], F([1, 2, 3, 4, 5, 6], 2, 3, 1)),
        Of("Round", [F([0.5f, 1.5f, -0.5f, -2.5f], 4)], F([0, 2, 0, -2], 4)),
        Of("Selu", [F([-1, 1], 2)], F([-1.1113307f, 1.050701f], 2)),
        Of("Shape", [Grid], L([3], 1), ("start", -1)),
        Of("Sigmoid", [F([-100, 0, 1], 3)], F([0, 0.5f, 0.7310586f], 3)),
        Of("Sign", [Row], F([-1, -1, 0, 1, 1], 5)),
        Of("Sin", [F([0, MathF.PI / 2], 2)], F([0, 1], 2)),
        Of("Size", [Grid], L([6], [])),
        Of("Sinh", [F([-1, 0, 1], 3)], F([-1.1752012f, 0, 1.1752012f], 3)),
        Of("Slice", [F([0, 1, 2, 3, 4], 5), L([3], 1), L([-99], 1), L([0], 1), L([-2], 1)], F([3, 1], 2)),
        Of("Slice", [Grid, L([1], 1), L([99], 1), L([1], 1)], F([2, 3, 5, 6], 2, 2)),
        Of("Softmax", [F([0, 0, 1000, 0], 2, 2)], F([0.5f, 0.5f, 1, 0], 2, 2)),
        Of("Softmax", [F([0, 1, 0, 1], 2, 2)], F([0.5f, 0.5f, 0.5f, 0.5f], 2, 2), ("axis", 0)),
        Of("Softplus", [F([-100, 0, 100], 3)], F([0, 0.6931472f, 100], 3)),
        Of("Softsign", [F([-1, 0, 3], 3)], F([-0.5f, 0, 0.75f], 3)),
        Of("Split", [F([1, 2, 3], 3)], [F([1, 2], 2), F([3], 1)], ("num_outputs", 2)),
        Of("Split", [Grid, L([1, 2], 2)], [F([1, 4], 2, 1), F([2, 3, 5, 6], 2, 2)], ("axis", 1)),
        Of("Sqrt", [F([4, 2], 2)], F([2, 1.4142135f], 2)),
        Of("Squeeze", [F([1, 2], 1, 2, 1), L([-1], 1)], F([1, 2], 1, 2)),
        Of("StringConcat", [S(["a", "", "c"], 3), S(["!"], 1)], S(["a!", "!", "c!"], 3)),
        Of("Sub", [L([5], 1), L([7, 1], 2)], L([-2, 4], 2)),
        Of("Sum", [F([1], 1), F([2], 1), F([3], 1)], F([6], 1)),
        Of("Swish", [F([-1, 0, 1], 3)], F([-0.26894143f, 0, 0.7310586f], 3)),
        Of("Tan", [F([-1, 0, 1], 3)], F([-1.5574077f, 0, 1.5574077f], 3)),
        Of("Tanh", [F([-1, 0, 100], 3)], F([-0.7615942f, 0, 1], 3)),
        Of("ThresholdedRelu", [Row], F([0, 0, 0, 0, 2], 5), ("alpha", 0.5f)),
        Of("Tile", [F([1, 2], 1, 2), L([2, 2], 2)], F([1, 2, 1, 2, 1, 2, 1, 2], 2, 4)),
        Of("TopK", [F([1, 4, 2, 4], 4), L([3], 1)], [F([4, 4, 2], 3), L([1, 3, 2], 3)]),
        Of("TopK", [Grid, L([1], 1)], [F([1, 2, 3], 1, 3), L([0, 0, 0], 1, 3)], ("axis", 0), ("largest", 0)),
        Of("Transpose", [Grid], F([1, 4, 2, 5, 3, 6], 3, 2)),
        Of("Unsqueeze", [F([1, 2], 2), L([0, 2], 2)], F([1, 2], 1, 2, 1)),
        Of("Where", [B([true, false], 2, 1), F([1, 2], 2), F([9], [])], F([1, 2, 9, 9], 2, 2)),
        Of("Xor", [B([true, false], 2), B([true], 1)], B([false, true], 2)),
    ];

    private static OperatorExample Of(string opType, Tensor[] inputs, Tensor output, params (string, object)[] attributes) =>
        new(opType, inputs, [output], attributes);

    private static OperatorExample Of(string opType, Tensor[] inputs, Tensor[] outputs, params (string, object)[] attributes) =>
        new(opType, inputs, outputs, attributes);

    private static Tensor F(float[] values, params int[] dimensions) => Tensor.Of(values, dimensions);

    private static Tensor U8(byte[] values, params int[] dimensions) => Tensor.Of(values, dimensions);

    private static Tensor S(string[] values, params int[] dimensions) => Tensor.Of(values, dimensions);

    private static Tensor L(long[] values, params int[] dimensions) => Tensor.Of(values, dimensions);

    private static Tensor B(bool[] values, params int[] dimensions) => Tensor.Of(values, dimensions);
}
