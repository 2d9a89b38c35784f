using System.Collections.Immutable;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Quantization.Weights;

/// <summary>The integers that the weights of a layer may become: all of a few bits, or a few of them.</summary>
internal sealed class WeightLevels
{
    private readonly sbyte[] _nearest = new sbyte[(2 * Reach) + 1];
    private readonly bool _isDense;

    private const int Reach = 127;

    /// <summary>The levels of 8 bits: −127…127.</summary>
    public static WeightLevels Bits8 { get; } = Dense(127);

    /// <summary>The levels of 4 bits: −7…7.</summary>
    public static WeightLevels Bits4 { get; } = Dense(7);

    /// <summary>−1, 0 and 1.</summary>
    public static WeightLevels Ternary { get; } = Named([-1, 0, 1], "ternary weights");

    /// <summary>−1 and 1.</summary>
    public static WeightLevels Binary { get; } = Named([-1, 1], "binary weights");

    /// <summary>Those that are fewer than 8 bits have, the most of them first.</summary>
    public static ImmutableArray<WeightLevels> Few { get; } = [Bits4, Ternary, Binary];

    private WeightLevels(ImmutableArray<int> all, bool isDense, string name = "")
    {
        Name = name;
        All = all;
        Highest = Math.Max(all[^1], -all[0]);
        _isDense = isDense;
        for (int q = -Reach; q <= Reach; q++)
            _nearest[q + Reach] = (sbyte)all.MinBy(l => Math.Abs(l - q));
    }

    /// <summary>What the report calls them; empty for levels that a layer shares.</summary>
    public string Name { get; }

    /// <summary>Whether a weight is a sign or nothing: −1, 0 or 1 times the scale.</summary>
    public bool IsSigns => this == Ternary || this == Binary;

    /// <summary>The levels that a precision gives weights.</summary>
    public static WeightLevels Of(ModelPrecision precision) => precision switch
    {
        ModelPrecision.Int4 => Bits4,
        ModelPrecision.Ternary => Ternary,
        ModelPrecision.Binary => Binary,
        _ => Bits8,
    };

    /// <summary>The fewest levels of a precision that rounded weights have.</summary>
    public static WeightLevels Fewest(ReadOnlySpan<sbyte> values)
    {
        (int greatest, bool hasZero) = (0, false);
        foreach (sbyte value in values)
            (greatest, hasZero) = (Math.Max(greatest, Math.Abs((int)value)), hasZero || value == 0);
        return greatest > Bits4.Highest ? Bits8 : greatest > 1 ? Bits4 : hasZero ? Ternary : Binary;
    }

    /// <summary>The levels, ascending.</summary>
    public ImmutableArray<int> All { get; }

    /// <summary>The greatest magnitude of a level.</summary>
    public int Highest { get; }

    /// <summary>A few levels, at least one.</summary>
    public static WeightLevels Of(IEnumerable<int> levels) => new([.. levels.Distinct().Order()], false);

    /// <summary>
    /// The level nearest to a real number; of two equally near ones the even one, or the lower one where levels have gaps.
    /// </summary>
    public int Nearest(double value)
    {
        int rounded = (int)Math.Clamp(Math.Round(value), -Highest, Highest);
        if (_isDense)
            return rounded;

        // The nearest to the rounded number may be the second nearest to the number itself.
        int near = _nearest[rounded + Reach], place = All.BinarySearch(near);
        foreach (int other in (ReadOnlySpan<int>)[Math.Max(place - 1, 0), Math.Min(place + 1, All.Length - 1)])
            if (Math.Abs(All[other] - value) < Math.Abs(near - value))
                near = All[other];
        return near;
    }

    private static WeightLevels Dense(int highest) =>
        new([.. Enumerable.Range(-highest, (2 * highest) + 1)], true, highest == Reach ? "weights of 8 bits" : "weights of 4 bits");

    private static WeightLevels Named(int[] levels, string name) => new([.. levels], false, name);
}
