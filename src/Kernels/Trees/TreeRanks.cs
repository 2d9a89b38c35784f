namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Numerics;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// The rank of a feature among ascending thresholds: how many of them it is not at most. The comparisons of all branches with these
/// thresholds follow from it, those with a threshold of at least this rank are yes. NaN is at most nothing.
/// </summary>
internal static class TreeRanks
{
    /// <summary>The rank, found in vectors.</summary>
    /// <param name="x">The feature.</param>
    /// <param name="thresholds">The first of the thresholds, ascending, NaN first; seven more elements may be read behind the last.</param>
    /// <param name="count">Their number.</param>
    /// <typeparam name="T">float32 or double.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Of<T>(T x, ref T thresholds, nint count)
        where T : unmanaged
    {
        Vector256<T> value = Vector256.Create(x);
        for (nint i = 0; i < count; i += Vector256<T>.Count)
        {
            uint yes = Vector256.LessThanOrEqual(value, Vector256.LoadUnsafe(ref thresholds, (nuint)i)).ExtractMostSignificantBits();
            if (yes != 0)
                return Math.Min(i + BitOperations.TrailingZeroCount(yes), count);
        }
        return count;
    }

    /// <summary>The rank, found one threshold after the other.</summary>
    /// <inheritdoc cref="Of{T}"/>
    public static nint OneByOne<T>(T x, ref T thresholds, nint count)
        where T : unmanaged, INumber<T>
    {
        nint rank = 0;
        while (rank < count && !(x <= Unsafe.Add(ref thresholds, rank)))
            rank++;
        return rank;
    }
}
