using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Reduction;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>
/// Rows brought to mean square 1, perhaps to mean 0 before, then scaled and shifted. Where the input is a view whose rows do not lie side
/// by side (the normalised axis was moved to the end by a transposition), it is normalised as it lies, and so is the output laid out.
/// </summary>
[Lowers(LoweringForm.Native, typeof(RowNormalizationOperator))]
internal sealed class LayerNormalizationLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage input = context.Read(node, node.Inputs[0]);
        int rank = input.Dimensions.Length;
        int axis = Shapes.Axis(RowNormalizationOperator.Axis(node), rank);
        if (input.Count == 0)
        {
            context.Create(node.Outputs[0]);
            return;
        }
        ReadOnlySpan<int> rowShape = input.Dimensions.AsSpan()[axis..];
        int length = Shapes.Count(rowShape);
        Storage scale = Row(context, node, 1, rowShape, length);
        Storage bias = node.HasInput(2) ? Row(context, node, 2, rowShape, length) : context.Constant(new float[length], length);
        bool statistics = HasOutput(node, 1) || HasOutput(node, 2);
        if (!statistics && axis == rank - 1 && input.Element == ElementType.Float32
            && context.Graph.TypeOf(node.Outputs[0]).Element == ElementType.Float32 && input.OrderInMemory() is { } order)
        {
            int place = Array.IndexOf(order, axis);
            Storage lying = input.Permuted(order);
            Emit(context, node, lying, scale, bias, context.CreateInOrder(node, node.Outputs[0], order),
                Shapes.Count(lying.Dimensions.AsSpan()[..place]), length, Shapes.Count(lying.Dimensions.AsSpan()[(place + 1)..]));
            return;
        }
        Storage x = context.ToFloat32(node, context.Dense(node, input));
        int rows = Shapes.Count(input.Dimensions.AsSpan()[..axis]);
        context.CreateFloat32(node, node.Outputs[0], output =>
        {
            if (!statistics)
            {
                Emit(context, node, x, scale, bias, output, rows, length, 1);
                return;
            }
            Storage mean = Statistics(context, node, 1, rows);
            Storage inverse = Statistics(context, node, 2, rows);
            context.Step("Float32LayerNormalization", "WithStatistics", node, $"{rows} rows of {length}")
                .Operand("input", x)
                .Operand("scale", scale)
                .Operand("bias", bias)
                .Write("output", output)
                .Write("mean", mean)
                .Write("inverse", inverse)
                .Int("rows", rows)
                .Int("length", length)
                .Real("epsilon", INormalisation.Epsilon(node));
        });
    }

    private static void Emit(
        LoweringContext context, Node node, Storage input, Storage scale, Storage bias, Storage output, int outer, int length, int inner) =>
        context.Step("Float32LayerNormalization", "Run", node, $"{outer * inner} rows of {length}{(inner > 1 ? " side by side" : "")}")
            .Operand("input", input)
            .Operand("scale", scale)
            .Operand("bias", bias)
            .Write("output", output)
            .Int("outer", outer)
            .Int("length", length)
            .Int("inner", inner)
            .Real("epsilon", INormalisation.Epsilon(node))
            .Int("centred", node.As<RowNormalizationOperator>()!.IsCentred ? 1 : 0)
            .MayReuse(output, input);

    // A parameter for each element of a row; the kernel reads as many, so that one which holds for several is repeated.
    private static Storage Row(LoweringContext context, Node node, int input, ReadOnlySpan<int> shape, int length) =>
        context.Reshaped(node, context.Dense(node, context.ReadFloat32(node, node.Inputs[input]).Broadcast([.. shape])), [length]);

    // The means and the inverse deviations are optional outputs.
    private static Storage Statistics(LoweringContext context, Node node, int output, int rows) =>
        HasOutput(node, output)
            ? context.Create(node.Outputs[output]).TryReshape([rows, 1])!
            : context.CreateScratch(node, ElementType.Float32, rows, 1);

    private static bool HasOutput(Node node, int output) => node.Outputs.Length > output && node.Outputs[output].Length > 0;
}
