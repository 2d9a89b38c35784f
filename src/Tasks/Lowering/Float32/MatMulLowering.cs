using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Linear;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>The product of two tensors of matrices, whose batches broadcast.</summary>
[Lowers(LoweringForm.Native, typeof(MatMulOperator))]
internal sealed class MatMulLowering : ProductLowering
{
    /// <inheritdoc/>
    protected override void Multiply(LoweringContext context, Node node, Storage output)
    {
        Storage a = context.ReadFloat32(node, RowsOf(context, node));
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

        Storage b = context.ReadFloat32(node, node.Inputs[1]);
        var batches = new Batches(a, b);
        Product(context, node, batches.A, batches.B, output, batches.Rows, inner, batches.Columns, FusedBounds.Of(node), batches.Extents,
            batches.AStrides, batches.BStrides);
    }

    /// <inheritdoc/>
    protected override void MultiplyIntegers(LoweringContext context, Node node)
    {
        Storage a = context.Dense(node, context.Read(node, node.Inputs[0])), b = context.Dense(node, context.Read(node, node.Inputs[1]));
        Storage output = context.Create(node.Outputs[0]);
        if (output.Count == 0)
            return;
        var batches = new Batches(a, b);
        context.Step(nameof(NumericMatMul), nameof(NumericMatMul.Run), node, $"{NativeSteps.Text(a)} · {NativeSteps.Text(b)}",
                context.Macs(node))
            .Operand("a", batches.A)
            .Operand("b", batches.B)
            .Write("output", output)
            .Int("elementType", (int)output.Element)
            .Int("rows", batches.Rows)
            .Int("inner", batches.A.Dimensions[^1])
            .Int("columns", batches.Columns)
            .Ints("batch", batches.Extents)
            .Ints("aStrides", batches.AStrides)
            .Ints("bStrides", batches.BStrides);
    }

    /// <summary>Two tensors of matrices, whose batches broadcast; vectors are matrices of one row or one column.</summary>
    private sealed class Batches
    {
        public Batches(Storage a, Storage b)
        {
            A = a.Dimensions.Length == 1 ? a.TryReshape([1, a.Dimensions[0]])! : a;
            B = b.Dimensions.Length == 1 ? b.TryReshape([b.Dimensions[0], 1])! : b;
            ImmutableArray<int> batchA = A.Dimensions[..^2], batchB = B.Dimensions[..^2];
            Extents = Shapes.Broadcast(batchA.AsSpan(), batchB.AsSpan())!;
            AStrides = Bytes(batchA, A);
            BStrides = Bytes(batchB, B);
        }

        public Storage A { get; }

        public Storage B { get; }

        public int Rows => A.Dimensions[^2];

        public int Columns => B.Dimensions[^1];

        public int[] Extents { get; }

        public int[] AStrides { get; }

        public int[] BStrides { get; }

        private int[] Bytes(ImmutableArray<int> batch, Storage of) => Array.ConvertAll(
            Shapes.BroadcastStrides(batch.AsSpan(), Extents), s => s * of.Dimensions[^2] * of.Dimensions[^1] * of.ElementSize);
    }
}
