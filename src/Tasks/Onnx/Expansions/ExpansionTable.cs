using System.Collections.Frozen;
using System.Reflection;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>All expansions, by the operators that they write with others.</summary>
internal static class ExpansionTable
{
    private static readonly FrozenDictionary<(string Domain, string OpType), Expansion> Found = OperatorRegistry.OwnTypes
        .Where(t => t.IsSubclassOf(typeof(Expansion)) && !t.IsAbstract)
        .SelectMany(t => t.GetCustomAttributes<RewrittenOperatorAttribute>().Select(a => (Attribute: a, Type: t)))
        .ToFrozenDictionary(
            x => (x.Attribute.Domain, x.Attribute.OpType), x => (Expansion)Activator.CreateInstance(x.Type, nonPublic: true)!);

    /// <summary>The operators, sorted.</summary>
    public static IEnumerable<(string Domain, string OpType)> All => Found.Keys.Order();

    /// <summary>The expansion of an operator; null where it has none.</summary>
    public static Expansion? Find(string domain, string opType) => Found.GetValueOrDefault((domain, opType));
}
