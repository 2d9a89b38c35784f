using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Linear;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>The product of two matrices with factors, transpositions and an addend.</summary>
[Lowers(LoweringForm.Native, typeof(GemmOperator))]
internal sealed class GemmLowering : ProductLowering
{
    /// <inheritdoc/>
    protected override void Multiply(LoweringContext context, Node node, Storage output)
    {
        float alpha = GemmOperator.Alpha(node);
        float beta = node.HasInput(2) ? GemmOperator.Beta(node) : 0f;
        bool transposed = GemmOperator.TransposesB(node);
        Storage a = context.Read(node, RowsOf(context, node));
        a = context.ToFloat32(node, context.Dense(node, GemmOperator.TransposesA(node) ? a.Permuted(1, 0) : a));
        int rows = output.Dimensions[0];
        int columns = output.Dimensions[1];
        int inner = a.Dimensions[1];
        Tensor? c = node.HasInput(2) ? context.Graph.Constant(node.Inputs[2]) : null;
        // An addend that is the same for all rows is the dense layer's bias; else it is added afterwards.
        float[]? bias = beta == 0f ? new float[columns] : c is null ? null : RowBias(c, columns, beta);
        FusedBounds bounds = FusedBounds.Of(node);
        Storage product = bias is null ? context.CreateScratch(node, ElementType.Float32, rows, columns) : output;
        FusedBounds productBounds = bias is null ? FusedBounds.None : bounds;
        if (context.Graph.Constant(node.Inputs[1]) is { Element: ElementType.Float32 } w)
        {
            float[] values = w.Values<float>();
            Dense(context, node, a, product, rows, inner, columns, bias ?? new float[columns], productBounds, (o, k) =>
                values[transposed ? (o * inner) + k : (k * columns) + o] * alpha);
        }
        else
        {
            Storage b = context.Read(node, node.Inputs[1]);
            b = context.ToFloat32(node, context.Dense(node, transposed ? b.Permuted(1, 0) : b));
            // What comes after the product keeps it from being bounded yet.
            bool plain = bias is not null && bias.All(v => v == 0f);
            Storage sums = plain || bias is null ? product : context.CreateScratch(node, ElementType.Float32, rows, columns);
            FusedBounds sumBounds = plain ? bounds : FusedBounds.None;
            Storage raw = alpha == 1f ? sums : context.CreateScratch(node, ElementType.Float32, rows, columns);
            Product(context, node, a, b, raw, rows, inner, columns, alpha == 1f ? sumBounds : FusedBounds.None, [], [], []);
            if (alpha != 1f)
                context.Binary(node, "Mul", raw, context.Constant([alpha]), sums, sumBounds);
            if (!plain && bias is not null)
                context.Binary(node, "Add", sums, context.Constant(bias, columns), output, bounds);
        }
        if (bias is not null)
            return;
        Storage addend = context.ReadFloat32(node, node.Inputs[2]);
        if (beta != 1f)
        {
            Storage scaled = context.CreateScratch(node, ElementType.Float32, addend.Dimensions.AsSpan());
            context.Step("Float32Unary", "Affine", node, "β · C")
                .Operand("input", addend)
                .Write("output", scaled)
                .Int("count", scaled.Count)
                .Real("scale", beta)
                .Real("shift", 0f);
            addend = scaled;
        }
        context.Binary(node, "Add", product, addend, output, bounds);
    }

    private static float[]? RowBias(Tensor c, int columns, float beta)
    {
        if (c.Element != ElementType.Float32 || (c.Count != 1 && (c.Count != columns || c.Dimensions[^1] != columns)))
            return null;
        float[] values = c.Values<float>();
        return [.. Enumerable.Range(0, columns).Select(i => values[c.Count == 1 ? 0 : i] * beta)];
    }
}
