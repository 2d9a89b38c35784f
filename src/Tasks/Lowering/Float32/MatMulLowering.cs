using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Linear;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>The product of two tensors of matrices, whose batches broadcast.</summary>
[Lowers(LoweringForm.Native, typeof(MatMulOperator))]
internal sealed class MatMulLowering : ProductLowering
{
    /// <inheritdoc/>
    protected override void Multiply(LoweringContext context, Node node, Storage output)
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
        Product(context, node, a, b, output, rows, inner, columns, FusedBounds.Of(node), batch, aStrides, bStrides);
    }

    private static int[] Bytes(int[] matrixStrides, int matrix) => Array.ConvertAll(matrixStrides, s => s * matrix * sizeof(float));
}
