using System.Collections.Frozen;
using System.Reflection;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators;

/// <summary>All operators the build knows: every class of this assembly that carries <see cref="OperatorAttribute"/>.</summary>
internal static class OperatorRegistry
{
    private static readonly FrozenDictionary<(string Domain, string OpType), Operator> Operators = OwnTypes
        .SelectMany(t => t.GetCustomAttributes<OperatorAttribute>().Select(a => (a, t)))
        .ToFrozenDictionary(x => (x.a.Domain, x.a.OpType), x => (Operator)Activator.CreateInstance(x.t, nonPublic: true)!);

    /// <summary>
    /// The types of this assembly that can be loaded: outside MSBuild the tasks cannot, as their base class is missing.
    /// </summary>
    internal static IEnumerable<Type> OwnTypes
    {
        get
        {
            try
            {
                return typeof(OperatorRegistry).Assembly.GetTypes();
            }
            catch (ReflectionTypeLoadException e)
            {
                return e.Types.OfType<Type>();
            }
        }
    }

    /// <summary>Domain and type of every known operator, sorted.</summary>
    public static IEnumerable<(string Domain, string OpType)> All =>
        Operators.Keys.OrderBy(k => k.Domain, StringComparer.Ordinal).ThenBy(k => k.OpType, StringComparer.Ordinal);

    /// <summary>The operator of a node, or null where it is not supported.</summary>
    public static Operator? Find(Node node) => Operators.GetValueOrDefault((node.Domain, node.OpType));

    /// <summary>The operator of a node of an imported graph, whose operators are all known.</summary>
    /// <exception cref="InvalidOperationException">The operator is unknown.</exception>
    public static Operator Of(Node node) =>
        Find(node) ?? throw new InvalidOperationException($"unknown operator {node.Domain}::{node.OpType}");
}
