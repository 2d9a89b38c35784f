using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;

namespace OptimizerBuild.Operators.Lookup;

/// <summary>
/// The boxes with the highest scores of each class, without those that overlap one of the same class chosen before (internal operator
/// NonMaxSuppression; the standard's is written with it). Inputs: boxes [batches, count, 4] as two opposite corners (y, x, y, x), or as
/// centre and extent (x, y, width, height), and scores [batches, classes, count]. Outputs: rows [batches·classes·most, 3] of batch, class
/// and box in the order in which they are chosen, with zeros behind them, and how many there are.
/// </summary>
[Operator(Type, Domain = Node.InternalDomain)]
[Input(0, "boxes", Elements.Float32)]
[Input(1, "scores", Elements.Float32)]
[Output(0, "selected")]
[Output(1, "length")]
[Parameter("most", ParameterKind.Int, Required = true, Minimum = 1)]
[Parameter("overlap", ParameterKind.Float, Required = true)]
[Parameter("least", ParameterKind.Float)]
[Parameter("center", ParameterKind.Int)]
[NotDifferentiable("gives the numbers of boxes")]
internal sealed class NonMaxSuppressionOperator : Operator
{
    /// <summary>The operator's name.</summary>
    public const string Type = "NonMaxSuppression";

    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        (TensorType boxes, TensorType scores) = (context.Type(0), context.Type(1));
        long most = Most(context.Node);
        if (boxes.Rank != 3 || scores.Rank != 3 || boxes.Dimensions[2] != 4 || boxes.Dimensions[0] != scores.Dimensions[0]
            || boxes.Dimensions[1] != scores.Dimensions[2] || most < 1 || most > boxes.Dimensions[1])
            throw context.Invalid($"its boxes are {boxes}, its scores {scores}, and {most} are asked for");
        return [TensorType.Of(ElementType.Int64, checked(scores.Dimensions[0] * scores.Dimensions[1] * (int)most), 3),
            TensorType.Of(ElementType.Int64)];
    }

    /// <inheritdoc/>
    public override long Work(OperatorContext context)
    {
        TensorType scores = context.Type(1);
        return scores.Count * (64 + (Most(context.Node) * 8));
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        float[] boxes = inputs[0]!.Values<float>(), scores = inputs[1]!.Values<float>();
        int batches = context.Type(1).Dimensions[0], classes = context.Type(1).Dimensions[1], count = context.Type(1).Dimensions[2];
        var rows = new List<(int Batch, int Class, int Box)>();
        for (int batch = 0; batch < batches; batch++)
        {
            Box[] places = [.. Enumerable.Range(0, count).Select(i =>
                Box.Of(boxes.AsSpan(((batch * count) + i) * 4, 4), IsCentered(context.Node)))];
            for (int c = 0; c < classes; c++)
            {
                int start = ((batch * classes) + c) * count;
                var chosen = new List<int>();
                foreach (int i in Enumerable.Range(0, count).Where(i => IsCandidate(scores[start + i], Least(context.Node)))
                    .OrderByDescending(i => scores[start + i]))
                    if (chosen.Count < Most(context.Node) && !chosen.Exists(o => places[i].Overlaps(places[o], Overlap(context.Node))))
                        chosen.Add(i);
                rows.AddRange(chosen.Select(i => (batch, c, i)));
            }
        }
        Tensor selected = Tensor.Zeros(context.OutputTypes[0]);
        long[] to = selected.Values<long>();
        for (int i = 0; i < rows.Count; i++)
            (to[i * 3], to[(i * 3) + 1], to[(i * 3) + 2]) = rows[i];
        return [selected, Tensor.Scalar((long)rows.Count)];
    }

    /// <summary>How many boxes of a class are chosen at most (attribute <c>most</c>).</summary>
    public static long Most(Node node) => node.Int("most", 1);

    /// <summary>The share of the joint area from which on boxes overlap too much (attribute <c>overlap</c>).</summary>
    public static float Overlap(Node node) => node.Float("overlap", 0);

    /// <summary>What scores must exceed (attribute <c>least</c>); null where all boxes take part.</summary>
    public static float? Least(Node node) => node.Has("least") ? node.Float("least", 0) : null;

    /// <summary>Whether boxes are given by centre and extent (attribute <c>center</c>).</summary>
    public static bool IsCentered(Node node) => node.Int("center", 0) != 0;

    private static bool IsCandidate(float score, float? least) => least is { } bound ? score > bound : !float.IsNaN(score);

    // In the arithmetic of float32, as whether a box just overlaps is seen in the last bit.
    private readonly record struct Box(float Left, float Top, float Right, float Bottom)
    {
        public static Box Of(ReadOnlySpan<float> b, bool centered) => centered
            ? new(b[0] - (b[2] / 2), b[1] - (b[3] / 2), b[0] + (b[2] / 2), b[1] + (b[3] / 2))
            : new(Math.Min(b[1], b[3]), Math.Min(b[0], b[2]), Math.Max(b[1], b[3]), Math.Max(b[0], b[2]));

        private float Area => (Right - Left) * (Bottom - Top);

        public bool Overlaps(Box other, float most)
        {
            float width = Math.Min(Right, other.Right) - Math.Max(Left, other.Left);
            float height = Math.Min(Bottom, other.Bottom) - Math.Max(Top, other.Top);
            if (!(width > 0 && height > 0))
                return false;
            float common = width * height, union = Area + other.Area - common;
            return common > 0 && Area > 0 && other.Area > 0 && union > 0 && common / union > most;
        }
    }
}
