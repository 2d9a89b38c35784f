using System.Collections.Frozen;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Passes;

/// <summary>Which nodes compute each output element from the input elements of the same place.</summary>
internal static class Elementwise
{
    /// <summary>The operator of a fused chain of elementwise operators.</summary>
    public const string Fused = "FusedElementwise";

    private static readonly FrozenSet<string> OneOperand = new[]
    {
        "Abs", "Ceil", "Celu", "Cos", "Elu", "Erf", "Exp", "Floor", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "Log", "Mish", "Neg",
        "Reciprocal", "Relu", "Round", "Selu", "Sigmoid", "Sign", "Sin", "Softplus", "Softsign", "Sqrt", "Swish", "Tanh", "ThresholdedRelu",
    }.ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenSet<string> TwoOperands =
        new[] { "Add", "Div", "Max", "Min", "Mul", "Pow", "PRelu", "Sub" }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Whether the node is an operator of ONNX's default domain of that type.</summary>
    public static bool Is(this Node node, string opType) => node.OpType == opType && node.Domain.Length == 0;

    /// <summary>Whether the node is a function of one tensor, element by element, whatever its constants.</summary>
    public static bool IsUnary(Node node) =>
        (node.Domain.Length == 0 && (OneOperand.Contains(node.OpType) || node.OpType == "Clip"))
        || (node.Domain == Node.InternalDomain && node.OpType == Fused);

    /// <summary>Whether the node combines two tensors element by element, with broadcasting.</summary>
    public static bool IsBinary(Node node) => node.Domain.Length == 0 && TwoOperands.Contains(node.OpType) && node.Inputs.Length == 2;

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
        if (node.Is("Relu"))
            return (0, float.PositiveInfinity);
        if (!node.Is("Clip"))
            return null;
        float? minimum = node.HasInput(1) ? Uniform(editor.Constant(node.Input(1))) : float.NegativeInfinity;
        float? maximum = node.HasInput(2) ? Uniform(editor.Constant(node.Input(2))) : float.PositiveInfinity;
        return minimum is { } low && maximum is { } high && low <= high ? (low, high) : null;
    }

    /// <summary>Whether a pass has fused an activation into the node.</summary>
    public static bool HasActivation(Node node) => node.Has(FusedActivation.Attribute);
}
