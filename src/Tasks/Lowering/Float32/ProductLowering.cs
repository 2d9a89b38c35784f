using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering.Weights;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Linear;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>
/// Matrix products: Gemm and MatMul. A constant second matrix is packed and makes a dense layer; otherwise both are multiplied as
/// they are. Real types other than float32 are computed in float32.
/// </summary>
[Lowers(LoweringForm.Native, typeof(MatMulOperator))]
[Lowers(LoweringForm.Native, typeof(GemmOperator))]
internal sealed class ProductLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        if (!context.Graph.TypeOf(node.Inputs[0]).Element.IsFloat())
            throw LoweringContext.NoKernel(node, $"products of {context.Graph.TypeOf(node.Inputs[0]).Element} are not supported");
        context.CreateFloat32(node, node.Outputs[0], output =>
        {
            if (output.Count == 0)
                return;
            if (node.Is<GemmOperator>())
                Gemm(context, node, output);
            else
                MatMul(context, node, output);
        });
    }

    private static void Gemm(LoweringContext context, Node node, Storage output)
    {
        float alpha = GemmOperator.Alpha(node);
        float beta = node.HasInput(2) ? GemmOperator.Beta(node) : 0f;
        bool transposed = GemmOperator.TransposesB(node);
        Storage a = context.Read(node, node.Inputs[0]);
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
            Multiply(context, node, a, b, raw, rows, inner, columns, alpha == 1f ? sumBounds : FusedBounds.None, [], [], []);
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

    private static void MatMul(LoweringContext context, Node node, Storage output)
    {
        Storage a = context.ReadFloat32(node, node.Inputs[0]);
        Tensor? constant = context.Graph.Constant(node.Inputs[1]);
        int inner = a.Dimensions[^1];
        if (constant is { Element: ElementType.Float32, Rank: 1 or 2 })
        {
            int outputs = constant.Rank == 2 ? constant.Dimensions[1] : 1;
            float[] values = constant.Values<float>();
            Dense(context, node, a, output, output.Count / outputs, inner, outputs, new float[outputs], FusedBounds.Of(node), (o, k) =>
                values[(k * outputs) + o]);
            return;
        }

        // Vectors are matrices of one row or one column.
        Storage b = context.ReadFloat32(node, node.Inputs[1]);
        if (a.Dimensions.Length == 1)
            a = a.TryReshape([1, inner])!;
        if (b.Dimensions.Length == 1)
            b = b.TryReshape([inner, 1])!;
        ImmutableArray<int> batchA = a.Dimensions[..^2];
        ImmutableArray<int> batchB = b.Dimensions[..^2];
        int[] batch = Shapes.Broadcast(batchA.AsSpan(), batchB.AsSpan())!;
        int rows = a.Dimensions[^2];
        int columns = b.Dimensions[^1];
        int[] aStrides = Bytes(Shapes.BroadcastStrides(batchA.AsSpan(), batch), rows * inner);
        int[] bStrides = Bytes(Shapes.BroadcastStrides(batchB.AsSpan(), batch), inner * columns);
        Multiply(context, node, a, b, output, rows, inner, columns, FusedBounds.Of(node), batch, aStrides, bStrides);
    }

    private static int[] Bytes(int[] matrixStrides, int matrix) => Array.ConvertAll(matrixStrides, s => s * matrix * sizeof(float));

    private static void Dense(
        LoweringContext context,
        Node node,
        Storage input,
        Storage output,
        int rows,
        int inputs,
        int outputs,
        float[] bias,
        FusedBounds bounds,
        Func<int, int, float> weight)
    {
        var matrix = new float[checked(outputs * inputs)];
        for (int o = 0; o < outputs; o++)
            for (int k = 0; k < inputs; k++)
                matrix[(o * inputs) + k] = weight(o, k);
        Storage weights = context.Layer(node, LayerShape.OfRows(outputs, inputs), matrix);
        float[] biases = DenseFloat32.Biases(1, outputs, bias);
        LoweredStep step = context.Step(
            "Float32Dense", "Run", node, $"{node.OpType} {rows}×{inputs} → {rows}×{outputs}", context.Macs(node))
            .Operand("input", input)
            .Operand("weights", weights)
            .Operand("bias", context.Constant(biases, biases.Length))
            .Write("output", output)
            .Int("rows", rows)
            .Int("inputs", inputs)
            .Int("outputs", outputs);
        bounds.AddTo(step);
    }

    private static void Multiply(
        LoweringContext context,
        Node node,
        Storage a,
        Storage b,
        Storage output,
        int rows,
        int inner,
        int columns,
        FusedBounds bounds,
        int[] batch,
        int[] aStrides,
        int[] bStrides)
    {
        LoweredStep step = context.Step("Float32MatMul", "Run", node, $"{NativeSteps.Text(a)} · {NativeSteps.Text(b)}", context.Macs(node))
            .Operand("a", a)
            .Operand("b", b)
            .Write("output", output)
            .Int("rows", rows)
            .Int("inner", inner)
            .Int("columns", columns);
        bounds.AddTo(step).Ints("batch", batch).Ints("aStrides", aStrides).Ints("bStrides", bStrides);
    }
}
