using OptimizerBuild.Graphs;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>Rows brought to mean 0 and variance 1, then scaled and shifted, by reductions and elementwise steps.</summary>
[Lowers(LoweringForm.Native, "LayerNormalization")]
internal sealed class LayerNormalizationLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage input = context.ReadFloat32(node, node.Inputs[0]);
        int axis = Shapes.Axis(node.Int("axis", -1), input.Dimensions.Length);
        int rows = Shapes.Count(input.Dimensions.AsSpan()[..axis]);
        int length = Shapes.Count(input.Dimensions.AsSpan()[axis..]);
        ReadOnlySpan<int> rowShape = input.Dimensions.AsSpan()[axis..];
        Storage scale = Row(context, node, 1, rowShape, length);
        Storage? bias = node.HasInput(2) ? Row(context, node, 2, rowShape, length) : null;
        Storage x = input.TryReshape([rows, length])!;

        Storage mean = Statistics(context, node, 1, rows);
        Reduce(context, node, x, mean);
        Storage centred = context.CreateScratch(node, ElementType.Float32, rows, length);
        context.Binary(node, "Sub", x, mean, centred, FusedBounds.None);
        Storage squares = context.CreateScratch(node, ElementType.Float32, rows, length);
        context.Binary(node, "Mul", centred, centred, squares, FusedBounds.None);
        Storage variance = context.CreateScratch(node, ElementType.Float32, rows, 1);
        Reduce(context, node, squares, variance);
        Storage shifted = context.CreateScratch(node, ElementType.Float32, rows, 1);
        context.Step("Float32Unary", "Affine", node, "variance + ε")
            .Operand("input", variance)
            .Write("output", shifted)
            .Int("count", rows)
            .Real("scale", 1f)
            .Real("shift", node.Float("epsilon", 1e-5f));
        Storage deviation = context.CreateScratch(node, ElementType.Float32, rows, 1);
        UnaryFunctions.Emit(context, node, new Node(node.Name, "Sqrt", [], []), shifted, deviation);
        Storage inverse = Statistics(context, node, 2, rows);
        UnaryFunctions.Emit(context, node, new Node(node.Name, "Reciprocal", [], []), deviation, inverse);

        context.CreateFloat32(node, node.Outputs[0], output =>
        {
            Storage result = output.TryReshape([rows, length])!;
            Storage normal = context.CreateScratch(node, ElementType.Float32, rows, length);
            context.Binary(node, "Mul", centred, inverse, normal, FusedBounds.None);
            Storage scaled = bias is null ? result : context.CreateScratch(node, ElementType.Float32, rows, length);
            context.Binary(node, "Mul", normal, scale, scaled, FusedBounds.None);
            if (bias is not null)
                context.Binary(node, "Add", scaled, bias, result, FusedBounds.None);
        });
    }

    // A parameter for each element of a row.
    private static Storage Row(LoweringContext context, Node node, int input, ReadOnlySpan<int> shape, int length) =>
        context.Reshaped(node, context.ReadFloat32(node, node.Inputs[input]).Broadcast([.. shape]), [length]);

    // The means and the inverse deviations are optional outputs.
    private static Storage Statistics(LoweringContext context, Node node, int output, int rows) =>
        node.Outputs.Length > output && node.Outputs[output].Length > 0
            ? context.Create(node.Outputs[output]).TryReshape([rows, 1])!
            : context.CreateScratch(node, ElementType.Float32, rows, 1);

    private static void Reduce(LoweringContext context, Node node, Storage from, Storage to) =>
        context.Step("Float32Reduce", "Mean", node, $"mean of {from.Dimensions[0]} rows of {from.Dimensions[1]}")
            .Operand("input", from)
            .Write("output", to)
            .Int("outer", from.Dimensions[0])
            .Int("reduced", from.Dimensions[1])
            .Int("inner", 1);
}
