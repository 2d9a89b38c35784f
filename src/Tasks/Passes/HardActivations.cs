using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;

namespace OptimizerBuild.Passes;

/// <summary>
/// Recognises HardSigmoid and HardSwish that exporters have written out, for example <c>x · clip(x + 3, 0, 6) / 6</c> in any order of
/// the products: a product is flattened into its factors and the constant among them, then compared with the definitions
/// HardSigmoid(x) = clip(αx + β, 0, 1) and HardSwish(x) = x · HardSigmoid(x; 1/6, 1/2).
/// </summary>
internal sealed class HardActivations : LocalRewrite
{
    private const double Tolerance = 1e-6;

    /// <inheritdoc/>
    protected override bool TryRewrite(GraphEditor editor, Node node)
    {
        if (editor.TypeOf(node.Outputs[0]).Element != ElementType.Float32)
            return false;
        return node.Is<MulOperator>() ? TryProduct(editor, node) : node.Is<ClipOperator>() && TryHardSigmoid(editor, node);
    }

    // clip(x·a + b, 0, 1), with a factor: otherwise it is as good as it stands.
    private static bool TryHardSigmoid(GraphEditor editor, Node node)
    {
        if (Elementwise.Bounds(editor, node) is not (0, 1) || Affine(editor, node.Input(0)) is not { } inner || inner.Scale == 1)
            return false;
        return Replace<HardSigmoidOperator>(editor, node, inner.Argument, (inner.Scale, inner.Offset));
    }

    private static bool TryProduct(GraphEditor editor, Node node)
    {
        if (node.HasActivation())
            return false;
        var factors = new List<string>();
        double constant = 1;
        Flatten(editor, node, factors, ref constant, depth: 0);
        if (factors.Count is 0 or > 2)
            return false;
        for (int i = 0; i < factors.Count; i++)
        {
            if (Gate(editor, factors[i]) is not { } gate)
                continue;
            double alpha = gate.Scale * constant, beta = gate.Offset * constant;
            if (Math.Abs((gate.Maximum * constant) - 1) > Tolerance)
                continue;
            if (factors.Count == 1)
                return !gate.IsHardSigmoid && Replace<HardSigmoidOperator>(editor, node, gate.Argument, (alpha, beta));
            if (factors[1 - i] == gate.Argument && Math.Abs((alpha * 6) - 1) < Tolerance && Math.Abs(beta - 0.5) < Tolerance)
                return Replace<HardSwishOperator>(editor, node, gate.Argument, null);
        }
        return false;
    }

    private static bool Replace<T>(GraphEditor editor, Node node, string argument, (double Alpha, double Beta)? line)
        where T : ElementwiseFunction
    {
        if (editor.TypeOf(argument) != editor.TypeOf(node.Outputs[0]))
            return false;
        Node result = NodeOperators.New<T>(node.Name, [argument], node.Outputs);
        if (line is var (alpha, beta))
            result = HardSigmoidOperator.WithLine(result, (float)alpha, (float)beta);
        editor.Replace(node, result);
        foreach (string input in node.Inputs)
            editor.Prune(input);
        return true;
    }

    // The factors of a product whose intermediate products nobody else needs.
    private static void Flatten(GraphEditor editor, Node product, List<string> factors, ref double constant, int depth)
    {
        foreach (string input in product.Inputs)
        {
            if (Elementwise.Uniform(editor.Constant(input)) is { } value)
                constant *= value;
            else if (depth < 4 && editor.Producer(input) is { } inner && inner.Is<MulOperator>() && !inner.HasActivation()
                && editor.HasSingleUse(input))
                Flatten(editor, inner, factors, ref constant, depth + 1);
            else
                factors.Add(input);
        }
    }

    // clip(scale·x + offset, 0, maximum)
    private static (string Argument, double Scale, double Offset, double Maximum, bool IsHardSigmoid)? Gate(
        GraphEditor editor, string value)
    {
        if (editor.Producer(value) is not { } node)
            return null;
        if (node.Is<HardSigmoidOperator>())
            return (node.Input(0), HardSigmoidOperator.Alpha(node), HardSigmoidOperator.Beta(node), 1, true);
        if (Elementwise.Bounds(editor, node) is not { Minimum: 0 } bounds || float.IsInfinity(bounds.Maximum)
            || Affine(editor, node.Input(0)) is not { } inner)
            return null;
        return (inner.Argument, inner.Scale, inner.Offset, bounds.Maximum, false);
    }

    // scale·x + offset
    private static (string Argument, double Scale, double Offset)? Affine(GraphEditor editor, string value)
    {
        if (editor.Producer(value) is not { } add || !add.Is<AddOperator>() || add.HasActivation()
            || Elementwise.Uniform(editor.Constant(add.Input(1))) is not { } offset)
            return null;
        string argument = add.Input(0);
        if (editor.Producer(argument) is { } mul && mul.Is<MulOperator>() && !mul.HasActivation()
            && Elementwise.Uniform(editor.Constant(mul.Input(1))) is { } scale)
            return (mul.Input(0), scale, offset);
        return (argument, 1, offset);
    }
}
