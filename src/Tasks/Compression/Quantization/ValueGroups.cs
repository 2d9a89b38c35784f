using System.Collections.Immutable;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>
/// Sets of values that must share one quantisation, as a disjoint-set forest (B. A. Galler, M. J. Fischer, CACM 7(5), 1964).
/// A group is named by its member that comes first in ordinal order, so that the outcome does not depend on the order of joining.
/// </summary>
internal sealed class ValueGroups
{
    private readonly Dictionary<string, string> _parents = new(StringComparer.Ordinal);

    /// <summary>The name of a value's group.</summary>
    public string Find(string value)
    {
        if (!_parents.TryGetValue(value, out string? root))
            return _parents[value] = value;
        while (_parents[root] != root)
            root = _parents[root];

        // All on the way learn of the root.
        while (value != root)
        {
            string next = _parents[value];
            _parents[value] = root;
            value = next;
        }
        return root;
    }

    /// <summary>Joins the groups of two values.</summary>
    public void Join(string a, string b)
    {
        string x = Find(a);
        string y = Find(b);
        if (x == y)
            return;
        if (string.CompareOrdinal(x, y) < 0)
            _parents[y] = x;
        else
            _parents[x] = y;
    }

    /// <summary>All groups by name, each with its members in ordinal order.</summary>
    public ImmutableSortedDictionary<string, ImmutableArray<string>> All()
    {
        var groups = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        foreach (string value in _parents.Keys.ToArray())
        {
            string root = Find(value);
            if (!groups.TryGetValue(root, out SortedSet<string>? members))
                groups[root] = members = new(StringComparer.Ordinal);
            members.Add(value);
        }
        return groups.ToImmutableSortedDictionary(g => g.Key, g => g.Value.ToImmutableArray(), StringComparer.Ordinal);
    }
}
