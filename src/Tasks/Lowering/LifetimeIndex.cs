namespace OptimizerBuild.Lowering;

/// <summary>
/// Intervals of lines, with a quick answer to which of them overlap another one: a segment tree (J. L. Bentley, "Solutions to Klee's
/// rectangle problems", 1977), in which each interval is listed at the few nodes that together are its lines, and above them.
/// </summary>
internal sealed class LifetimeIndex
{
    private readonly int _first;
    private readonly int _leaves = 1;
    private readonly List<int>?[] _at;
    private readonly List<int>?[] _below;
    private readonly List<int> _seen = [];

    /// <summary>An index of intervals within the given lines.</summary>
    /// <param name="first">The first line.</param>
    /// <param name="last">The last line.</param>
    public LifetimeIndex(int first, int last)
    {
        _first = first;
        while (_leaves < last - first + 1)
            _leaves *= 2;
        _at = new List<int>?[2 * _leaves];
        _below = new List<int>?[2 * _leaves];
    }

    /// <summary>Adds an interval and returns its number, which counts from 0.</summary>
    /// <param name="from">Its first line.</param>
    /// <param name="to">Its last line.</param>
    public int Add(int from, int to)
    {
        int number = _seen.Count;
        _seen.Add(-1);
        foreach (int node in Cover(from, to))
        {
            (_at[node] ??= []).Add(number);
            for (int above = node; above > 0; above /= 2)
                if ((_below[above] ??= []) is var list && (list.Count == 0 || list[^1] != number))
                    list.Add(number);
        }
        return number;
    }

    /// <summary>The numbers of the intervals that have a line in common with another one, each once, in no order.</summary>
    /// <param name="from">Its first line.</param>
    /// <param name="to">Its last line.</param>
    /// <param name="query">A number that no earlier query had.</param>
    public List<int> Overlapping(int from, int to, int query)
    {
        var found = new List<int>();
        foreach (int node in Cover(from, to))
        {
            Take(_below[node]);
            for (int above = node / 2; above > 0; above /= 2)
                Take(_at[above]);
        }
        return found;

        void Take(List<int>? numbers)
        {
            foreach (int number in numbers ?? [])
            {
                if (_seen[number] == query)
                    continue;
                _seen[number] = query;
                found.Add(number);
            }
        }
    }

    // The fewest nodes of the tree whose lines are those of an interval.
    private IEnumerable<int> Cover(int from, int to)
    {
        int low = from - _first + _leaves, high = to - _first + _leaves + 1;
        for (; low < high; low /= 2, high /= 2)
        {
            if ((low & 1) != 0)
                yield return low++;
            if ((high & 1) != 0)
                yield return --high;
        }
    }
}
