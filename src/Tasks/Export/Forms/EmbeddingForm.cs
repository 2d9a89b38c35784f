using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Movement;

namespace OptimizerBuild.Export.Forms;

/// <summary>
/// A look-up in a table as Gather. One outside the table, which gives zeros in the compressed model, has no counterpart there.
/// </summary>
internal sealed class EmbeddingForm : OnnxForm
{
    /// <inheritdoc/>
    public override Type Operator => typeof(EmbeddingOperator);

    /// <inheritdoc/>
    public override string[] Write(ExportedNode node)
    {
        string indices = node.Type(1).Element is ElementType.Int32 or ElementType.Int64
            ? node.Input(1)
            : node.Add("Cast", [node.Input(1)], ("to", new AttributeValue.Int((long)ElementType.Int64)));
        return [node.Add("Gather", [node.Input(0), indices])];
    }
}
