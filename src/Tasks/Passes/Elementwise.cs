using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;

namespace OptimizerBuild.Passes;

/// <summary>Which nodes compute each output element from the input elements of the same place.</summary>
internal static class Elementwise
{
    /// <summary>Whether the node is a function of one tensor, element by element, whatever its constants.</summary>
    public static bool IsUnary(Node node) => node.Is<IFunctionOfOneValue>();

    /// <summary>Whether the node must stay a node of its own.</summary>
    public static bool StaysApart(Node node) => node.As<IElementwiseFunction>() is { StaysApart: true };

    /// <summary>Whether the node combines two tensors element by element, with broadcasting.</summary>
    public static bool IsBinary(Node node) => node.Is<IFunctionOfTwoValues>() && node.Inputs.Length == 2;

    /// <summary>Whether the node adds or multiplies two tensors: what folds into the weights and biases of a linear layer.</summary>
    public static bool IsSumOrProduct(Node node) => node.Is<AddOperator>() || node.Is<MulOperator>();

    /// <summary>
    /// The float32 value that a node maps element by element with the same function everywhere: a unary operator, or a binary one
    /// whose other operand is the same constant for all elements. Null where the node is no such function.
    /// </summary>
    public static string? ArgumentOfFunction(GraphEditor editor, Node node)
    {
        if (node.Outputs.Length != 1)
            return null;
        string? argument = null;
        if (IsUnary(node))
        {
            argument = node.Input(0);
            for (int i = 1; i < node.Inputs.Length; i++)
                if (node.HasInput(i) && editor.Constant(node.Input(i)) is not { Element: ElementType.Float32, Count: > 0 })
                    return null;
        }
        else if (IsBinary(node))
        {
            argument = IsUniform(editor, node.Input(1)) ? node.Input(0) : IsUniform(editor, node.Input(0)) ? node.Input(1) : null;
        }
        return argument is not null && editor.Constant(argument) is null && editor.TypeOf(argument) is { Element: ElementType.Float32 } type
            && type == editor.TypeOf(node.Outputs[0]) ? argument : null;
    }

    /// <summary>Whether a value is a float32 constant with the same value everywhere.</summary>
    public static bool IsUniform(GraphEditor editor, string value) => Uniform(editor.Constant(value)) is not null;

    /// <summary>The value that all elements of a float32 constant share; null where they differ or there are none.</summary>
    public static float? Uniform(Tensor? constant)
    {
        if (constant is not { Element: ElementType.Float32, Count: > 0 })
            return null;
        float[] values = constant.Values<float>();
        int first = BitConverter.SingleToInt32Bits(values[0]);
        foreach (float v in values)
            if (BitConverter.SingleToInt32Bits(v) != first)
                return null;
        return values[0];
    }

    /// <summary>The bounds of a Clip or Relu node whose bounds are constant; null for other nodes.</summary>
    public static (float Minimum, float Maximum)? Bounds(GraphEditor editor, Node node)
    {
        if (node.Is<ReluOperator>())
            return (0, float.PositiveInfinity);
        if (!node.Is<ClipOperator>())
            return null;
        float? minimum = node.HasInput(1) ? Uniform(editor.Constant(node.Input(1))) : float.NegativeInfinity;
        float? maximum = node.HasInput(2) ? Uniform(editor.Constant(node.Input(2))) : float.PositiveInfinity;
        return minimum is { } low && maximum is { } high && low <= high ? (low, high) : null;
    }
}
