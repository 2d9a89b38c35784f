using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Text;

namespace OptimizerBuild.Export.Forms;

/// <summary>Letters in another form as StringNormalizer without stop words, which takes a list of strings.</summary>
internal sealed class StringCaseForm : OnnxForm
{
    /// <inheritdoc/>
    public override Type Operator => typeof(StringCaseOperator);

    /// <inheritdoc/>
    public override string[] Write(ExportedNode node)
    {
        string list = node.Add("Reshape", [node.Input(0), node.Integers("list", node.Type(0).Count)]);
        string changed = node.Add("StringNormalizer", [list],
            ("case_change_action", new AttributeValue.Text(StringCaseOperator.IsUpper(node.Node) ? "UPPER" : "LOWER")));
        return [node.Add("Reshape", [changed, node.Integers("shape", [.. node.Type(0).Dimensions.Select(d => (long)d)])])];
    }
}
