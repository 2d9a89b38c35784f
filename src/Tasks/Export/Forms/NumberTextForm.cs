using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Text;

namespace OptimizerBuild.Export.Forms;

/// <summary>Numbers as text: Cast to strings.</summary>
internal sealed class NumberTextForm : OnnxForm
{
    /// <inheritdoc/>
    public override Type Operator => typeof(NumberTextOperator);

    /// <inheritdoc/>
    public override string[] Write(ExportedNode node) =>
        [node.Add("Cast", [node.Input(0)], ("to", new AttributeValue.Int((long)node.Graph.TypeOf(node.Node.Outputs[0]).Element)))];
}
