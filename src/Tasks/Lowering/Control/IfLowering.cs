using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Control;

namespace OptimizerBuild.Lowering.Control;

/// <summary>A condition: each half copies its results to where the node's outputs lie.</summary>
[Lowers(LoweringForm.Native, typeof(IfOperator))]
internal sealed class IfLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage condition = context.InArena(node, context.Dense(node, context.Read(node, node.Inputs[0])));
        Storage[] arguments = [.. node.Inputs.Skip(1).Select(i => context.Read(node, i))];
        Storage?[] outputs = [.. node.Outputs.Select(o => o.Length == 0 ? null : context.Create(o))];
        string results = string.Join(", ", outputs.OfType<Storage>().Select(o => TensorType.Of(o.Element, o.Dimensions.AsSpan()).Extents));
        context.Add(BlockBoundary.If(node.Name, "If → " + results, condition));
        Half(IfOperator.Then);
        context.Add(BlockBoundary.Else());
        Half(IfOperator.Else);
        context.Add(BlockBoundary.EndIf());

        void Half(string branch)
        {
            Graph body = node.SubGraph(branch)!;
            using IDisposable scope = context.EnterBody(body, arguments);
            NodeSequence.Lower(context, body.Nodes);
            for (int i = 0; i < outputs.Length; i++)
                if (outputs[i] is { } output)
                    context.Copy(node.Name, context.Read(node, body.Outputs[i]), output, "result " + body.TypeOf(body.Outputs[i]));
        }
    }
}
