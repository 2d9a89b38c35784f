using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Lookup;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// NonMaxSuppression: boxes of the highest scores, without those that overlap one chosen before. There are as many rows as could be
/// chosen at most, and a length says how many are.
/// </summary>
[RewrittenOperator("NonMaxSuppression")]
[Input(0, "boxes", Elements.Float32)]
[Input(1, "scores", Elements.Float32)]
[Input(2, "max_output_boxes_per_class", Elements.Int64, Optional = true, Fixed = true)]
[Input(3, "iou_threshold", Elements.Float32, Optional = true, Fixed = true)]
[Input(4, "score_threshold", Elements.Float32, Optional = true, Fixed = true)]
[Output(0, "selected_indices")]
[Parameter("center_point_box", ParameterKind.Int)]
internal sealed class NonMaxSuppressionExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        (TensorType boxes, TensorType scores) = (context.Type(0), context.Type(1));
        if (boxes.Rank != 3 || scores.Rank != 3 || boxes.Dimensions[2] != 4 || boxes.Dimensions[0] != scores.Dimensions[0]
            || boxes.Dimensions[1] != scores.Dimensions[2])
            throw context.Invalid($"its boxes are {boxes} and its scores {scores}");
        long most = Math.Min(context.Has(2) ? One(context.Integers(2)) : 0, boxes.Dimensions[1]);
        float overlap = context.Has(3) ? One(context.Reals(3)) : 0;
        if (overlap is not (>= 0 and <= 1))
            throw context.Invalid($"its IoU threshold is {overlap} instead of 0 to 1");
        if (most <= 0 || scores.Count == 0)
        {
            context.Return(0, context.Add(Tensor.Of(Array.Empty<long>(), 0, 3)));
            return;
        }
        context.Elements(scores.Dimensions[0], scores.Dimensions[1], most, 3);
        Node node = (ExpansionContext.New(NonMaxSuppressionOperator.Type, context[0], context[1]) with { Domain = Node.InternalDomain })
            .With("most", most).With("overlap", new AttributeValue.Float(overlap))
            .With("center", context.Node.Int("center_point_box", 0) != 0 ? 1 : 0);
        if (context.Has(4))
            node = node.With("least", new AttributeValue.Float(One(context.Reals(4))));
        string[] results = context.Add(node, 2);
        context.Return(0, results[0], results[1], 0);

        T One<T>(T[] values) => values is [var value] ? value : throw context.Invalid($"a threshold is {values.Length} numbers");
    }
}
