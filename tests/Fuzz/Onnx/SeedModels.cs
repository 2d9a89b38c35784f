using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;
using OptimizerBuild.Passes;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Fuzz.Onnx;

/// <summary>The models that are damaged.</summary>
internal static class SeedModels
{
    private const int LargestFile = 50_000;

    /// <summary>Models made in code: one for each operator, with control flow, and small nets of usual layers.</summary>
    public static IEnumerable<byte[]> Own() =>
    [
        Small().Bytes, Convolutional().Bytes, Shaped().Bytes, Residual().Bytes, Attention().Bytes, OldConvolutional().Bytes,
        .. OperatorExamples.All.Select(e => e.Model(e.Inputs, e.Inputs.Length).Bytes),
        .. OperatorExamples.All.Where(e => e.Inputs.Length > 1).Select(e => e.Model(e.Inputs, 1).Bytes),
        .. ControlFlowModels.All().Select(m => m.Model.Bytes),
        .. RecurrentSpellings.Spellings.Keys.Select(n => RecurrentSpellings.Scan(n, 0, 0, 0).Bytes),
        .. RecurrentSpellings.Spellings.Keys.Select(n => RecurrentSpellings.Loop(n, long.MaxValue, "more").Bytes),
    ];

    /// <summary>Small models of the development set; none where it is missing.</summary>
    public static IEnumerable<byte[]> Shared() => SharedAssets.Folder is null ? [] : Files()
        .Where(f => new FileInfo(f) is { Exists: true, Length: > 0 and < LargestFile }).Select(File.ReadAllBytes);

    private static IEnumerable<string> Files() =>
    [
        .. Directory.EnumerateFiles(SharedAssets.Cases, "*.onnx", SearchOption.AllDirectories).Order(StringComparer.Ordinal),
        .. new[] { "simple", "pytorch-operator", "pytorch-converted", "node" }.SelectMany(BackendSuite.Tests).Select(t => t.ModelPath),
    ];

    private static Tensor Noise(int seed, params int[] dimensions)
    {
        var random = new Random(seed);
        Tensor tensor = Tensor.Zeros(TensorType.Of(ElementType.Float32, dimensions));
        float[] values = tensor.Values<float>();
        for (int i = 0; i < values.Length; i++)
            values[i] = (float)(random.NextDouble() - 0.5);
        return tensor;
    }

    private static ModelBuilder Small() =>
        new ModelBuilder(13).Input("x", 1, 4).Constant("w", Noise(1, 4, 3)).Constant("b", Noise(2, 3))
        .Node("Gemm", "x,w,b", "h", ("alpha", 1f), ("transB", 0)).Node("Relu", "h", "r").Node("Softmax", "r", "y", ("axis", -1))
            .Output("y");

    private static ModelBuilder Convolutional() =>
        new ModelBuilder(18).Input("x", 1, 2, 8, 8).Constant("w", Noise(3, 2, 2, 3, 3)).Constant("d", Noise(4, 2, 1, 3, 3))
        .Constant("f", Noise(5, 2, 5)).Constant("axes", Tensor.Of([2L, 3L], 2))
        .Node("Conv", "x,w", "c", ("strides", (long[])[1, 1]), ("pads", (long[])[1, 1, 1, 1]), ("dilations", (long[])[1, 1]), ("group", 1))
        .Node("Relu", "c", "r").Node("Conv", "r,d", "e", ("group", 2), ("auto_pad", "SAME_UPPER"), ("strides", (long[])[2, 2]))
        .Node("MaxPool", "e", "p", ("kernel_shape", (long[])[2, 2]), ("strides", (long[])[2, 2]), ("ceil_mode", 1))
        .Node("AveragePool", "p", "a", ("kernel_shape", (long[])[2, 2]), ("pads", (long[])[1, 1, 1, 1]), ("count_include_pad", 1))
        .Node("ReduceMean", "a,axes", "m", ("keepdims", 0)).Node("MatMul", "m,f", "y").Output("y");

    // Attributes where newer opsets have inputs.
    private static ModelBuilder OldConvolutional() =>
        new ModelBuilder(9).Input("x", 1, 2, 8, 8).Constant("w", Noise(6, 2, 2, 3, 3))
        .Node("Conv", "x,w", "c", ("strides", (long[])[1, 1]), ("pads", (long[])[1, 1, 1, 1]))
        .Node("Clip", "c", "r", ("min", 0f), ("max", 6f)).Node("GlobalAveragePool", "r", "g")
        .Node("ReduceMean", "g", "m", ("axes", (long[])[2, 3]), ("keepdims", 0)).Node("Transpose", "m", "t", ("perm", (long[])[1, 0]))
            .Output("t");

    private static ModelBuilder Residual() =>
        new ModelBuilder().Input("x", 1, 3, 6, 6).Constant("w1", Noise(7, 3, 3, 3, 3)).Constant("w2", Noise(8, 3, 3, 1, 1))
        .Constant("s", Noise(9, 3)).Constant("v", Tensor.Of([1f, 2f, 0.5f], 3)).Constant("slope", Noise(10, 3, 1, 1))
        .Node("Conv", "x,w1", "c", ("pads", (long[])[1, 1, 1, 1])).Node("BatchNormalization", "c,s,s,s,v", "n")
        .Node("PRelu", "n,slope", "p").Node("Conv", "p,w2", "q").Node("Add", "q,x", "a").Node("Sigmoid", "a", "g")
        .Node("Mul", "g,a", "m").Node("Concat", "m,x", "k", ("axis", 1)).Node("GlobalMaxPool", "k", "o").Node("Flatten", "o", "y")
            .Output("y");

    private static ModelBuilder Attention() =>
        new ModelBuilder().Input("x", 1, 4, 6).Constant("q", Noise(11, 6, 6)).Constant("k", Noise(12, 6, 6)).Constant("v", Noise(13, 6, 6))
        .Constant("s", Tensor.Of([0.4f], 1)).Constant("g", Noise(14, 6)).Constant("b", Noise(15, 6))
        .Node("LayerNormalization", "x,g,b", "l").Node("MatMul", "l,q", "a").Node("MatMul", "l,k", "c").Node("MatMul", "l,v", "d")
        .Node("Transpose", "c", "ct", ("perm", (long[])[0, 2, 1])).Node("MatMul", "a,ct", "e").Node("Mul", "e,s", "f")
        .Node("Softmax", "f", "h").Node("MatMul", "h,d", "i").Node("Add", "i,x", "j").Node("Gelu", "j", "y").Output("y");

    private static ModelBuilder Shaped() =>
        new ModelBuilder(18).Input("x", 2, 3, 4).Constant("shape", Tensor.Of([2L, -1L], 2)).Constant("pads", Tensor.Of([0L, 1L, 0L, 1L], 4))
        .Constant("starts", Tensor.Of([0L, 1L], 2)).Constant("ends", Tensor.Of([2L, 9L], 2)).Constant("steps", Tensor.Of([1L, 2L], 2))
            .Constant("axes", Tensor.Of([0L, 1L], 2))
        .Constant("indices", Tensor.Of([0L, 1L], 2)).Constant("repeats", Tensor.Of([1L, 2L], 2))
        .Node("Reshape", "x,shape", "a").Node("Pad", "a,pads", "b").Node("Slice", "b,starts,ends,axes,steps", "c")
            .Node("Gather", "c,indices", "d", ("axis", 1))
        .Node("Tile", "d,repeats", "e").Node("Split", "e", "f,g", ("axis", 1), ("num_outputs", 2)).Node("Concat", "f,g", "h", ("axis", 0))
        .Node("Shape", "h", "s").Node("ConstantOfShape", "s", "z").Node("Add", "h,z", "y").Output("y");
}
