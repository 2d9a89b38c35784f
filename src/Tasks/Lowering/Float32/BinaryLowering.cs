using OptimizerBuild.Graphs;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>Elementwise arithmetic of two values, or of any number for Max, Min, Sum and Mean.</summary>
[Lowers(LoweringForm.Native, "Add")]
[Lowers(LoweringForm.Native, "Sub")]
[Lowers(LoweringForm.Native, "Mul")]
[Lowers(LoweringForm.Native, "Div")]
[Lowers(LoweringForm.Native, "Max")]
[Lowers(LoweringForm.Native, "Min")]
[Lowers(LoweringForm.Native, "Pow")]
[Lowers(LoweringForm.Native, "PRelu")]
[Lowers(LoweringForm.Native, "Sum")]
[Lowers(LoweringForm.Native, "Mean")]
internal sealed class BinaryLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage[] inputs = [.. node.Inputs.Select(i => context.Read(node, i))];
        if (inputs.Length == 1)
        {
            context.Alias(node.Outputs[0], inputs[0]);
            return;
        }
        Storage output = context.Create(node.Outputs[0]);
        if (node.OpType == "Mean")
            Mean(context, node, inputs, output);
        else
            Emit(context, node, node.OpType == "Sum" ? "Add" : node.OpType, inputs, output, FusedBounds.Of(node));
    }

    /// <summary>Emits an operation on given operands.</summary>
    public static void Emit(LoweringContext context, Node node, string opType, Storage[] inputs, Storage output, FusedBounds bounds)
    {
        if (output.Count == 0)
            return;
        if (opType == "PRelu" && output.Element != ElementType.Float32)
        {
            PReluOfOtherTypes(context, node, inputs[0], inputs[1], output);
            return;
        }
        if (opType == "Pow")
            inputs = [inputs[0], Exponent(context, node, inputs[1], output.Element)];
        Storage left = inputs[0];
        for (int i = 1; i < inputs.Length; i++)
        {
            bool last = i == inputs.Length - 1;
            Storage target = last
                ? output
                : context.CreateScratch(node, output.Element, Shapes.Broadcast(left.Dimensions.AsSpan(), inputs[i].Dimensions.AsSpan()));
            context.Binary(node, opType, left, inputs[i], target, last ? bounds : FusedBounds.None);
            left = target;
        }
    }

    // The exponent in the base's type. A real exponent of an integer base is converted towards zero, which is exact for the
    // whole numbers that such models use.
    private static Storage Exponent(LoweringContext context, Node node, Storage exponent, ElementType type)
    {
        if (exponent.Element == type)
            return exponent;
        Storage dense = context.Dense(node, exponent);
        Storage converted = context.CreateScratch(node, type, dense.Dimensions.AsSpan());
        context.Cast(node, dense, converted);
        return converted;
    }

    private static void Mean(LoweringContext context, Node node, Storage[] inputs, Storage output)
    {
        Storage sum = context.CreateScratch(node, output.Element, output.Dimensions.AsSpan());
        Emit(context, node, "Add", inputs, sum, FusedBounds.None);
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
