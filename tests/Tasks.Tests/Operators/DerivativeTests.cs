using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Operators;

/// <summary>The derivatives that elementwise functions state, against central differences in double precision.</summary>
public sealed class DerivativeTests
{
    // Away from corners and jumps of all functions, which lie at whole and half numbers; positive ones for logarithms and roots.
    private static readonly double[] Arguments = [-7.3, -2.6, -1.3, -0.93, -0.7, -0.31, 0.21, 0.37, 0.66, 0.83, 1.2, 1.85, 2.7, 3.3, 4.1,
        5.6];

    public static TheoryData<string> Functions => [.. OperatorRegistry.All.Where(o => o.Domain.Length == 0)
        .Select(o => o.OpType).Where(t => new Node("", t, [], []).Is<ElementwiseFunction>())];

    public static TheoryData<string> Pairs => [.. OperatorRegistry.All.Where(o => o.Domain.Length == 0)
        .Select(o => o.OpType).Where(t => new Node("", t, [], []).Is<IFunctionOfTwoValues>())];

    [Theory]
    [MemberData(nameof(Functions))]
    public void OfAFunctionOfOneValue(string opType)
    {
        var node = new Node("n", opType, ["x"], ["y"]);
        Check(node);

        // Attributes other than their defaults, where the function has them.
        foreach ((string name, float value) in new[] { ("alpha", 0.6f), ("alpha", 1.7f), ("beta", 0.3f), ("gamma", 1.3f) })
            Check(node.With(name, new AttributeValue.Float(value)));
        Check(node.With("approximate", new AttributeValue.Text("tanh")));

        static void Check(Node node)
        {
            var function = node.As<IFunctionOfOneValue>()!;
            var context = new OperatorContext(node, [TensorType.Float32(1)], [null]);
            int compared = 0;
            var single = new float[1];
            foreach (double x in Arguments)
            {
                double difference = Difference(v => function.Compute(context, v), x);
                if (double.IsNaN(difference))
                    continue;
                Assert.Equal(difference, function.Derivative(context, x), 1e-6 * Math.Max(1, Math.Abs(difference)));
                function.Differentiate(context, [(float)x], single);
                Assert.Equal(difference, single[0], 1e-4 * Math.Max(1, Math.Abs(difference)));
                compared++;
            }
            Assert.True(compared >= 6);
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void OfAFunctionOfTwoValues(string opType)
    {
        var node = new Node("n", opType, ["a", "b"], ["y"]);
        var function = node.As<IFunctionOfTwoValues>()!;
        foreach (double a in Arguments.Where(v => v > 0 || !node.Is<PowOperator>()))
        {
            foreach (double b in Arguments.Select(v => v + 0.0537))
            {
                (double first, double second) = function.Derivatives(node, a, b);
                double expected = Difference(v => function.Compute(node, v, b), a);
                Assert.Equal(expected, first, 1e-5 * Math.Max(1, Math.Abs(expected)));
                expected = Difference(v => function.Compute(node, a, v), b);
                Assert.Equal(expected, second, 1e-5 * Math.Max(1, Math.Abs(expected)));
            }
        }
    }

    [Fact]
    public void OfClip()
    {
        var node = new Node("n", "Clip", ["x", "low", "high"], ["y"]);
        TensorType scalar = TensorType.Float32();
        var context = new OperatorContext(node, [scalar, scalar, scalar], [null, Tensor.Scalar(-1f), Tensor.Scalar(2f)]);
        var function = node.As<IFunctionOfOneValue>()!;
        foreach (double x in Arguments)
            Assert.Equal(Difference(v => function.Compute(context, v), x), function.Derivative(context, x), 1e-6);
    }

    /// <summary>x · sigmoid(1.3 x) + min(x, 0.9)², as one fused node.</summary>
    [Fact]
    public void OfAFusedChain()
    {
        var b = new GraphBuilder();
        string x = b.Input(4);
        string swish = b.Add("Mul", x, b.Add("Sigmoid", b.Add("Mul", x, b.Scalar(1.3f))));
        Graph graph = PassPipeline.Run(b.Build(b.Add("Add", swish, b.Add("Pow", b.Add("Min", x, b.Scalar(0.9f)), b.Scalar(2)))));
        Node node = Assert.Single(graph.Nodes);
        Assert.True(node.Is<FusedElementwiseOperator>());
        var function = node.As<IFunctionOfOneValue>()!;
        OperatorContext context = OperatorContext.Of(graph, node);
        foreach (double v in Arguments)
        {
            double gate = v / (1 + Math.Exp(-(double)1.3f * v));
            Assert.Equal(gate + Math.Pow(Math.Min(v, 0.9f), 2), function.Compute(context, v), 1e-9);
            Assert.Equal(Difference(u => function.Compute(context, u), v), function.Derivative(context, v), 1e-6);
        }
    }

    private static double Difference(Func<double, double> function, double x)
    {
        const double Step = 1e-5;
        return (function(x + Step) - function(x - Step)) / (2 * Step);
    }
}
