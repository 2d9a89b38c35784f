using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>LpPool: the p-norm of each window, a root of a sum of powers, which is an average times the window's size.</summary>
[RewrittenOperator("LpPool")]
[Input(0, "X", Elements.Floats)]
[Output(0, "Y")]
[Parameter("auto_pad", ParameterKind.String, Choices = ["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", ""])]
[Parameter("ceil_mode", ParameterKind.Int, From = 18)]
[Parameter("dilations", ParameterKind.Ints, From = 18, Minimum = 1)]
[Parameter("kernel_shape", ParameterKind.Ints, Required = true, Minimum = 1)]
[Parameter("p", ParameterKind.Int, Minimum = 1, From = 2)]
[Parameter("p", ParameterKind.Float, Until = 1)]
[Parameter("pads", ParameterKind.Ints, Minimum = 0)]
[Parameter("strides", ParameterKind.Ints, Minimum = 1)]
internal sealed class LpPoolExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        ElementType element = context.Type(0).Element;
        double p = PNorm.Exponent(context);
        long[] kernel = context.Node.Ints("kernel_shape")!;
        string mean = context.Add(context.Node.Without("p").With("count_include_pad", 1) with
        {
            OpType = "AveragePool",
            Inputs = [PNorm.Powers(context, context[0], p)],
        });
        string sum = context.Add("Mul", mean, context.Scalar(element, kernel.Aggregate(1.0, (a, b) => a * b)));
        context.Return(0, PNorm.Root(context, sum, p));
    }
}

/// <summary>GlobalLpPool: the p-norm of each channel.</summary>
[RewrittenOperator("GlobalLpPool")]
[Input(0, "X", Elements.Floats)]
[Output(0, "Y")]
[Parameter("p", ParameterKind.Int, Minimum = 1, From = 2)]
[Parameter("p", ParameterKind.Float, Until = 1)]
internal sealed class GlobalLpPoolExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        double p = PNorm.Exponent(context);
        long[] axes = [.. Enumerable.Range(2, Math.Max(context.Type(0).Rank - 2, 0)).Select(a => (long)a)];
        context.Return(0, PNorm.Root(context, context.Reduce("ReduceSum", PNorm.Powers(context, context[0], p), axes), p));
    }
}

/// <summary>The parts of a p-norm.</summary>
internal static class PNorm
{
    /// <summary>The exponent that a node says.</summary>
    public static double Exponent(ExpansionContext context) => context.Node.Has("p") && context.Opset < 2
        ? context.Node.Float("p", 2)
        : context.Node.Int("p", 2);

    /// <summary>Absolute values to the power of p.</summary>
    public static string Powers(ExpansionContext context, string value, double p) => p == 1 ? context.Add("Abs", value)
        : p == 2 ? context.Add("Mul", value, value)
        : context.Add("Pow", context.Add("Abs", value), context.Scalar(context.TypeOf(value).Element, p));

    /// <summary>The p-th root.</summary>
    public static string Root(ExpansionContext context, string value, double p) => p == 1 ? value
        : p == 2 ? context.Add("Sqrt", value)
        : context.Add("Pow", value, context.Scalar(context.TypeOf(value).Element, 1 / p));
}
