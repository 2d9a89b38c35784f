using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Linear;

/// <summary>alpha·A'·B' + beta·C with optional transpositions (ONNX operator Gemm).</summary>
[Operator("Gemm")]
internal sealed class GemmOperator : Operator
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        (TensorType a, TensorType b) = (context.Type(0), context.Type(1));
        if (a.Rank != 2 || b.Rank != 2 || a.Element != b.Element || !a.Element.IsNumeric())
            throw context.Invalid($"its inputs are {a} and {b} instead of two matrices of one type");
        (int m, int n, int k, int kOfB) = Sizes(context.Node, a, b);
        if (k != kOfB)
            throw context.Invalid($"the inner dimensions of {a} and {b} differ");
        TensorType type = TensorType.Of(a.Element, m, n);
        if (context.Has(2))
        {
            TensorType c = context.Type(2);
            if (c.Element != a.Element || Shapes.Broadcast(c.Dimensions.AsSpan(), type.Dimensions.AsSpan()) is not { } both
                || !both.AsSpan().SequenceEqual(type.Dimensions.AsSpan()))
                throw context.Invalid($"its addend {c} does not broadcast to {type}");
        }
        FusedActivation.Check(context);
        return [type];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        TensorType type = context.OutputTypes[0];
        Tensor a = inputs[0]!, b = inputs[1]!;
        Tensor? c = inputs.Count > 2 ? inputs[2] : null;
        float[] x = FloatTensor.Values(a), w = FloatTensor.Values(b);
        (int m, int n, int k, _) = Sizes(context.Node, a.Type, b.Type);
        float alpha = context.Node.Float("alpha", 1), beta = context.Node.Float("beta", 1);
        var y = new float[m * n];
        if (c is not null && beta != 0)
        {
            y = (float[])FloatTensor.Values(TensorMove.Expand(c, type.Dimensions.AsSpan())).Clone();
            if (beta != 1)
                TensorPrimitives.Multiply(y, beta, y);
        }
        if (alpha != 1)
            x = Array.ConvertAll(x, v => v * alpha);
        bool transA = context.Node.Int("transA", 0) != 0, transB = context.Node.Int("transB", 0) != 0;
        MatrixProduct.Accumulate(m, n, k, x, transA ? 1 : k, transA ? m : 1, w, transB ? 1 : n, transB ? k : 1, y, n);
        return [FusedActivation.Apply(context.Node, FloatTensor.Of(type, y))];
    }

    /// <inheritdoc/>
    public override long MultiplyAccumulates(OperatorContext context)
    {
        (int m, int n, int k, _) = Sizes(context.Node, context.Type(0), context.Type(1));
        return (long)m * n * k;
    }

    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) =>
        context.Type(0).Element == ElementType.Float32 && context.InputConstants[0] is null && context.InputConstants[1] is not null
            && (!context.Has(2) || context.InputConstants[2] is not null)
            ? Operators.IntegerForm.DotProduct
            : Operators.IntegerForm.None;

    private static (int M, int N, int K, int KOfB) Sizes(Node node, TensorType a, TensorType b)
    {
        bool transA = node.Int("transA", 0) != 0, transB = node.Int("transB", 0) != 0;
        return (a.Dimensions[transA ? 1 : 0], b.Dimensions[transB ? 0 : 1], a.Dimensions[transA ? 0 : 1], b.Dimensions[transB ? 1 : 0]);
    }
}
