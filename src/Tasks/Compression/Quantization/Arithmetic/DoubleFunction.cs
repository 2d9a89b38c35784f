using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;

namespace OptimizerBuild.Compression.Quantization.Arithmetic;

/// <summary>
/// A node that is a function of one value, applied to many values in double precision: what tables are made from
/// (docs/arithmetic.md, Elementwise integer operations).
/// </summary>
internal static class DoubleFunction
{
    /// <summary>Applies a node whose other inputs are constants of one element.</summary>
    public static double[] Apply(OperatorContext context, double[] x)
    {
        Tensor variable = Tensor.Of(x, x.Length);
        return Values(Apply(context.Node, [.. context.Node.Inputs.Select((name, i) =>
            name.Length == 0 ? null : context.InputConstants[i] is { } constant ? Widened(constant) : variable)]));
    }

    private static Tensor Apply(Node node, Tensor?[] arguments)
    {
        Tensor result = FusedElementwiseOperator.BodyOf(node) is { } body
            ? ApplyBody(body, arguments)
            : OperatorRegistry.Of(node).Evaluate(Context(node, arguments), arguments)[0];
        if (!node.HasActivation())
            return result;
        (double minimum, double maximum) = node.ActivationBounds();
        return Tensor.Of(Array.ConvertAll(Values(result), y => Math.Min(Math.Max(y, minimum), maximum)), result.Dimensions.AsSpan());
    }

    // A chain of operators in a node of its own: its graph's only input is the variable.
    private static Tensor ApplyBody(Graph body, Tensor?[] arguments)
    {
        var values = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        for (int i = 0; i < body.Inputs.Length; i++)
            if (arguments[i] is { } argument)
                values[body.Inputs[i]] = argument;
        foreach ((string name, Tensor constant) in body.Constants)
            values[name] = Widened(constant);
        foreach (Node node in body.Nodes)
            values[node.Outputs[0]] = Apply(node, [.. node.Inputs.Select(n => n.Length == 0 ? null : values[n])]);
        return values[body.Outputs[0]];
    }

    private static OperatorContext Context(Node node, Tensor?[] arguments) =>
        new(node, [.. arguments.Select(a => a?.Type)], [.. arguments.Select(a => a is { Count: 1 } ? a : null)]);

    // A constant of one element broadcasts to the vector of values whatever its rank was.
    private static Tensor Widened(Tensor constant) => constant switch
    {
        { Element: ElementType.Float32, Count: 1 } => Tensor.Scalar((double)constant.Values<float>()[0]),
        { Element: ElementType.Float32 } =>
            Tensor.Of(Array.ConvertAll(constant.Values<float>(), v => (double)v), constant.Dimensions.AsSpan()),
        _ => constant,
    };

    private static double[] Values(Tensor result) => result.Data switch
    {
        double[] v => v,
        float[] v => Array.ConvertAll(v, y => (double)y),
        _ => throw new InvalidOperationException($"a function of real numbers gave {result.Type}"),
    };
}
