using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Lowering;

/// <summary>
/// Hands the nodes of a graph or of a body one by one to their lowerings. Those without kernel are noted
/// (<see cref="LoweringContext.Missing"/>), so that a user learns of all of them at once.
/// </summary>
internal static class NodeSequence
{
    /// <summary>Emits the steps of nodes.</summary>
    /// <param name="context">Where to; its graph is the one that the nodes belong to.</param>
    /// <param name="nodes">The nodes in order.</param>
    public static void Lower(LoweringContext context, IEnumerable<Node> nodes)
    {
        foreach (Node node in nodes)
        {
            try
            {
                Lower(context, node);
            }
            catch (ModelException e) when (e.Diagnostics.All(d => d.Descriptor == DiagnosticCatalog.NoKernel))
            {
                context.Missing.AddRange(e.Diagnostics);
                // Readers are looked at, too; what they would read does not matter any more.
                foreach (string output in node.Outputs)
                    if (output.Length > 0 && !context.IsPlaced(output))
                        context.CreateInForm(node, output);
            }
        }
    }

    private static void Lower(LoweringContext context, Node node)
    {
        context.Cancellation.ThrowIfCancellationRequested();
        // Nothing has to be computed for values without elements.
        string[] outputs = [.. node.Outputs.Where(o => o.Length > 0)];
        if (outputs.All(o => context.Graph.TypeOf(o).Count == 0))
        {
            foreach (string output in outputs)
                context.CreateInForm(node, output);
            return;
        }
        LoweringForm form = context.IsInteger(node) ? LoweringForm.Integer : LoweringForm.Native;
        NodeLowering lowering = NodeLowerings.Find(form, node)
            ?? throw LoweringContext.NoKernel(node, form == LoweringForm.Integer ? "it has no integer kernel"
                : "it has no float32 kernel");
        try
        {
            lowering.Lower(context, node);
        }
        catch (Exception e) when (InternalFault.PassesBy(e, "lowering", $"'{node.Name}' ({node.OpType})"))
        {
            throw;
        }
        context.FillBorders(node.Name);
    }
}
