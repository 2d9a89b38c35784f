using OptimizerBuild.Graphs;

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
        if (!Elementwise.IsBinary(node) || node.OpType is not ("Add" or "Sub" or "Mul" or "Div")
            || editor.TypeOf(node.Outputs[0]).Element != ElementType.Float32)
            return false;
        if (editor.Constant(node.Input(0)) is not null && editor.Constant(node.Input(1)) is null && node.OpType is "Add" or "Mul")
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
        if (node.OpType == "Sub")
        {
            Replace("Add", ConstantArithmetic.Map(constant, v => -v));
            return true;
        }
        if (node.OpType == "Div" && constant.Values<float>().All(v => v != 0 && float.IsNormal(v) && float.IsNormal(1 / v)))
        {
            Replace("Mul", ConstantArithmetic.Map(constant, v => 1 / v));
            return true;
        }
        return false;

        void Replace(string opType, Tensor value) =>
            editor.Replace(node, node with { OpType = opType, Inputs = [node.Input(0),
                editor.AddConstant(node.Input(1) + "." + opType, value)] });
    }

    private static bool TryNeutral(GraphEditor editor, Node node, Tensor constant) =>
        !Elementwise.HasActivation(node) && editor.TypeOf(node.Input(0)) == editor.TypeOf(node.Outputs[0])
        && Elementwise.Uniform(constant) is { } value && (node.OpType == "Mul" ? value == 1 : node.OpType == "Add" && value == 0)
        && editor.TryBypass(node, node.Input(0));

    private static bool TryCombine(GraphEditor editor, Node node, Tensor constant)
    {
        if (node.OpType is not ("Add" or "Mul") || editor.Producer(node.Input(0)) is not { } inner || inner.OpType != node.OpType
            || !Elementwise.IsBinary(inner)
            || !editor.HasSingleUse(inner.Outputs[0]) || Elementwise.HasActivation(inner)
            || editor.Constant(inner.Input(1)) is not { } first)
            return false;
        int[]? shape = Shapes.Broadcast(first.Dimensions.AsSpan(), constant.Dimensions.AsSpan());
        // Two small constants must not become one large one.
        if (shape is null || Shapes.Count(shape) > Math.Max(first.Count, constant.Count))
            return false;
        Tensor both = ConstantArithmetic.Combine(first, constant, node.OpType == "Add" ? (a, b) => a + b : (a, b) => a * b);
        if (both.Values<float>().Any(v => !float.IsFinite(v)))
            return false;
        editor.Replace(node, node with { Inputs = [inner.Input(0), editor.AddConstant(node.Input(1), both)] });
        editor.Remove(inner);
        return true;
    }
}
