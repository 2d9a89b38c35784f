namespace OptimizerBuild.Kernels;

using global::System;

/// <summary>
/// Which places of a line make up each place of its resized form, and with which weights; computed in integers, so that they are the same
/// everywhere. Three filters: a triangle as wide as the reduction asks for (bilinear with antialiasing, as PIL and torchvision have it),
/// one of two places whatever the reduction is (bilinear without), and the share of the area that two places have in common.
/// </summary>
internal sealed class ResamplingWeights
{
    /// <summary>The triangle that widens with the reduction.</summary>
    public const int Bilinear = 0;

    /// <summary>The triangle between neighbours.</summary>
    public const int BilinearNoAntialias = 1;

    /// <summary>Areas.</summary>
    public const int Area = 2;

    private int[] _firsts = [];
    private int[] _ends = [];
    private uint[] _weights = [];

    // Places that each result has room for.
    private int _room;

    /// <summary>The first place that any result reads.</summary>
    public int Start { get; private set; }

    /// <summary>Behind the last place that any result reads.</summary>
    public int End { get; private set; }

    /// <summary>Computes the weights; allocates only where an earlier line took fewer.</summary>
    /// <param name="length">The line's length, from 1 to 65,535.</param>
    /// <param name="resized">Its resized form's length, from 1 to 65,535,000.</param>
    /// <param name="start">The place in the resized form from which results count.</param>
    /// <param name="count">How many results there are.</param>
    /// <param name="filter">The filter.</param>
    public void Prepare(int length, int resized, int start, int count, int filter)
    {
        unchecked
        {
            _room = (int)Math.Min(length, (2 * ((long)length + resized - 1) / resized) + 3);
            if (_firsts.Length < count)
            {
                _firsts = new int[count];
                _ends = new int[count];
            }

            if (_weights.Length < (long)count * _room)
                _weights = new uint[(long)count * _room];
            Start = length;
            End = 0;
            for (int i = 0; i < count; i++)
            {
                PrepareOne(i, length, resized, start + i, filter);
                Start = Math.Min(Start, _firsts[i]);
                End = Math.Max(End, _ends[i]);
            }
        }
    }

    /// <summary>The first place that a result reads.</summary>
    public int First(int result) => _firsts[result];

    /// <summary>The weights of that place and those that follow it; their sum is 2^15.</summary>
    public ReadOnlySpan<uint> Of(int result) => new ReadOnlySpan<uint>(_weights, result * _room, _ends[result] - _firsts[result]);

    private void PrepareOne(int result, int length, int resized, long place, int filter)
    {
        unchecked
        {
            // In units in which a place of the line is 2 · resized long and one of its resized form 2 · length.
            long center = ((2 * place) + 1) * length;
            long reach = filter switch
            {
                Bilinear => 2L * Math.Max(length, resized),
                BilinearNoAntialias => 2L * resized,
                _ => (long)length + resized,
            };
            long unit = 2L * resized;
            long first = Math.Max(0, (center - reach) / unit);
            long end = Math.Min(length, ((center + reach) / unit) + 1);
            while (first < end - 1 && Share(first, center, reach, length, resized, filter) == 0)
                first++;
            while (end > first + 1 && Share(end - 1, center, reach, length, resized, filter) == 0)
                end--;
            long total = 0;
            for (long j = first; j < end; j++)
                total += Share(j, center, reach, length, resized, filter);
            _firsts[result] = (int)first;
            _ends[result] = (int)end;

            // Rounded so that what each lacks goes to the next one, and the sum is exact.
            long sum = 0;
            uint before = 0;
            for (long j = first; j < end; j++)
            {
                sum += Share(j, center, reach, length, resized, filter);
                uint upTo = (uint)(((sum << (ImageRows.WeightBits + 1)) + total) / (2 * total));
                _weights[(result * _room) + (int)(j - first)] = upTo - before;
                before = upTo;
            }
        }
    }

    private static long Share(long place, long center, long reach, int length, int resized, int filter)
    {
        unchecked
        {
            long distance = Math.Abs((((2 * place) + 1) * resized) - center);
            long share = Math.Max(0, reach - distance);
            // Two intervals of these lengths have at most the shorter one in common.
            return filter == Area ? Math.Min(share, 2L * Math.Min(length, resized)) : share;
        }
    }
}
