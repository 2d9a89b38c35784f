using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;

namespace OptimizerBuild.Passes;

/// <summary>
/// Brings float32 arithmetic with constants into one form, on which the other passes rely: the constant is the second operand, Sub is
/// Add of the negative, Div is Mul by the reciprocal, constants in a row are combined, and neutral ones vanish.
/// </summary>
internal sealed class ArithmeticNormalisation : LocalRewrite
{
    /// <inheritdoc/>
    protected override bool TryRewrite(GraphEditor editor, Node node)
    {
        if (!Elementwise.IsBinary(node) || !(Elementwise.IsSumOrProduct(node) || node.Is<SubOperator>() || node.Is<DivOperator>())
            || editor.TypeOf(node.Outputs[0]).Element != ElementType.Float32)
            return false;
        if (editor.Constant(node.Input(0)) is not null && editor.Constant(node.Input(1)) is null && Elementwise.IsSumOrProduct(node))
        {
            editor.Replace(node, node with { Inputs = [node.Input(1), node.Input(0)] });
            return true;
        }
        if (editor.Constant(node.Input(0)) is not null || editor.Constant(node.Input(1)) is not { } constant)
            return false;
        return TryNormalForm(editor, node, constant) || TryNeutral(editor, node, constant) || TryCombine(editor, node, constant);
    }

    private static bool TryNormalForm(GraphEditor editor, Node node, Tensor constant)
    {
        if (node.Is<SubOperator>())
        {
            Replace<AddOperator>("Add", ConstantArithmetic.Map(constant, v => -v));
            return true;
        }
        if (node.Is<DivOperator>() && constant.Values<float>().All(v => v != 0 && float.IsNormal(v) && float.IsNormal(1 / v)))
        {
            Replace<MulOperator>("Mul", ConstantArithmetic.Map(constant, v => 1 / v));
            return true;
        }
        return false;

        void Replace<T>(string suffix, Tensor value)
            where T : Operator =>
            editor.Replace(node, node.Becoming<T>() with { Inputs = [node.Input(0),
                editor.AddConstant(node.Input(1) + "." + suffix, value)] });
    }

    private static bool TryNeutral(GraphEditor editor, Node node, Tensor constant) =>
        !node.HasActivation() && editor.TypeOf(node.Input(0)) == editor.TypeOf(node.Outputs[0])
        && Elementwise.Uniform(constant) is { } value && (node.Is<MulOperator>() ? value == 1 : node.Is<AddOperator>() && value == 0)
        && editor.TryBypass(node, node.Input(0));

    private static bool TryCombine(GraphEditor editor, Node node, Tensor constant)
    {
        if (!Elementwise.IsSumOrProduct(node) || editor.Producer(node.Input(0)) is not { } inner || !inner.HasOperatorOf(node)
            || !Elementwise.IsBinary(inner)
            || !editor.HasSingleUse(inner.Outputs[0]) || inner.HasActivation()
            || editor.Constant(inner.Input(1)) is not { } first)
            return false;
        int[]? shape = Shapes.Broadcast(first.Dimensions.AsSpan(), constant.Dimensions.AsSpan());
        // Two small constants must not become one large one.
        if (shape is null || Shapes.Count(shape) > Math.Max(first.Count, constant.Count))
            return false;
        Tensor both = ConstantArithmetic.Combine(first, constant, node.Is<AddOperator>() ? (a, b) => a + b : (a, b) => a * b);
        if (both.Values<float>().Any(v => !float.IsFinite(v)))
            return false;
        editor.Replace(node, node with { Inputs = [inner.Input(0), editor.AddConstant(node.Input(1), both)] });
        editor.Remove(inner);
        return true;
    }
}
