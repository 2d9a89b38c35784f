using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Reflection;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Structure;

namespace OptimizerBuild.Operators;

/// <summary>
/// All operators the build knows: every class that carries <see cref="OperatorAttribute"/>, in this assembly and in those that are
/// included.
/// </summary>
internal static class OperatorRegistry
{
    private static readonly Lock Gate = new();
    private static readonly FrozenDictionary<(string Domain, string OpType), Operator> Own = Read<Operator>(OwnTypes);
    private static readonly FrozenDictionary<(string Domain, string OpType), IStructural> Structural = Read<IStructural>(OwnTypes);
    private static volatile Catalogue _catalogue = new([typeof(OperatorRegistry).Assembly], Own);

    /// <summary>
    /// The types of this assembly that can be loaded: outside MSBuild the tasks cannot, as their base class is missing.
    /// </summary>
    internal static IEnumerable<Type> OwnTypes => TypesOf(typeof(OperatorRegistry).Assembly);

    /// <summary>
    /// Where operators, their lowerings, simulations and kernels are looked for: this assembly, then the included ones.
    /// </summary>
    public static ImmutableArray<Assembly> Assemblies => _catalogue.Assemblies;

    /// <summary>Domain and type of every operator of this assembly, sorted.</summary>
    public static IEnumerable<(string Domain, string OpType)> All =>
        Own.Keys.OrderBy(k => k.Domain, StringComparer.Ordinal).ThenBy(k => k.OpType, StringComparer.Ordinal);

    /// <summary>Domain and type of every operator that takes or gives values beside tensors and is never in a graph, sorted.</summary>
    public static IEnumerable<(string Domain, string OpType)> OnlyStructural => Structural.Keys.Where(k => !Own.ContainsKey(k))
        .OrderBy(k => k.Domain, StringComparer.Ordinal).ThenBy(k => k.OpType, StringComparer.Ordinal);

    /// <summary>
    /// Adds the operators, lowerings, simulations and kernels of another assembly for the rest of the process. Its operators must not
    /// have names of operators that are known.
    /// </summary>
    public static void Include(Assembly assembly)
    {
        lock (Gate)
        {
            if (_catalogue.Assemblies.Contains(assembly))
                return;
            _catalogue = new([.. _catalogue.Assemblies, assembly],
                _catalogue.Operators.Concat(Read<Operator>(TypesOf(assembly))).ToFrozenDictionary());
        }
    }

    /// <summary>The operator of a node, or null where it is not supported.</summary>
    public static Operator? Find(Node node) => _catalogue.Operators.GetValueOrDefault((node.Domain, node.OpType));

    /// <summary>The operator of a node as one that values beside tensors may go into or come out of; null where it is none.</summary>
    public static IStructural? FindStructural(Node node) => Structural.GetValueOrDefault((node.Domain, node.OpType));

    /// <summary>The operator of a node of an imported graph, whose operators are all known.</summary>
    /// <exception cref="InvalidOperationException">The operator is unknown.</exception>
    public static Operator Of(Node node) =>
        Find(node) ?? throw new InvalidOperationException($"unknown operator {node.Domain}::{node.OpType}");

    /// <summary>The types of an assembly that can be loaded.</summary>
    public static IEnumerable<Type> TypesOf(Assembly assembly)
    {
        try
        {
            return assembly.GetTypes();
        }
        catch (ReflectionTypeLoadException e)
        {
            return e.Types.OfType<Type>();
        }
    }

    private static FrozenDictionary<(string Domain, string OpType), T> Read<T>(IEnumerable<Type> types)
        where T : class => types.Where(t => t.IsAssignableTo(typeof(T)))
        .SelectMany(t => t.GetCustomAttributes<OperatorAttribute>().Select(a => (a, t)))
        .ToFrozenDictionary(x => (x.a.Domain, x.a.OpType), x => (T)Activator.CreateInstance(x.t, nonPublic: true)!);

    private sealed record Catalogue(
        ImmutableArray<Assembly> Assemblies, FrozenDictionary<(string Domain, string OpType), Operator> Operators);
}
