using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Linear;

/// <summary>
/// Matrix product as NumPy's matmul defines it: batches broadcast, vectors count as rows or columns (ONNX operator MatMul).
/// </summary>
[Operator("MatMul")]
[Input(0, "A", Elements.Numbers, Variable = "T")]
[Input(1, "B", Elements.Numbers, Variable = "T")]
[Output(0, "Y")]
internal sealed class MatMulOperator : Operator, IMatrixProduct, IKeepsExtent, IPassesChannels, ITrainingForward
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        (TensorType a, TensorType b) = (context.Type(0), context.Type(1));
        if (a.Rank == 0 || b.Rank == 0)
            throw context.Invalid($"its inputs are {a} and {b} instead of matrices");
        Problem problem = Describe(context, a, b);
        FusedActivation.Check(context);
        var shape = new List<int>(problem.Batch);
        if (a.Rank > 1)
            shape.Add(problem.M);
        if (b.Rank > 1)
            shape.Add(problem.N);
        return [TensorType.Of(a.Element, [.. shape])];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        Tensor a = inputs[0]!, b = inputs[1]!;
        Problem problem = Describe(context, a.Type, b.Type);
        return [FusedActivation.Apply(context.Node, a.Element is ElementType.Float32 or ElementType.Float16
            ? FloatProduct(context.OutputTypes[0], problem, FloatTensor.Values(a), FloatTensor.Values(b))
            : NumericDispatch.Run<Code, Tensor>(a.Element, new Code(context.OutputTypes[0], problem, a, b)))];
    }

    /// <inheritdoc/>
    public override long MultiplyAccumulates(OperatorContext context)
    {
        Problem problem = Describe(context, context.Type(0), context.Type(1));
        return (long)Shapes.Count(problem.Batch) * problem.M * problem.N * problem.K;
    }

    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) =>
        context.Type(0).Element != ElementType.Float32 || context.InputConstants[0] is not null ? Operators.IntegerForm.None
            : context.InputConstants[1] is { Rank: 2 } ? Operators.IntegerForm.DotProduct
            : context.InputConstants[1] is null && context.Type(0).Rank > 1 && context.Type(1).Rank > 1 ? Operators.IntegerForm.Product
            : Operators.IntegerForm.None;

    /// <inheritdoc/>
    public override int Operands(Node node) => 2;

    /// <inheritdoc/>
    /// <remarks>Of numbers: what is infinite would become none.</remarks>
    public override bool IsIdentity(OperatorContext context) => IdentityMatrix.Is(context.InputConstants[1]);

    private static Tensor FloatProduct(TensorType type, Problem p, float[] a, float[] b)
    {
        var y = new float[type.Count];
        if (p.IsOneProduct)
        {
            MatrixProduct.Accumulate(Shapes.Count(p.Batch) * p.M, p.N, p.K, a, p.K, 1, b, p.N, 1, y, p.N);
            return FloatTensor.Of(type, y);
        }
        foreach ((int i, int x, int w) in p.Batches())
            MatrixProduct.Accumulate(p.M, p.N, p.K, a.AsSpan(x), p.K, 1, b.AsSpan(w), p.N, 1, y.AsSpan(i * p.M * p.N), p.N);
        return FloatTensor.Of(type, y);
    }

    private static Problem Describe(OperatorContext context, TensorType a, TensorType b)
    {
        int[] batchA = [.. a.Dimensions.Take(Math.Max(0, a.Rank - 2))];
        int[] batchB = [.. b.Dimensions.Take(Math.Max(0, b.Rank - 2))];
        int k = a.Dimensions[^1];
        if (k != (b.Rank == 1 ? b.Dimensions[0] : b.Dimensions[^2]) || Shapes.Broadcast(batchA, batchB) is not { } batch)
            throw context.Invalid($"{a} and {b} cannot be multiplied");
        return new(a.Rank == 1 ? 1 : a.Dimensions[^2], b.Rank == 1 ? 1 : b.Dimensions[^1], k, batchA, batchB, batch);
    }

    private sealed record Problem(int M, int N, int K, int[] BatchOfA, int[] BatchOfB, int[] Batch)
    {
        // One matrix for the whole batch: the batch's rows are rows of one large product.
        public bool IsOneProduct =>
            BatchOfB.All(d => d == 1) && Shapes.Count(Batch) > 1 && BatchOfA.AsSpan().SequenceEqual(Batch);

        // Each product's index with the places of its two factors.
        public IEnumerable<(int Index, int A, int B)> Batches()
        {
            int[] stepsA = Shapes.BroadcastStrides(BatchOfA, Batch), stepsB = Shapes.BroadcastStrides(BatchOfB, Batch);
            int count = Shapes.Count(Batch);
            for (int i = 0; i < count; i++)
            {
                int rest = i, x = 0, w = 0;
                for (int d = Batch.Length - 1; d >= 0; d--)
                {
                    x += rest % Batch[d] * stepsA[d];
                    w += rest % Batch[d] * stepsB[d];
                    rest /= Batch[d];
                }
                yield return (i, x * M * K, w * K * N);
            }
        }
    }

    private readonly struct Code(TensorType type, Problem p, Tensor a, Tensor b) : INumericCode<Tensor>
    {
        public Tensor Run<T>()
            where T : unmanaged, INumber<T>, IMinMaxValue<T>
        {
            T[] x = a.Values<T>(), w = b.Values<T>();
            var y = new T[type.Count];
            foreach ((int index, int startA, int startB) in p.Batches())
            {
                for (int i = 0; i < p.M; i++)
                {
                    for (int j = 0; j < p.N; j++)
                    {
                        T sum = T.Zero;
                        for (int q = 0; q < p.K; q++)
                            sum = unchecked(sum + (x[startA + (i * p.K) + q] * w[startB + (q * p.N) + j]));
                        y[(((index * p.M) + i) * p.N) + j] = sum;
                    }
                }
            }
            return new(type, y);
        }
    }

    /// <inheritdoc/>
    public ChannelLinks Links(OperatorContext context, ChannelPort port)
    {
        (TensorType a, TensorType b, TensorType y) = (context.Type(0), context.Type(1), context.OutputTypes[0]);
        if (a.Rank < 2 || b.Rank < 2 || context.Node.Inputs.Length > 2)
            return ChannelLinks.Fixed("multiplies vectors");
        ChannelPort[] terms = [ChannelPort.Input(0, a.Rank - 1), ChannelPort.Input(1, b.Rank - 2)];
        ChannelPort[] rows = [ChannelPort.Input(0, a.Rank - 2), ChannelPort.Output(0, y.Rank - 2)];
        ChannelPort[] columns = [ChannelPort.Input(1, b.Rank - 1), ChannelPort.Output(0, y.Rank - 1)];
        int count = port.Extent(context);
        foreach (ChannelPort[] together in (ChannelPort[][])[terms, rows, columns])
            if (together.Contains(port))
                return ChannelLinks.Of(together.Where(p => p != port).Select(p => ChannelLink.Same(p, count)));
        // The axes of batches broadcast.
        int rank = port.IsOutput ? y.Rank : context.Type(port.Index).Rank;
        int axis = port.Axis - rank + y.Rank;
        if (count != y.Dimensions[axis])
            return ChannelLinks.Fixed("repeats the value");
        List<ChannelPort> batches = [ChannelPort.Output(0, axis)];
        for (int i = 0; i < 2; i++)
            if (axis - y.Rank + context.Type(i).Rank is >= 0 and var place && context.Type(i).Dimensions[place] == count)
                batches.Add(ChannelPort.Input(i, place));
        return ChannelLinks.Of(batches.Where(p => p != port).Select(p => ChannelLink.Same(p, count)));
    }

    /// <inheritdoc/>
    public string MergeObstacle(OperatorContext context, ChannelPort port) =>
        port.IsOutput ? "" : ChannelLinks.MergeObstacle(context, Links(context, port));

    /// <inheritdoc/>
    public ChannelPort? Source(OperatorContext context) =>
        context.Constant(1) is { Rank: 2 } && context.Type(0).Rank > 1 ? ChannelPort.Output(0, context.OutputTypes[0].Rank - 1) : null;

    /// <inheritdoc/>
    public override bool TakesActivation => true;

    /// <inheritdoc/>
    public int? ResultAxis(OperatorContext context, IReadOnlyList<int?> axes) =>
        axes[1] is null && axes[0] == context.Type(0).Rank - 2 && context.Type(1).Rank == 2 ? axes[0] : null;

    /// <inheritdoc/>
    public void Forward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        Problem p = Describe(context, context.Type(0), context.Type(1));
        (T[] a, T[] b, T[] y) = (step.Input(0), step.Input(1), step.Output(0));
        Array.Clear(y);
        if (p.IsOneProduct)
            GradientSums.AddMatrixProduct<T>(Shapes.Count(p.Batch) * p.M, p.N, p.K, a, p.K, 1, b, p.N, 1, y, p.N);
        else
            foreach ((int i, int x, int w) in p.Batches())
                GradientSums.AddMatrixProduct<T>(p.M, p.N, p.K, a.AsSpan(x), p.K, 1, b.AsSpan(w), p.N, 1, y.AsSpan(i * p.M * p.N), p.N);
    }

    /// <inheritdoc/>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        Problem p = Describe(context, context.Type(0), context.Type(1));
        (T[] a, T[] b, T[] dy) = (step.Input(0), step.Input(1), step.OutputGradient);
        T[]? da = step.Gradient(0), db = step.Gradient(1);
        int m = p.IsOneProduct ? Shapes.Count(p.Batch) * p.M : p.M;
        foreach ((int i, int x, int w) in p.IsOneProduct ? [(0, 0, 0)] : p.Batches())
        {
            ReadOnlySpan<T> gradient = dy.AsSpan(i * p.M * p.N);
            if (da is not null)
                GradientSums.AddMatrixProduct(m, p.K, p.N, gradient, p.N, 1, b.AsSpan(w), 1, p.N, da.AsSpan(x), p.K);
            if (db is not null)
                GradientSums.AddMatrixProduct(p.K, p.N, m, a.AsSpan(x), 1, p.K, gradient, p.N, 1, db.AsSpan(w), p.N);
        }
    }
}
