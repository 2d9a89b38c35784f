using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Text;
using OptimizerBuild.Operators.Types;

namespace OptimizerBuild.Onnx.Opsets;

/// <summary>Cast and CastLike of strings read them, and those to strings write them: operators of their own.</summary>
[OpsetRule("Cast")]
[OpsetRule("CastLike")]
internal sealed class TextCastRule : OpsetRule
{
    /// <inheritdoc/>
    public override IEnumerable<Node> Normalise(OpsetContext context)
    {
        Node node = context.Node;
        ElementType from = context.Type(0).Element;
        var to = (ElementType)Math.Clamp(node.Is<CastOperator>() ? node.Int("to", 0) : (long)context.Type(1).Element, 0, 1000);
        bool writes = to == ElementType.String;
        if (writes && from == to)
            return [new Node(node.Name, "Identity", [node.Inputs[0]], node.Outputs)];
        if (from == to || (!writes && from != ElementType.String) || !Enum.IsDefined(to) || !TextCast.Takes(writes ? from : to))
            return [node];
        var made = new Node(node.Name, writes ? NumberTextOperator.Type : TextNumberOperator.Type, [node.Inputs[0]], node.Outputs)
        {
            Domain = Node.InternalDomain,
        };
        return [writes ? made : made.With("to", (long)to)];
    }
}
