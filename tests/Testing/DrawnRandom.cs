using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;

namespace OptimizerBuild.Testing;

/// <summary>
/// A source of random numbers whose numbers are an input of a property: where a property fails, FsCheck leaves numbers out and makes them
/// smaller, and whatever is built from them shrinks along. Behind the last number there are only zeros, so that a builder for which 0 is
/// the simplest choice ends soon.
/// </summary>
/// <param name="numbers">The numbers, from 0 on.</param>
public sealed class DrawnRandom(ImmutableArray<int> numbers) : Random
{
    private int _next;

    /// <summary>Numbers for builders that take up to so many.</summary>
    public static Arbitrary<ImmutableArray<int>> Numbers(int most) => Arb.From(
        from count in Gen.Choose(most / 2, most)
        from drawn in Gen.Choose(0, int.MaxValue).ArrayOf(count)
        select drawn.ToImmutableArray(),
        large => Shrinking.List(large, 0, number => Shrinking.Number(number)));

    /// <inheritdoc/>
    public override int Next() => Next(int.MaxValue);

    /// <inheritdoc/>
    public override int Next(int maxValue) => (int)NextInt64(0, maxValue);

    /// <inheritdoc/>
    public override int Next(int minValue, int maxValue) => (int)NextInt64(minValue, maxValue);

    /// <inheritdoc/>
    public override long NextInt64() => NextInt64(0, long.MaxValue);

    /// <inheritdoc/>
    public override long NextInt64(long maxValue) => NextInt64(0, maxValue);

    /// <inheritdoc/>
    public override long NextInt64(long minValue, long maxValue)
    {
        ulong range = unchecked((ulong)maxValue - (ulong)minValue);
        if (range == 0)
            return minValue;
        ulong drawn = (ulong)Draw();
        if (range > int.MaxValue)
            drawn = unchecked((drawn << 33) ^ ((ulong)Draw() << 2) ^ (uint)Draw());
        return unchecked((long)((ulong)minValue + (drawn % range)));
    }

    /// <inheritdoc/>
    public override double NextDouble() => Draw() / (int.MaxValue + 1.0);

    /// <inheritdoc/>
    public override float NextSingle() => (Draw() >> 7) / (float)(1 << 24);

    /// <inheritdoc/>
    public override void NextBytes(Span<byte> buffer)
    {
        for (int i = 0; i < buffer.Length; i++)
            buffer[i] = (byte)Draw();
    }

    /// <inheritdoc/>
    public override void NextBytes(byte[] buffer) => NextBytes(buffer.AsSpan());

    /// <inheritdoc/>
    protected override double Sample() => NextDouble();

    private int Draw() => _next < numbers.Length ? numbers[_next++] : 0;
}
