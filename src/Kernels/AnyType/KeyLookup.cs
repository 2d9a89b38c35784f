namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>
/// The places of elements among sorted keys: 1 for the first key, 0 for an element that is none. Elements are compared as
/// <see cref="IComparable{T}"/> does it, so that a NaN finds the key NaN, and −0 is 0.
/// </summary>
internal static class KeyLookup
{
    /// <summary>Looks all elements up.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the elements.</param>
    /// <param name="keys">Weights offset of the keys, in ascending order.</param>
    /// <param name="output">Arena offset of the places, of 32 bits.</param>
    /// <param name="elementType">The type of elements and keys, a number of <see cref="NumericType"/>: an integer of 16, 32 or 64 bits
    /// with a sign, a float or a double.</param>
    /// <param name="count">The number of elements.</param>
    /// <param name="keyCount">The number of keys.</param>
    public static void Run(Workspace w, int input, int keys, int output, int elementType, int count, int keyCount)
    {
        ref byte from = ref w.Operand(input);
        switch (elementType)
        {
            case NumericType.Int16:
                Search(ref Unsafe.As<byte, short>(ref from), w.WeightSpan<short>(keys, keyCount), w.ArenaSpan<int>(output, count));
                break;
            case NumericType.Int32:
                Search(ref Unsafe.As<byte, int>(ref from), w.WeightSpan<int>(keys, keyCount), w.ArenaSpan<int>(output, count));
                break;
            case NumericType.Int64:
                Search(ref Unsafe.As<byte, long>(ref from), w.WeightSpan<long>(keys, keyCount), w.ArenaSpan<int>(output, count));
                break;
            case NumericType.Float64:
                Search(ref Unsafe.As<byte, double>(ref from), w.WeightSpan<double>(keys, keyCount), w.ArenaSpan<int>(output, count));
                break;
            default:
                Search(ref Unsafe.As<byte, float>(ref from), w.WeightSpan<float>(keys, keyCount), w.ArenaSpan<int>(output, count));
                break;
        }
    }

    private static void Search<T>(ref T from, ReadOnlySpan<T> keys, Span<int> places)
        where T : unmanaged, IComparable<T>
    {
        for (int i = 0; i < places.Length; i++)
        {
            T x = Unsafe.Add(ref from, i);
            int low = 0;
            int high = keys.Length;
            while (low < high)
            {
                int middle = (low + high) >>> 1;
                if (keys[middle].CompareTo(x) < 0)
                    low = middle + 1;
                else
                    high = middle;
            }
            places[i] = low < keys.Length && keys[low].CompareTo(x) == 0 ? low + 1 : 0;
        }
    }
}
