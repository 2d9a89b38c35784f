using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Movement;

namespace OptimizerBuild.Export.Forms;

/// <summary>
/// Rows that are replaced or combined as ScatterND. Indices outside the table, which change nothing but which ScatterND refuses, go to one
/// more row that is cut off afterwards.
/// </summary>
internal sealed class ScatterRowsForm : OnnxForm
{
    /// <inheritdoc/>
    public override Type Operator => typeof(ScatterRowsOperator);

    /// <inheritdoc/>
    public override string[] Write(ExportedNode node)
    {
        (int rows, int width) = (node.Type(0).Dimensions[0], node.Type(0).Dimensions[1]);
        string table = node.Add("Concat",
            [node.Input(0), node.Add("spare", Spare(node.Type(0).Element, width))], ("axis", new AttributeValue.Int(0)));
        string end = node.Integers("rows", rows);
        string below = node.Add("Less", [node.Input(1), node.Integers("first", 0)]);
        string beyond = node.Add("GreaterOrEqual", [node.Input(1), end]);
        string inside = node.Add("Where", [node.Add("Or", [below, beyond]), end, node.Input(1)]);
        string indices = node.Add("Unsqueeze", [inside, node.Integers("axis", 1)]);
        string scattered = node.Add("ScatterND", [table, indices, node.Input(2)],
            ("reduction", new AttributeValue.Text(ScatterRowsOperator.Reduction(node.Node))));
        return [node.Add("Slice", [scattered, node.Integers("start", 0), end, node.Integers("cut", 0)])];
    }

    private static Tensor Spare(ElementType element, int width)
    {
        Tensor row = Tensor.Zeros(TensorType.Of(element, 1, width));
        if (element == ElementType.String)
            Array.Fill(row.Values<string>(), "");
        return row;
    }
}
