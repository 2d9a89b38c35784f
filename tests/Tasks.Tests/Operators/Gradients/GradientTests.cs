using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Operators.Gradients;

/// <summary>Gradients of operators against finite differences in double precision, and float32 against double precision.</summary>
public sealed class GradientTests
{
    // Straight-through estimators are no derivatives; each has a test of its own.
    private static readonly string[] Estimators = ["FakeQuantize"];

    public static IEnumerable<object[]> Indices => GradientExamples.All.Select((e, i) => (object[])[i, e.ToString()]);

    [Fact]
    public void Every_operator_has_a_gradient_or_a_reason()
    {
        string[] without = [.. OperatorRegistry.All.Select(Operator).Where(o => o.Op is not IDifferentiable
            && Differentiability.Obstacle(o.Op) is null).Select(o => o.Type)];
        Assert.Empty(without);
    }

    [Fact]
    public void Every_gradient_is_checked()
    {
        (string Type, Operator Op)[] differentiable = [.. OperatorRegistry.All.Select(Operator).Where(o => o.Op is IDifferentiable)];
        Assert.Equal(differentiable.Where(o => o.Op is not IStraightThrough).Select(o => o.Type).Order(StringComparer.Ordinal),
            GradientExamples.All.Select(e => e.OpType).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(Estimators, differentiable.Where(o => o.Op is IStraightThrough).Select(o => o.Type));
    }

    [Theory]
    [MemberData(nameof(Indices))]
    public void Equals_finite_differences(int index, string name)
    {
        GradientExample example = GradientExamples.All[index];
        Assert.Equal(name, example.ToString());
        Graph graph = example.Graph();
        Tensor[] inputs = Inputs<double>(example);
        double[][] gradients = Gradients<double>(example, graph, inputs);
        var tape = new GradientTape<double>(graph, example.Variables);
        for (int v = 0; v < inputs.Length; v++)
        {
            double[] x = inputs[v].Values<double>();
            for (int i = 0; i < x.Length; i++)
            {
                const double Step = 1e-5;
                double at = x[i];
                x[i] = at + Step;
                double above = Loss(tape, graph, inputs);
                x[i] = at - Step;
                double below = Loss(tape, graph, inputs);
                x[i] = at;
                double difference = (above - below) / (2 * Step);
                Assert.True(Math.Abs(difference - gradients[v][i]) <= 1e-6 * Math.Max(1, Math.Abs(difference)),
                    $"{example}: {example.Variables[v]}[{i}] has the gradient {gradients[v][i]:g9}, by differences {difference:g9}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Indices))]
    public void Float32_equals_double_precision(int index, string name)
    {
        GradientExample example = GradientExamples.All[index];
        Assert.Equal(name, example.ToString());
        Graph graph = example.Graph();
        double[][] right = Gradients<double>(example, graph, Inputs<double>(example));
        float[][] found = Gradients<float>(example, graph, Inputs<float>(example));
        for (int v = 0; v < right.Length; v++)
        {
            double greatest = right[v].Length == 0 ? 0 : right[v].Max(Math.Abs);
            for (int i = 0; i < right[v].Length; i++)
                Assert.True(Math.Abs(right[v][i] - found[v][i]) <= (2e-5 * greatest) + (1e-3 * Math.Abs(right[v][i])),
                    $"{example}: {example.Variables[v]}[{i}] has the gradient {found[v][i]:g9}, in double precision {right[v][i]:g9}");
        }
    }

    /// <summary>The forward pass of training is the model: what is trained is what is evaluated.</summary>
    [Theory]
    [MemberData(nameof(Indices))]
    public void Forward_equals_the_reference(int index, string name)
    {
        GradientExample example = GradientExamples.All[index];
        Assert.Equal(name, example.ToString());
        Graph graph = example.Graph();
        Tensor[] inputs = Inputs<float>(example);
        var tape = new GradientTape<float>(graph, example.Variables);
        tape.Forward(inputs);
        Tensor[] expected = new GraphEvaluator(graph).Evaluate(inputs);
        for (int i = 0; i < expected.Length; i++)
            TensorComparison.AssertClose(expected[i], tape.Value(graph.Outputs[i]), 1e-5, 1e-5);
    }

    /// <summary>Rounding hands gradients on between the least and the greatest level, and nothing beyond.</summary>
    [Fact]
    public void Rounding_is_passed_straight_through()
    {
        Graph graph = new GradientExample("FakeQuantize", [Tensor.Of([-1.1f, -0.9f, 0.26f, 24.4f, 24.6f], 5)], ("scale", 0.1f),
            ("zero_point", 10)) { Domain = Node.InternalDomain }.Graph();
        var tape = new GradientTape<float>(graph, ["x0"]);
        tape.Forward([Tensor.Of([-1.1f, -0.9f, 0.26f, 24.4f, 24.6f], 5)]);
        tape.Backward(new Dictionary<string, float[]> { ["y0"] = [1, 2, 3, 4, 5] });
        Assert.Equal([0, 2, 3, 4, 0], tape.Gradient("x0"));
        Assert.Equal(0.3f, tape.Value("y0").Values<float>()[2], 6);
    }

    /// <summary>A value read twice adds both gradients up; buffers of equal size that are reused do not mix.</summary>
    [Fact]
    public void Gradients_of_several_readers_add_up()
    {
        var builder = new GraphBuilder();
        string x = builder.Input(2, 3), w = builder.Weights(3, 3);
        string hidden = builder.Add("Tanh", builder.Add("MatMul", x, w));
        string again = builder.Add("Mul", hidden, builder.Add("Sigmoid", builder.Add("MatMul", hidden, w)));
        Graph graph = builder.Build(builder.Add("Add", again, x));
        double[] values = [.. GradientExamples.Drawn(2, 3).Values<float>().Select(v => (double)v)];
        var tape = new GradientTape<double>(graph, [w, x], [hidden]);
        double[] weights = tape.Value(w).Values<double>();
        Tensor input = Tensor.Of(values, 2, 3);
        tape.Forward([input]);
        double[] seed = [1, -2, 3, 0.5, 1, 2], inner = [0.3, 0.2, -1, 2, 0.1, 0];
        tape.Backward(new Dictionary<string, double[]> { [graph.Outputs[0]] = seed, [hidden] = inner });
        foreach ((string name, double[] at) in new[] { (w, weights), (x, values) })
        {
            double[] gradient = (double[])tape.Gradient(name).Clone();
            for (int i = 0; i < at.Length; i++)
            {
                double old = at[i];
                at[i] = old + 1e-5;
                double above = Reduced();
                at[i] = old - 1e-5;
                double below = Reduced();
                at[i] = old;
                Assert.Equal((above - below) / 2e-5, gradient[i], 6);
            }
        }

        double Reduced()
        {
            tape.Forward([input]);
            return tape.Value(graph.Outputs[0]).Values<double>().Zip(seed, (y, s) => y * s).Sum()
                + tape.Value(hidden).Values<double>().Zip(inner, (y, s) => y * s).Sum();
        }
    }

    [Fact]
    public void What_stops_a_gradient_is_named()
    {
        var builder = new GraphBuilder();
        string x = builder.Input(3);
        string places = builder.Add("ArgMax", x);
        Graph graph = builder.Build(places);
        var tape = new GradientTape<float>(graph, [x]);
        Assert.Equal([("ArgMax", "gives places")], tape.Stops.Select(s => (s.Node.OpType, s.Reason)));
        Assert.False(tape.Carries(places));
    }

    private static (string Type, Operator Op) Operator((string Domain, string OpType) o) =>
        (o.OpType, OperatorRegistry.Of(new Node("", o.OpType, [], []) { Domain = o.Domain }));

    private static Tensor[] Inputs<T>(GradientExample example) => [.. example.Variables.Select(v =>
        NumericCast.Convert(example.Inputs[int.Parse(v[1..], System.Globalization.CultureInfo.InvariantCulture)]!, ElementTypes.Of<T>())!)
        .Select(t => new Tensor(t.Type, (Array)t.Data.Clone()))];

    // What is reduced is Σ wᵢ·yᵢ with unequal weights, so that no error cancels out.
    private static double Weight(int i) => Math.Sin(1 + (1.7 * i));

    private static double Loss(GradientTape<double> tape, Graph graph, Tensor[] inputs)
    {
        tape.Forward(inputs);
        return graph.Outputs.Sum(o => tape.Value(o).Values<double>().Select((y, i) => y * Weight(i)).Sum());
    }

    private static T[][] Gradients<T>(GradientExample example, Graph graph, Tensor[] inputs)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        var tape = new GradientTape<T>(graph, example.Variables);
        T[][] first = [];
        // Twice, as gradients must not depend on the step before.
        for (int pass = 0; pass < 2; pass++)
        {
            tape.Forward(inputs);
            tape.Backward(graph.Outputs.ToDictionary(o => o, o => tape.Value(o).Values<T>().Select((_, i) =>
                T.CreateTruncating(Weight(i))).ToArray()));
            T[][] found = [.. example.Variables.Select(v => (T[])tape.Gradient(v).Clone())];
            Assert.True(pass == 0 || found.Zip(first).All(p => p.First.AsSpan().SequenceEqual(p.Second)));
            first = found;
        }
        return first;
    }
}
