using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;

namespace OptimizerBuild.Models.Builds;

/// <summary>
/// Small models that between them use what a build computes in floating point: sums of every length, matrix products of every form,
/// transcendental functions, made-up samples, batch norms.
/// </summary>
internal static class SmallModels
{
    /// <summary>The models by name.</summary>
    public static IReadOnlyDictionary<string, ModelBuilder> All { get; } = new Dictionary<string, ModelBuilder>(StringComparer.Ordinal)
    {
        ["perceptron"] = Perceptron(),
        ["convolutions"] = Convolutions(),
        ["attention"] = Attention(),
        ["functions"] = Functions(),
    };

    // One row times transposed weights, more than 64 of them: sums in lanes.
    private static ModelBuilder Perceptron()
    {
        var random = new Random(1);
        return new ModelBuilder()
            .Input("x", 1, 150).Output("y")
            .Constant("w1", Weights(random, 90, 150)).Constant("b1", Weights(random, 90))
            .Constant("w2", Weights(random, 10, 90)).Constant("b2", Weights(random, 10))
            .Node("Gemm", "x,w1,b1", "h", ("transB", 1))
            .Node("Tanh", "h", "t")
            .Node("Gemm", "t,w2,b2", "z", ("transB", 1))
            .Node("Softmax", "z", "y", ("axis", 1));
    }

    // Means over 144 positions, a depthwise and a grouped convolution, a batch norm.
    private static ModelBuilder Convolutions()
    {
        var random = new Random(2);
        return new ModelBuilder()
            .Input("x", 1, 3, 24, 24).Output("y")
            .Constant("w0", Weights(random, 16, 3, 3, 3)).Constant("b0", Weights(random, 16))
            .Constant("scale", Positive(random, 16)).Constant("shift", Weights(random, 16))
            .Constant("mean", Weights(random, 16)).Constant("variance", Positive(random, 16))
            .Constant("w1", Weights(random, 16, 1, 3, 3)).Constant("w2", Weights(random, 24, 8, 1, 1))
            .Constant("w3", Weights(random, 24, 5)).Constant("slope", Weights(random, 24, 1, 1))
            .Node("Conv", "x,w0,b0", "c", ("strides", new long[] { 2, 2 }), ("pads", new long[] { 1, 1, 1, 1 }))
            .Node("BatchNormalization", "c,scale,shift,mean,variance", "n")
            .Node("HardSwish", "n", "r")
            .Node("Conv", "r,w1", "d", ("group", 16), ("pads", new long[] { 1, 1, 1, 1 }))
            .Node("Conv", "d,w2", "g", ("group", 2))
            .Node("PRelu", "g,slope", "p")
            .Node("GlobalAveragePool", "p", "m")
            .Node("Sigmoid", "m", "s")
            .Node("Mul", "p,s", "e")
            .Node("GlobalAveragePool", "e", "a")
            .Node("Flatten", "a", "f")
            .Node("MatMul", "f,w3", "z")
            .Node("LogSoftmax", "z", "y");
    }

    private static ModelBuilder Attention()
    {
        var random = new Random(3);
        return new ModelBuilder()
            .Input("x", 1, 20, 80).Output("y")
            .Constant("g", Positive(random, 80)).Constant("b", Weights(random, 80))
            .Constant("wq", Weights(random, 80, 80)).Constant("wk", Weights(random, 80, 80)).Constant("wv", Weights(random, 80, 80))
            .Constant("w", Weights(random, 80, 7)).Constant("axes", Tensor.Of([1L], 1))
            .Node("LayerNormalization", "x,g,b", "n")
            .Node("MatMul", "n,wq", "q").Node("MatMul", "n,wk", "k").Node("MatMul", "n,wv", "v")
            .Node("Transpose", "k", "kt", ("perm", new long[] { 0, 2, 1 }))
            .Node("MatMul", "q,kt", "s").Node("Softmax", "s", "p").Node("MatMul", "p,v", "o")
            .Node("Add", "o,x", "r").Node("Gelu", "r", "u")
            .Node("ReduceMean", "u,axes", "m", ("keepdims", 0))
            .Node("MatMul", "m,w", "y");
    }

    private static ModelBuilder Functions()
    {
        var random = new Random(4);
        return new ModelBuilder()
            .Input("x", 1, 100).Output("y", "sum", "product")
            .Constant("w", Weights(random, 100, 100)).Constant("v", Weights(random, 700, 6))
            .Constant("exponent", Tensor.Scalar(2.5f)).Constant("all", Tensor.Of([1L], 1))
            .Node("MatMul", "x,w", "h")
            .Node("Abs", "h", "abs").Node("Pow", "abs,exponent", "f1").Node("Sin", "h", "f2").Node("Cos", "h", "f3")
            .Node("Erf", "h", "f4").Node("Softplus", "h", "f5").Node("Elu", "h", "f6").Node("Mish", "h", "f7")
            .Node("Concat", "f1,f2,f3,f4,f5,f6,f7", "all7", ("axis", 1))
            .Node("MatMul", "all7,v", "z").Node("Exp", "z", "y")
            .Node("ReduceSum", "all7,all", "sum").Node("Sigmoid", "h", "f8").Node("ReduceProd", "f8,all", "product");
    }

    private static Tensor Weights(Random random, params int[] dimensions) => Draw(() => random.NextDouble() - 0.5, dimensions);

    private static Tensor Positive(Random random, params int[] dimensions) => Draw(() => random.NextDouble() + 0.5, dimensions);

    private static Tensor Draw(Func<double> draw, int[] dimensions)
    {
        var values = new float[Shapes.Count(dimensions)];
        for (int i = 0; i < values.Length; i++)
            values[i] = (float)draw();
        return Tensor.Of(values, dimensions);
    }
}
