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

    /// <summary>Stores the first bytes of every row of a block.</summary>
    /// <param name="bytes">The rows.</param>
    /// <param name="pitch">Bytes from one to the next: 8 or 16.</param>
    /// <param name="rows">How many.</param>
    /// <param name="output">Where the offsets of the outputs start.</param>
    /// <param name="outputs">For each row the offset of its first output.</param>
    /// <param name="count">How many bytes of a row.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows(ref byte bytes, int pitch, int rows, ref byte output, ref int outputs, int count)
    {
        unchecked
        {
            // Two stores that overlap are as many bytes as there are, whatever their number.
            for (; rows > 0; rows--)
            {
                ref byte to = ref Unsafe.Add(ref output, (nint)outputs);
                if (count >= 8)
                {
                    Unsafe.WriteUnaligned(ref to, Unsafe.ReadUnaligned<ulong>(ref bytes));
                    Unsafe.WriteUnaligned(
                        ref Unsafe.Add(ref to, count - 8), Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref bytes, count - 8)));
                }
                else if (count >= 4)
                {
                    Unsafe.WriteUnaligned(ref to, Unsafe.ReadUnaligned<uint>(ref bytes));
                    Unsafe.WriteUnaligned(
                        ref Unsafe.Add(ref to, count - 4), Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref bytes, count - 4)));
                }
                else
                {
                    Bytes(Unsafe.ReadUnaligned<uint>(ref bytes), ref to, count);
                }

                bytes = ref Unsafe.Add(ref bytes, pitch);
                outputs = ref Unsafe.Add(ref outputs, 1);
            }
        }
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
