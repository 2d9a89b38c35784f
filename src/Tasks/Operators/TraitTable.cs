using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Reflection;

namespace OptimizerBuild.Operators;

/// <summary>
/// What serves operators by their class, base class or trait: for each operator the entry that says most about it. An entry for
/// a class goes before one for its base class or for a trait that the class has.
/// </summary>
/// <typeparam name="TKey">What distinguishes entries of the same trait, for example the arithmetic.</typeparam>
/// <typeparam name="TValue">What serves the operator.</typeparam>
/// <param name="read">The entries of a type of an assembly; none for most types.</param>
internal sealed class TraitTable<TKey, TValue>(Func<Type, IEnumerable<(TKey Key, Type Trait, TValue Value)>> read)
    where TKey : struct
    where TValue : class
{
    private readonly ConcurrentDictionary<(TKey Key, Type Operator), TValue?> _found = new();
    private readonly Lock _gate = new();
    private ImmutableArray<Assembly> _assemblies = [];
    private ImmutableArray<(TKey Key, Type Trait, TValue Value)> _entries = [];

    /// <summary>The entry for an operator; null where there is none.</summary>
    /// <exception cref="InvalidOperationException">Two entries fit, of which neither says more than the other.</exception>
    public TValue? Find(TKey key, Operator op)
    {
        ImmutableArray<(TKey Key, Type Trait, TValue Value)> entries = Entries();
        return _found.GetOrAdd((key, op.GetType()), k => Choose(k.Key, k.Operator, entries));
    }

    private static TValue? Choose(TKey key, Type op, ImmutableArray<(TKey Key, Type Trait, TValue Value)> entries)
    {
        var fitting = entries.Where(e => e.Key.Equals(key) && e.Trait.IsAssignableFrom(op)).ToArray();
        TValue[] nearest = [.. fitting
            .Where(e => !fitting.Any(other => other.Trait != e.Trait && e.Trait.IsAssignableFrom(other.Trait)))
            .Select(e => e.Value)
            .Distinct()];
        return nearest.Length < 2
            ? nearest.FirstOrDefault()
            : throw new InvalidOperationException($"{op.Name} is served by both {nearest[0]} and {nearest[1]}");
    }

    // Read again when an assembly has been included; what was found before stays right, as included operators are new.
    private ImmutableArray<(TKey Key, Type Trait, TValue Value)> Entries()
    {
        lock (_gate)
        {
            if (_assemblies != OperatorRegistry.Assemblies)
            {
                _assemblies = OperatorRegistry.Assemblies;
                _entries = [.. _assemblies.SelectMany(OperatorRegistry.TypesOf).SelectMany(read)];
            }
            return _entries;
        }
    }
}
