using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Linear;

/// <summary>alpha·A'·B' + beta·C with optional transpositions (ONNX operator Gemm).</summary>
[Operator("Gemm")]
[Input(0, "A", Elements.Numbers, Variable = "T")]
[Input(1, "B", Elements.Numbers, Variable = "T")]
[Input(2, "C", Elements.Numbers, Variable = "T", Until = 10)]
[Input(2, "C", Elements.Numbers, Variable = "T", Optional = true, From = 11)]
[Output(0, "Y")]
[Parameter("alpha", ParameterKind.Float)]
[Parameter("beta", ParameterKind.Float)]
[Parameter("broadcast", ParameterKind.Int, Until = 6)]
[Parameter("transA", ParameterKind.Int)]
[Parameter("transB", ParameterKind.Int)]
internal sealed class GemmOperator : Operator, IMatrixProduct, IKeepsExtent, IPassesChannels, ITrainingForward
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        (TensorType a, TensorType b) = (context.Type(0), context.Type(1));
        if (a.Rank != 2 || b.Rank != 2)
            throw context.Invalid($"its inputs are {a} and {b} instead of two matrices");
        (int m, int n, int k, int kOfB) = Sizes(context.Node, a, b);
        if (k != kOfB)
            throw context.Invalid($"the inner dimensions of {a} and {b} differ");
        TensorType type = TensorType.Of(a.Element, m, n);
        if (context.Has(2))
        {
            TensorType c = context.Type(2);
            if (Shapes.Broadcast(c.Dimensions.AsSpan(), type.Dimensions.AsSpan()) is not { } both
                || !both.AsSpan().SequenceEqual(type.Dimensions.AsSpan()))
                throw context.Invalid($"its addend C, {c}, does not broadcast to {type}");
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
        float alpha = Alpha(context.Node), beta = Beta(context.Node);
        var y = new float[m * n];
        if (c is not null && beta != 0)
        {
            y = (float[])FloatTensor.Values(TensorMove.Expand(c, type.Dimensions.AsSpan())).Clone();
            if (beta != 1)
                TensorPrimitives.Multiply(y, beta, y);
        }
        if (alpha != 1)
            x = Array.ConvertAll(x, v => v * alpha);
        bool transA = TransposesA(context.Node), transB = TransposesB(context.Node);
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

    /// <inheritdoc/>
    public int? ResultAxis(OperatorContext context, IReadOnlyList<int?> axes) =>
        axes[0] == 0 && !TransposesA(context.Node) && axes.Skip(1).All(a => a is null) ? 0 : null;

    /// <inheritdoc/>
    /// <remarks>Of numbers: what is infinite would become none.</remarks>
    public override bool IsIdentity(OperatorContext context) => Alpha(context.Node) == 1 && !TransposesA(context.Node)
        && IdentityMatrix.Is(context.InputConstants[1]) && (!context.Has(2) || IdentityMatrix.IsZero(context.InputConstants[2]));

    private static (int M, int N, int K, int KOfB) Sizes(Node node, TensorType a, TensorType b)
    {
        bool transA = TransposesA(node), transB = TransposesB(node);
        return (a.Dimensions[transA ? 1 : 0], b.Dimensions[transB ? 0 : 1], a.Dimensions[transA ? 0 : 1], b.Dimensions[transB ? 1 : 0]);
    }

    /// <inheritdoc/>
    public ChannelLinks Links(OperatorContext context, ChannelPort port)
    {
        (int m, int n, int k, _) = Sizes(context.Node, context.Type(0), context.Type(1));
        (int rowsOfA, int columnsOfB) = (TransposesA(context.Node) ? 1 : 0, TransposesB(context.Node) ? 0 : 1);
        ChannelPort[] terms = [ChannelPort.Input(0, 1 - rowsOfA), ChannelPort.Input(1, 1 - columnsOfB)];
        if (terms.Contains(port))
            return ChannelLinks.Of(terms.Where(t => t != port).Select(t => ChannelLink.Same(t, k)));
        TensorType? c = context.Has(2) ? context.Type(2) : null;
        for (int axis = 0; axis < 2; axis++)
        {
            (int count, ChannelPort factor) = axis == 0 ? (m, ChannelPort.Input(0, rowsOfA)) : (n, ChannelPort.Input(1, columnsOfB));
            List<ChannelPort> ports = [ChannelPort.Output(0, axis), factor];
            if (c is not null && axis - 2 + c.Rank is >= 0 and var place)
            {
                if (c.Dimensions[place] == count)
                    ports.Add(ChannelPort.Input(2, place));
                else if (port == ChannelPort.Input(2, place))
                    return ChannelLinks.Fixed("repeats the value");
            }
            if (ports.Contains(port))
                return ChannelLinks.Of(ports.Where(p => p != port).Select(p => ChannelLink.Same(p, count)));
        }
        return ChannelLinks.Of();
    }

    /// <inheritdoc/>
    public string MergeObstacle(OperatorContext context, ChannelPort port) =>
        port.IsOutput ? "" : ChannelLinks.MergeObstacle(context, Links(context, port));

    /// <inheritdoc/>
    public ChannelPort? Source(OperatorContext context) => context.Constant(1) is null ? null : ChannelPort.Output(0, 1);

    /// <inheritdoc/>
    public override bool TakesActivation => true;

    /// <summary>Whether the first matrix is transposed (attribute <c>transA</c>).</summary>
    public static bool TransposesA(Node node) => node.Int("transA", 0) != 0;

    /// <summary>Whether the second matrix is transposed (attribute <c>transB</c>).</summary>
    public static bool TransposesB(Node node) => node.Int("transB", 0) != 0;

    /// <summary>The factor of the product (attribute <c>alpha</c>).</summary>
    public static float Alpha(Node node) => node.Float("alpha", 1);

    /// <summary>The factor of the addend (attribute <c>beta</c>).</summary>
    public static float Beta(Node node) => node.Float("beta", 1);

    bool IMatrixProduct.TransposesFirst(Node node) => TransposesA(node);

    bool IMatrixProduct.TransposesSecond(Node node) => TransposesB(node);

    float IMatrixProduct.ProductFactor(Node node) => Alpha(node);

    float IMatrixProduct.AddendFactor(Node node) => Beta(node);

    /// <summary>Whether the node says a factor, if only that it is 1.</summary>
    public static bool HasFactors(Node node) => node.Has("alpha") || node.Has("beta");

    /// <summary>The node without factors.</summary>
    public static Node WithoutFactors(Node node) => node.Without("alpha").Without("beta");

    /// <summary>The node without a factor of the addend.</summary>
    public static Node WithoutBetaFactor(Node node) => node.Without("beta");

    /// <inheritdoc/>
    public void Forward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        (int m, int n, int k, _) = Sizes(context.Node, context.Type(0), context.Type(1));
        bool transA = TransposesA(context.Node), transB = TransposesB(context.Node);
        (T[] a, T[] b, T[] y) = (step.Input(0), step.Input(1), step.Output(0));
        Array.Clear(y);
        GradientSums.AddMatrixProduct<T>(m, n, k, a, transA ? 1 : k, transA ? m : 1, b, transB ? 1 : n, transB ? k : 1, y, n);
        if (Alpha(context.Node) != 1)
            TensorPrimitives.Multiply(y, T.CreateTruncating(Alpha(context.Node)), y);
        if (context.Has(2))
            GradientSums.AddScaled<T>(TensorMove.Expand(step.Inputs[2]!, [m, n]).Values<T>(), T.CreateTruncating(Beta(context.Node)), y);
    }

    /// <inheritdoc/>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        (int m, int n, int k, _) = Sizes(context.Node, context.Type(0), context.Type(1));
        bool transA = TransposesA(context.Node), transB = TransposesB(context.Node);
        (T[] a, T[] b, T[] dy) = (step.Input(0), step.Input(1), Scaled(step.OutputGradient, Alpha(context.Node)));
        (int rowOfA, int columnOfA, int rowOfB, int columnOfB) = (transA ? 1 : k, transA ? m : 1, transB ? 1 : n, transB ? k : 1);
        // The gradients of both matrices as they lie in memory: dA = dY·B', dB = A'·dY, or these transposed.
        if (step.Gradient(0) is { } da && !transA)
            GradientSums.AddMatrixProduct<T>(m, k, n, dy, n, 1, b, columnOfB, rowOfB, da, k);
        else if (step.Gradient(0) is { } transposed)
            GradientSums.AddMatrixProduct<T>(k, m, n, b, rowOfB, columnOfB, dy, 1, n, transposed, m);
        if (step.Gradient(1) is { } db && !transB)
            GradientSums.AddMatrixProduct<T>(k, n, m, a, columnOfA, rowOfA, dy, n, 1, db, n);
        else if (step.Gradient(1) is { } transposed)
            GradientSums.AddMatrixProduct<T>(n, k, m, dy, 1, n, a, rowOfA, columnOfA, transposed, k);
        if (step.Gradient(2) is { } dc)
            GradientSums.AddBroadcast(Scaled(step.OutputGradient, Beta(context.Node)), [m, n], dc, context.Type(2).Dimensions.AsSpan());
    }

    private static T[] Scaled<T>(T[] values, float factor)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T> =>
        factor == 1 ? values : Array.ConvertAll(values, v => v * T.CreateTruncating(factor));
}
