using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Lookup;

namespace OptimizerBuild.Export.Forms;

/// <summary>The choice of boxes as the standard's NonMaxSuppression, whose rows are filled up with zeros and counted.</summary>
internal sealed class NonMaxSuppressionForm : OnnxForm
{
    /// <inheritdoc/>
    public override Type Operator => typeof(NonMaxSuppressionOperator);

    /// <inheritdoc/>
    public override string[] Write(ExportedNode node)
    {
        int rows = node.Graph.TypeOf(node.Node.Outputs[0]).Dimensions[0];
        string[] inputs =
        [
            node.Input(0), node.Input(1),
            node.Integers("most", NonMaxSuppressionOperator.Most(node.Node)),
            node.Add("overlap", Tensor.Of([NonMaxSuppressionOperator.Overlap(node.Node)], 1)),
        ];
        if (NonMaxSuppressionOperator.Least(node.Node) is { } least)
            inputs = [.. inputs, node.Add("least", Tensor.Of([least], 1))];
        string chosen = node.Add(NonMaxSuppressionOperator.Type, inputs,
            ("center_point_box", new AttributeValue.Int(NonMaxSuppressionOperator.IsCentered(node.Node) ? 1 : 0)));
        string filled = node.Add("Concat",
            [chosen, node.Add("zeros", Tensor.Zeros(TensorType.Of(ElementType.Int64, rows, 3)))], ("axis", new AttributeValue.Int(0)));
        string first = node.Integers("first", 0);
        string selected = node.Add("Slice", [filled, first, node.Integers("rows", rows), first]);
        string length = node.Add("Squeeze",
            [node.Add("Shape", [chosen], ("start", new AttributeValue.Int(0)), ("end", new AttributeValue.Int(1))), first]);
        return [selected, length];
    }
}
