using OptimizerBuild.Compression;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Lowering;

/// <summary>Patterns of several nodes that are one kernel in float32.</summary>
public class Float32FusionTests
{
    public static TheoryData<string, string> Chains => new()
    {
        { "x/2 · (1 + erf(x / √2))", "Float32Activation.Gelu" },
        { "x · (erf(x · 0.7071) + 1) · 0.5", "Float32Activation.Gelu" },
        { "x/2 · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))", "Float32Activation.GeluTanh" },
        { "x/2 · (1 + tanh(√(2/π) · x · (1 + 0.044715 · x²)))", "Float32Activation.GeluTanh" },
        { "x · sigmoid(x)", "Float32Activation.Swish" },
        { "x · sigmoid(1.702 · x)", "Float32Activation.Swish" },
        { "x · sigmoid(1.703 · x)", "" },
        { "x/2 · (1.01 + erf(x / √2))", "" },
    };

    [Theory]
    [MemberData(nameof(Chains))]
    public void AChainThatIsAFunctionIsOneKernel(string chain, string kernel)
    {
        var b = new GraphBuilder();
        string x = b.Input(3, 50);
        const float Root = 0.7978845608f;
        string y = chain switch
        {
            "x/2 · (1 + erf(x / √2))" =>
                b.Add("Mul", b.Add("Mul", x, b.Scalar(0.5f)),
                    b.Add("Add", b.Scalar(1), b.Add("Erf", b.Add("Div", x, b.Scalar(MathF.Sqrt(2)))))),
            "x · (erf(x · 0.7071) + 1) · 0.5" =>
                b.Add("Mul", b.Add("Mul", x, b.Add("Add", b.Add("Erf", b.Add("Mul", x, b.Scalar(0.70710678f))), b.Scalar(1))),
                    b.Scalar(0.5f)),
            "x/2 · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))" =>
                Half(b.Add("Mul", b.Add("Add", x, b.Add("Mul", b.Add("Mul", b.Add("Mul", x, x), x), b.Scalar(0.044715f))), b.Scalar(Root))),
            "x/2 · (1 + tanh(√(2/π) · x · (1 + 0.044715 · x²)))" =>
                Half(b.Add("Mul", b.Add("Mul", x, b.Scalar(Root)),
                    b.Add("Add", b.Add("Mul", b.Add("Pow", x, b.Scalar(2)), b.Scalar(0.044715f)), b.Scalar(1)))),
            "x · sigmoid(x)" => b.Add("Mul", x, b.Add("Sigmoid", x)),
            "x · sigmoid(1.702 · x)" => b.Add("Mul", b.Add("Sigmoid", b.Add("Mul", b.Scalar(1.702f), x)), x),
            "x · sigmoid(1.703 · x)" => b.Add("Mul", b.Add("Sigmoid", b.Add("Mul", b.Scalar(1.703f), x)), x),
            _ => b.Add("Mul", b.Add("Mul", x, b.Scalar(0.5f)),
                b.Add("Add", b.Scalar(1.01f), b.Add("Erf", b.Add("Div", x, b.Scalar(MathF.Sqrt(2)))))),
        };
        string[] calls = Check(b.Build(y), 1e-6f);
        if (kernel.Length > 0)
            Assert.Equal([kernel], calls);
        else
            Assert.True(calls.Length > 1);

        string Half(string z) => b.Add("Mul", b.Add("Mul", x, b.Scalar(0.5f)), b.Add("Add", b.Add("Tanh", z), b.Scalar(1)));
    }

    /// <summary>Whatever axis is normalised, and in whatever order the axes are stored: one kernel, nothing transposed.</summary>
    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    [InlineData(0)]
    public void LayerNormalizationNeedsNoTransposition(int axis)
    {
        var b = new GraphBuilder();
        string x = b.Add("Relu", b.Input(6, 21, 35));
        string normal;
        if (axis < 0)
        {
            normal = b.Add("LayerNormalization", [x, b.Weights(35), b.Weights(35)], ("axis", -1));
        }
        else
        {
            long[] order = [.. Enumerable.Range(0, 3).Where(i => i != axis).Append(axis).Select(i => (long)i)];
            long[] back = [.. Enumerable.Range(0, 3).Select(i => (long)Array.IndexOf(order, i))];
            int length = axis == 0 ? 6 : 21;
            string moved = b.Add("Transpose", [x], ("perm", order));
            normal = b.Add("Transpose", [b.Add("LayerNormalization", [moved, b.Weights(length)], ("axis", -1))], ("perm", back));
        }
        Assert.Equal(["Float32Unary.Relu", "Float32LayerNormalization.Run", "Float32Unary.Neg"],
            Check(b.Build(b.Add("Neg", normal)), 1e-5f));
    }

    /// <summary>Powers that are products, roots and reciprocals: alone, in a chain, and of integers as exponents.</summary>
    [Theory]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    [InlineData(4, 2)]
    [InlineData(0.5, 1)]
    [InlineData(1.5, 2)]
    [InlineData(-0.5, 2)]
    [InlineData(-1, 1)]
    [InlineData(-2, 2)]
    [InlineData(2.5, 0)]
    public void ConstantPowersNeedNoKernelOfTheirOwn(double exponent, int steps)
    {
        foreach (bool isChain in (bool[])[false, true])
        {
            var b = new GraphBuilder();
            string x = b.Add("Exp", b.Input(3, 50));
            string y = b.Add("Pow", x, b.Scalar((float)exponent));
            if (isChain)
                y = b.Add("Mul", b.Add("Add", y, b.Scalar(1)), x);
            string[] calls = Check(b.Build(y), 1e-6f);
            Assert.Equal(steps == 0, calls.Contains("Float32Binary.Pow"));
            if (steps > 0 && !isChain)
                Assert.Equal(steps, calls.Count(c => c is "Float32Binary.Mul" or "Float32Unary.Sqrt" or "Float32Unary.Reciprocal"));
        }
        if (exponent != Math.Floor(exponent))
            return;
        var whole = new GraphBuilder();
        string z = whole.Add("Pow", whole.Input(3, 50), whole.Constant(Tensor.Of([(long)exponent], 1)));
        Assert.DoesNotContain("Float32Binary.Pow", Check(whole.Build(z), 1e-6f));
    }

    // Lowers the graph as the pipeline does, compares its outputs with the reference, and names the steps.
    private static string[] Check(Graph graph, float tolerance)
    {
        LoweredModel lowered = GraphLowerer.Lower(new CompressedModel(PassPipeline.Run(graph)), new BoundaryOptions());
        var random = new Random(5);
        Tensor[] inputs = [.. graph.Inputs.Select(i => RandomTensors.Of(random, graph.TypeOf(i)))];
        var expected = (float[])new GraphEvaluator(graph).Evaluate(inputs)[0].Data;
        var actual = (float[])Plans.Execute(lowered).Run(inputs)[0].Data;
        float greatest = expected.Max(Math.Abs);
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.InRange(actual[i], expected[i] - (greatest * tolerance), expected[i] + (greatest * tolerance));
        return [.. lowered.Calls.Select(s => $"{s.Kernel}.{s.Method}")];
    }
}
