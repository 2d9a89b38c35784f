using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>Elementwise arithmetic of two values, or of any number for Max, Min, Sum and Mean.</summary>
[Lowers(LoweringForm.Native, typeof(IFunctionOfTwoValues))]
[Lowers(LoweringForm.Native, typeof(VariadicArithmetic))]
internal sealed class BinaryLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        if (PowerOf(node, name => context.Graph.Constant(name)) is { } exponent
            && context.Graph.TypeOf(node.Inputs[0]) == context.Graph.TypeOf(node.Outputs[0])
            && context.Graph.TypeOf(node.Inputs[0]).Element == ElementType.Float32)
        {
            Storage x = context.Read(node, node.Inputs[0]);
            ConstantPowers.Emit(context, node, x, exponent, context.Create(node.Outputs[0]));
            return;
        }
        Storage[] inputs = [.. node.Inputs.Select(i => context.Read(node, i))];
        if (inputs.Length == 1)
        {
            context.Alias(node.Outputs[0], inputs[0]);
            return;
        }
        Storage output = context.Create(node.Outputs[0]);
        if (node.Is<MeanOperator>())
            Mean(context, node, inputs, output);
        else
            Emit(context, node, node, inputs, output, FusedBounds.Of(node));
    }

    /// <summary>The exponent of a power that needs no kernel of its own; null for other operations.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="constant">The constant of a name; null where the name is none of a constant.</param>
    public static double? PowerOf(Node operation, Func<string, Tensor?> constant) =>
        operation.Is<PowOperator>() ? ConstantPowers.Of(operation, constant(operation.Inputs[1])) : null;

    /// <summary>Emits an operation on given operands.</summary>
    /// <param name="context">Where the steps go.</param>
    /// <param name="node">The node they belong to.</param>
    /// <param name="operation">The node of the operation; the owner itself or a part of its body.</param>
    /// <param name="inputs">The operands.</param>
    /// <param name="output">The output.</param>
    /// <param name="bounds">The fused activation's bounds.</param>
    public static void Emit(LoweringContext context, Node node, Node operation, Storage[] inputs, Storage output, FusedBounds bounds)
    {
        if (output.Count == 0)
            return;
        if (operation.Is<PReluOperator>() && output.Element != ElementType.Float32)
        {
            PReluOfOtherTypes(context, node, inputs[0], inputs[1], output);
            return;
        }
        if (operation.Is<PowOperator>() && inputs[1].Element != output.Element)
        {
            if (IsWider(inputs[1].Element, output.Element))
            {
                Power(context, node, inputs[0], inputs[1], output, ElementType.Float64);
                return;
            }
            if (!inputs[1].Element.IsFloat() && !output.Element.IsFloat())
            {
                Power(context, node, inputs[0], inputs[1], output, ElementType.Int64);
                return;
            }
            inputs = [inputs[0], Converted(context, node, inputs[1], output.Element)];
        }
        Combine(context, node, Method(operation), inputs, output, bounds);
    }

    private static string Method(Node operation) =>
        operation.As<IFunctionOfTwoValues>()?.KernelMethodOf(operation) ?? operation.As<VariadicArithmetic>()!.KernelMethod;

    private static void Combine(LoweringContext context, Node node, string method, Storage[] inputs, Storage output, FusedBounds bounds)
    {
        Storage left = inputs[0];
        for (int i = 1; i < inputs.Length; i++)
        {
            bool last = i == inputs.Length - 1;
            Storage target = last
                ? output
                : context.CreateScratch(node, output.Element, Shapes.Broadcast(left.Dimensions.AsSpan(), inputs[i].Dimensions.AsSpan()));
            context.Binary(node, method, left, inputs[i], target, last ? bounds : FusedBounds.None);
            left = target;
        }
    }

    // Whether a real exponent has more places than the base's type holds.
    private static bool IsWider(ElementType exponent, ElementType to) =>
        exponent.IsFloat() && (!to.IsFloat() || exponent.Size() > to.Size());

    // As the operator says: the power in a type that holds base and exponent, converted to the base's type once. Of an exponent in the
    // base's
    // type there may be nothing left: −1 has no place among unsigned numbers, 300 none among bytes.
    private static void Power(
        LoweringContext context, Node node, Storage x, Storage exponent, Storage output, ElementType computed)
    {
        Storage power = computed == output.Element ? output : context.CreateScratch(node, computed, output.Dimensions.AsSpan());
        context.Binary(node, "Pow", Converted(context, node, x, computed), Converted(context, node, exponent, computed),
            power, FusedBounds.None);
        if (computed != output.Element)
            context.Cast(node, power, output);
    }

    private static Storage Converted(LoweringContext context, Node node, Storage operand, ElementType type)
    {
        if (operand.Element == type)
            return operand;
        Storage dense = context.Dense(node, operand);
        Storage converted = context.CreateScratch(node, type, dense.Dimensions.AsSpan());
        context.Cast(node, dense, converted);
        return converted;
    }

    private static void Mean(LoweringContext context, Node node, Storage[] inputs, Storage output)
    {
        Storage sum = context.CreateScratch(node, output.Element, output.Dimensions.AsSpan());
        Combine(context, node, Method(node), inputs, sum, FusedBounds.None);
        Storage count = context.Constant([inputs.Length]);
        if (output.Element != ElementType.Float32)
        {
            Storage converted = context.CreateScratch(node, output.Element);
            context.Cast(node, count, converted);
            count = converted;
        }
        context.Binary(node, "Div", sum, count, output, FusedBounds.None);
    }

    // max(x, 0) + slope · min(x, 0)
    private static void PReluOfOtherTypes(LoweringContext context, Node node, Storage x, Storage slope, Storage output)
    {
        Storage zero = context.CreateScratch(node, output.Element);
        context.Fill(node, zero, 0, "zero");
        Storage positive = context.CreateScratch(node, output.Element, output.Dimensions.AsSpan());
        context.Binary(node, "Max", x, zero, positive, FusedBounds.None);
        Storage negative = context.CreateScratch(node, output.Element, output.Dimensions.AsSpan());
        context.Binary(node, "Min", x, zero, negative, FusedBounds.None);
        Storage scaled = context.CreateScratch(node, output.Element, output.Dimensions.AsSpan());
        context.Binary(node, "Mul", negative, slope, scaled, FusedBounds.None);
        context.Binary(node, "Add", positive, scaled, output, FusedBounds.None);
    }
}
