using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Recurrent;
using OptimizerBuild.Options;

namespace OptimizerBuild.Pipeline;

/// <summary>Checks that the rules for single layers mean layers of the model: a name that fits nothing is a mistake, not a wish.</summary>
internal static class RuleTargets
{
    private const int MostNames = 12;

    /// <summary>Demands that each rule fits a node of a graph, and one with weights where it is about weights.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="graph">The model after the passes, by whose nodes the report speaks of layers.</param>
    /// <exception cref="ModelException">Rules fit nothing; all of them are named.</exception>
    public static void Require(LayerRules rules, Graph graph)
    {
        Diagnostic[] faults = [.. rules.Rules.Select(r => Fault(r, graph)).OfType<Diagnostic>()];
        if (faults.Length > 0)
            throw new ModelException([.. faults]);
    }

    private static Diagnostic? Fault(LayerRule rule, Graph graph)
    {
        // Of a recurrent layer only values can be shared.
        bool isForValues = rule is { Sparsity: null, GroupSize: null, HasRank: false } && rule.Precision?.HasFewLevels() != true;
        Node[] candidates = rule.IsForWeights ? [.. graph.Nodes.Where(n => HasWeights(n, graph, isForValues))] : [.. graph.Nodes];
        if (candidates.Any(n => rule.Matches(n.Name)))
            return null;
        string what = rule.IsForWeights ? isForValues ? "layers with weights" : "convolutions and matrix products with weights" : "nodes";
        string names = string.Join(", ", candidates.Take(MostNames).Select(n => $"'{n.Name}'"))
            + (candidates.Length > MostNames ? $" and {candidates.Length - MostNames} more" : "");
        return Diagnostic.Of(DiagnosticCatalog.LayerNotFound, null, rule.Pattern, what,
            candidates.Length == 0 ? "the model has none" : "those are " + names);
    }

    private static bool HasWeights(Node node, Graph graph, bool isForValues) =>
        (node.Is<IDotProduct>() || (isForValues && node.Is<RecurrentOperator>()))
        && node.Inputs.Length > 1 && graph.IsConstant(node.Inputs[1]);
}
