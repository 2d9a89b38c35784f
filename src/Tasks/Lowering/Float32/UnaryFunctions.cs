using OptimizerBuild.Graphs;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>The operators of one float32 value: which kernel method each one calls, and with which arguments.</summary>
internal static class UnaryFunctions
{
    private const float SquareRootOfTwoOverPi = 0.7978845608028654f;

    /// <summary>Whether an operator is a function of one value with a float32 kernel.</summary>
    public static bool Contains(string opType) => Method(new Node("", opType, [], [])) is not null;

    /// <summary>Emits the function from one dense float32 storage to another of the same shape, which may be the same.</summary>
    /// <param name="context">Where the steps go.</param>
    /// <param name="owner">The node they belong to.</param>
    /// <param name="function">The node that holds the function's attributes; the owner itself or a part of its body.</param>
    /// <param name="input">The input.</param>
    /// <param name="output">The output.</param>
    public static void Emit(LoweringContext context, Node owner, Node function, Storage input, Storage output)
    {
        (string kernel, string method, (string Name, float Value)[] arguments) = Method(function)
            ?? throw LoweringContext.NoKernel(owner, $"there is no float32 kernel for {function.OpType}");
        LoweredStep step = context.Step(kernel, method, owner, $"{function.OpType} {NativeSteps.Text(input)}")
            .Operand("input", input)
            .Write("output", output)
            .Int("count", output.Count);
        foreach ((string name, float value) in arguments)
            step.Real(name, value);
        step.MayReuse(output, input);
    }

    /// <summary>Emits the bounds of a Clip.</summary>
    public static void Clip(LoweringContext context, Node owner, Storage input, Storage output, float minimum, float maximum) =>
        context.Step("Float32Unary", "Clip", owner, $"Clip {NativeSteps.Text(input)}")
            .Operand("input", input)
            .Write("output", output)
            .Int("count", output.Count)
            .Real("minimum", minimum)
            .Real("maximum", maximum)
            .MayReuse(output, input);

    private static (string Kernel, string Method, (string Name, float Value)[] Arguments)? Method(Node node) => node.OpType switch
    {
        "Relu" or "Sigmoid" or "Tanh" or "HardSwish" or "Exp" or "Log" or "Sqrt" or "Reciprocal" or "Neg" or "Abs" or "Erf" =>
            ("Float32Unary", node.OpType, []),
        "LeakyRelu" => ("Float32Unary", "LeakyRelu", [("alpha", node.Float("alpha", 0.01f))]),
        "HardSigmoid" => ("Float32Unary", "HardSigmoid", [("alpha", node.Float("alpha", 0.2f)), ("beta", node.Float("beta", 0.5f))]),
        "Elu" => ("Float32Unary", "Elu", [("alpha", node.Float("alpha", 1f))]),
        "Ceil" or "Floor" or "Round" or "Sign" => ("Float32Rounding", node.OpType, []),
        "Sin" or "Cos" => ("Float32Trigonometry", node.OpType, []),
        "Softplus" or "Softsign" or "Mish" => ("Float32Activation", node.OpType, []),
        "Celu" => ("Float32Activation", "Celu", [("alpha", node.Float("alpha", 1f))]),
        "Swish" => ("Float32Activation", "Swish", [("alpha", node.Float("alpha", 1f))]),
        "ThresholdedRelu" => ("Float32Activation", "ThresholdedRelu", [("alpha", node.Float("alpha", 1f))]),
        "Selu" => ("Float32Activation", "Selu",
            [("alpha", node.Float("alpha", 1.67326319217681884765625f)), ("gamma", node.Float("gamma", 1.05070102214813232421875f))]),
        "Gelu" => node.Text("approximate", "none") == "tanh"
            ? ("Float32Activation", "GeluTanh", [("scale", SquareRootOfTwoOverPi), ("cubic", 0.044715f)])
            : ("Float32Activation", "Gelu", []),
        _ => null,
    };
}
