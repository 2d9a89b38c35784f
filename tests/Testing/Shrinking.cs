using System.Collections.Immutable;

namespace OptimizerBuild.Testing;

/// <summary>What drawn inputs shrink to: smaller inputs of the same form, those first that leave out most.</summary>
public static class Shrinking
{
    /// <summary>Numbers between a value and the least one, the least one first.</summary>
    public static IEnumerable<int> Number(int value, int least = 0)
    {
        for (long step = (long)value - least; step != 0; step /= 2)
            yield return (int)(value - step);
    }

    /// <summary>Lists without a half, without one element, and with one element shrunk.</summary>
    /// <param name="items">The list.</param>
    /// <param name="least">How many elements stay at least.</param>
    /// <param name="element">What an element shrinks to.</param>
    public static IEnumerable<ImmutableArray<T>> List<T>(ImmutableArray<T> items, int least, Func<T, IEnumerable<T>> element)
    {
        for (int length = items.Length / 2; length > 0; length /= 2)
            for (int at = 0; at + length <= items.Length; at += length)
                if (items.Length - length >= least)
                    yield return items.RemoveRange(at, length);
        foreach (ImmutableArray<T> same in Elements(items, element))
            yield return same;
    }

    /// <summary>Lists of the same length with one element shrunk.</summary>
    public static IEnumerable<ImmutableArray<T>> Elements<T>(ImmutableArray<T> items, Func<T, IEnumerable<T>> element)
    {
        for (int i = 0; i < items.Length; i++)
            foreach (T smaller in element(items[i]))
                yield return items.SetItem(i, smaller);
    }
}
