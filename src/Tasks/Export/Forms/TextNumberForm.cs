using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Text;

namespace OptimizerBuild.Export.Forms;

/// <summary>Text as numbers: Cast of strings.</summary>
internal sealed class TextNumberForm : OnnxForm
{
    /// <inheritdoc/>
    public override Type Operator => typeof(TextNumberOperator);

    /// <inheritdoc/>
    public override string[] Write(ExportedNode node) =>
        [node.Add("Cast", [node.Input(0)], ("to", new AttributeValue.Int((long)node.Graph.TypeOf(node.Node.Outputs[0]).Element)))];
}
