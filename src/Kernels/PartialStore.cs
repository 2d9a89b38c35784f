namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>Stores the first few bytes of a register and not one more: what follows in memory belongs to somebody else.</summary>
internal static class PartialStore
{
    /// <summary>Stores the first of eight bytes.</summary>
    /// <param name="bytes">The bytes, the first one lowest.</param>
    /// <param name="output">Where to.</param>
    /// <param name="count">How many; 8 or more for all.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Bytes(ulong bytes, ref byte output, int count)
    {
        unchecked
        {
            if (count >= 8)
            {
                Unsafe.WriteUnaligned(ref output, bytes);
                return;
            }

            if ((count & 4) != 0)
            {
                Unsafe.WriteUnaligned(ref output, (uint)bytes);
                output = ref Unsafe.Add(ref output, 4);
                bytes >>= 32;
            }

            if ((count & 2) != 0)
            {
                Unsafe.WriteUnaligned(ref output, (ushort)bytes);
                output = ref Unsafe.Add(ref output, 2);
                bytes >>= 16;
            }

            if ((count & 1) != 0)
                output = (byte)bytes;
        }
    }

    /// <summary>Stores the first bytes of up to four rows.</summary>
    /// <param name="row0">The bytes of the first row, the first one lowest; the others follow.</param>
    /// <param name="rows">How many rows there are: 1…4.</param>
    /// <param name="output">Where the offsets of the outputs start.</param>
    /// <param name="outputs">For each row the offset of its first output.</param>
    /// <param name="count">How many bytes of a row: 1…8.</param>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void Rows(ulong row0, ulong row1, ulong row2, ulong row3, int rows, ref byte output, ref int outputs, int count)
    {
        Bytes(row0, ref Unsafe.Add(ref output, (nint)outputs), count);
        if (rows > 1)
            Bytes(row1, ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 1)), count);
        if (rows > 2)
            Bytes(row2, ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 2)), count);
        if (rows > 3)
            Bytes(row3, ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 3)), count);
    }

    /// <summary>Stores the first of sixteen bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Bytes(Vector128<byte> bytes, ref byte output, int count)
    {
        if (count >= 16)
        {
            bytes.StoreUnsafe(ref output);
            return;
        }

        if (count >= 8)
        {
            Unsafe.WriteUnaligned(ref output, bytes.AsUInt64().ToScalar());
            Bytes(bytes.AsUInt64().GetElement(1), ref Unsafe.Add(ref output, 8), unchecked(count - 8));
            return;
        }

        Bytes(bytes.AsUInt64().ToScalar(), ref output, count);
    }
}
