using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>Emits the float32 kernels of functions of one value.</summary>
internal static class UnaryFunctions
{
    /// <summary>Emits the function from one dense float32 storage to another of the same shape, which may be the same.</summary>
    /// <param name="context">Where the steps go.</param>
    /// <param name="owner">The node they belong to.</param>
    /// <param name="function">The node that holds the function's attributes; the owner itself or a part of its body.</param>
    /// <param name="input">The input.</param>
    /// <param name="output">The output.</param>
    public static void Emit(LoweringContext context, Node owner, Node function, Storage input, Storage output)
    {
        KernelCall kernel = function.As<ElementwiseFunction>()?.Kernel(function)
            ?? throw LoweringContext.NoKernel(owner, $"there is no float32 kernel for {function.OpType}");
        LoweredStep step = context.Step(kernel.Kernel, kernel.Method, owner, $"{function.OpType} {NativeSteps.Text(input)}")
            .Operand("input", input)
            .Write("output", output)
            .Int("count", output.Count);
        foreach ((string name, float value) in kernel.Arguments)
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
}
