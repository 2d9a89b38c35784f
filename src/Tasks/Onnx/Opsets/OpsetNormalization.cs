using System.Collections.Frozen;
using System.Reflection;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx.Expansions;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Opsets;

/// <summary>All rules that bring operators of older opsets into the newest form.</summary>
internal static class OpsetNormalization
{
    private static readonly FrozenDictionary<(string Domain, string OpType), OpsetRule> Rules = OperatorRegistry.OwnTypes
        .SelectMany(t => t.GetCustomAttributes<OpsetRuleAttribute>().Select(a => (a, t)))
        .ToFrozenDictionary(x => (x.a.Domain, x.a.OpType), x => (OpsetRule)Activator.CreateInstance(x.t, nonPublic: true)!);

    /// <summary>The operators that have a rule, sorted.</summary>
    public static IEnumerable<string> All => Rules.Keys.Select(k => k.OpType).Order(StringComparer.Ordinal);

    /// <summary>Whether the operator is supported in some form.</summary>
    public static bool IsKnown(string domain, string opType) =>
        OperatorRegistry.Find(new Node("", opType, [], []) { Domain = domain }) is not null
            || OperatorRegistry.FindStructural(new Node("", opType, [], []) { Domain = domain }) is not null
            || Rules.ContainsKey((domain, opType))
            || ExpansionTable.Find(domain, opType) is not null;

    /// <summary>The nodes that do in the newest opset what <paramref name="node"/> does in its own.</summary>
    /// <param name="node">The node.</param>
    /// <param name="opset">The version of its operator set.</param>
    /// <param name="values">The values known so far.</param>
    /// <param name="uniqueNode">Gives an unused node name.</param>
    public static IEnumerable<Node> Normalise(Node node, int opset, ShapeInference values, Func<string, string> uniqueNode) =>
        Rules.TryGetValue((node.Domain, node.OpType), out OpsetRule? rule)
            ? rule.Normalise(new OpsetContext(node, opset, values, uniqueNode))
            : [node];
}
