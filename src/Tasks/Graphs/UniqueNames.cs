using System.Globalization;

namespace OptimizerBuild.Graphs;

/// <summary>Gives out names that have not been given out yet, in time that does not grow with the number of equal stems.</summary>
internal sealed class UniqueNames
{
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _next = new(StringComparer.Ordinal);

    /// <summary>Marks a name as given out.</summary>
    public void Reserve(string name) => _taken.Add(name);

    /// <summary>The stem itself, or with the lowest number behind it that makes it new.</summary>
    public string Next(string stem)
    {
        string name = stem;
        while (!_taken.Add(name))
        {
            int number = _next.GetValueOrDefault(stem) + 1;
            _next[stem] = number;
            name = string.Create(CultureInfo.InvariantCulture, $"{stem}_{number}");
        }
        return name;
    }
}
