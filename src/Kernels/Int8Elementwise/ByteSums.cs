namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>Sums of bytes over a grid of runs, each position of a run for itself, requantised to u8: pooling and means.</summary>
internal static class ByteSums
{
    /// <summary>Positions that are requantised together, and the length of the scratch memory that callers lend.</summary>
    public const int Block = 128;

    /// <summary>Positions that are summed together.</summary>
    private const int Lanes = 16;

    /// <summary>Runs whose sum cannot overflow 16 bits: 257 · 255 = 65,535.</summary>
    private const int RunsIn16Bits = 257;

    /// <summary>Pairs of runs whose sum cannot overflow 16 bits: 128 · 510 = 65,280.</summary>
    private const int PairsIn16Bits = 128;

    /// <summary>Reduces [rows][columns] runs of adjacent bytes to one run.</summary>
    /// <param name="arena">Byte 0 of the arena.</param>
    /// <param name="source">Arena offset of the first run.</param>
    /// <param name="rows">Rows of runs.</param>
    /// <param name="rowStep">Bytes from one row to the next.</param>
    /// <param name="columns">Runs of a row.</param>
    /// <param name="columnStep">Bytes from one run of a row to the next.</param>
    /// <param name="zeroPoint">The runs' zero point, subtracted from every byte.</param>
    /// <param name="sums">Scratch memory of <see cref="Block"/> elements.</param>
    /// <param name="multipliers">The requantisation's multiplier, <see cref="Block"/> times.</param>
    /// <param name="requantization">Shift, zero point and bounds.</param>
    /// <param name="output">Arena offset of the output.</param>
    /// <param name="length">Bytes of a run.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Reduce(
        ref byte arena,
        int source,
        int rows,
        int rowStep,
        int columns,
        int columnStep,
        int zeroPoint,
        Span<int> sums,
        ReadOnlySpan<int> multipliers,
        in Requantization requantization,
        int output,
        int length)
    {
        unchecked
        {
            int start = -(rows * columns * zeroPoint);
            if (!Vector128.IsHardwareAccelerated || length < 4)
            {
                Single(
                    ref Unsafe.Add(ref arena, (nint)source), rows, rowStep, columns, columnStep, zeroPoint, multipliers[0],
                    in requantization, ref Unsafe.Add(ref arena, (nint)output), length);
                return;
            }

            ref byte multiplier = ref Unsafe.As<int, byte>(ref MemoryMarshal.GetReference(multipliers));
            for (int i = 0; i < length; i += Block)
            {
                int block = Math.Min(length - i, Block);
                int lane = 0;
                if (ByteLanes.Has512)
                {
                    for (; block - lane > Lanes; lane += 4 * Lanes)
                    {
                        SumWide(
                            ref Unsafe.Add(ref arena, (nint)(source + i + lane)), rows, rowStep, columns, columnStep, start,
                            ref sums[lane]);
                    }
                }

                for (; lane < block; lane += Lanes)
                    Sum(ref Unsafe.Add(ref arena, (nint)(source + i + lane)), rows, rowStep, columns, columnStep, start, ref sums[lane]);
                int to = output + i;
                RequantizedStore.Rows(ref arena, ref sums[0], Block, ref to, 1, block, ref multiplier, in requantization);
            }
        }
    }

    /// <summary>The same one position after the other, for runs of a few bytes and for the start-up path.</summary>
    /// <param name="source">The first run.</param>
    /// <param name="rows">Rows of runs.</param>
    /// <param name="rowStep">Bytes from one row to the next.</param>
    /// <param name="columns">Runs of a row.</param>
    /// <param name="columnStep">Bytes from one run of a row to the next.</param>
    /// <param name="zeroPoint">The runs' zero point, subtracted from every byte.</param>
    /// <param name="multiplier">The requantisation's multiplier.</param>
    /// <param name="requantization">Shift, zero point and bounds.</param>
    /// <param name="output">Where the output goes.</param>
    /// <param name="length">Bytes of a run.</param>
    public static void Single(
        ref byte source, int rows, int rowStep, int columns, int columnStep, int zeroPoint, int multiplier,
        in Requantization requantization, ref byte output, int length)
    {
        unchecked
        {
            for (int i = 0; i < length; i++)
            {
                int sum = -(rows * columns * zeroPoint);
                for (int y = 0; y < rows; y++)
                {
                    for (int x = 0; x < columns; x++)
                        sum += Unsafe.Add(ref source, (nint)((y * rowStep) + (x * columnStep) + i));
                }

                Unsafe.Add(ref output, i) = (byte)requantization.Apply((long)sum * multiplier);
            }
        }
    }

    /// <summary>Sixteen sums: in 16 bits as long as they fit, then in 32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Sum(ref byte source, int rows, int rowStep, int columns, int columnStep, int start, ref int sums)
    {
        unchecked
        {
            Vector128<uint> a0 = Vector128.Create((uint)start);
            Vector128<uint> a1 = a0;
            Vector128<uint> a2 = a0;
            Vector128<uint> a3 = a0;
            Vector128<ushort> low = default;
            Vector128<ushort> high = default;
            int room = RunsIn16Bits;
            for (int y = 0; y < rows; y++)
            {
                ref byte run = ref Unsafe.Add(ref source, (nint)(y * rowStep));
                for (int x = 0; x < columns; x++)
                {
                    Vector128<byte> bytes = Vector128.LoadUnsafe(ref run);
                    low += Vector128.WidenLower(bytes);
                    high += Vector128.WidenUpper(bytes);
                    run = ref Unsafe.Add(ref run, (nint)columnStep);
                    if (--room == 0)
                    {
                        a0 += Vector128.WidenLower(low);
                        a1 += Vector128.WidenUpper(low);
                        a2 += Vector128.WidenLower(high);
                        a3 += Vector128.WidenUpper(high);
                        low = default;
                        high = default;
                        room = RunsIn16Bits;
                    }
                }
            }

            (a0 + Vector128.WidenLower(low)).AsInt32().StoreUnsafe(ref sums);
            (a1 + Vector128.WidenUpper(low)).AsInt32().StoreUnsafe(ref sums, 4);
            (a2 + Vector128.WidenLower(high)).AsInt32().StoreUnsafe(ref sums, 8);
            (a3 + Vector128.WidenUpper(high)).AsInt32().StoreUnsafe(ref sums, 12);
        }
    }

    /// <summary>Sums of 64 positions, two runs at a time: the bytes of both side by side, added in pairs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumWide(ref byte source, int rows, int rowStep, int columns, int columnStep, int start, ref int sums)
    {
        unchecked
        {
            Vector512<uint> a0 = Vector512.Create((uint)start);
            Vector512<uint> a1 = a0;
            Vector512<uint> a2 = a0;
            Vector512<uint> a3 = a0;
            Vector512<ushort> low = default;
            Vector512<ushort> high = default;
            Vector512<sbyte> ones = Vector512.Create((sbyte)1);
            int room = PairsIn16Bits;
            for (int y = 0; y < rows; y++)
            {
                ref byte run = ref Unsafe.Add(ref source, (nint)(y * rowStep));
                for (int left = columns; left > 0; left -= 2)
                {
                    Vector512<byte> first = Vector512.LoadUnsafe(ref run);
                    Vector512<byte> second = left > 1
                        ? Vector512.LoadUnsafe(ref Unsafe.Add(ref run, (nint)columnStep)) : Vector512<byte>.Zero;
                    low += Avx512BW.MultiplyAddAdjacent(Avx512BW.UnpackLow(first, second), ones).AsUInt16();
                    high += Avx512BW.MultiplyAddAdjacent(Avx512BW.UnpackHigh(first, second), ones).AsUInt16();
                    run = ref Unsafe.Add(ref run, 2 * (nint)columnStep);
                    if (--room == 0)
                    {
                        a0 += Vector512.WidenLower(low);
                        a1 += Vector512.WidenUpper(low);
                        a2 += Vector512.WidenLower(high);
                        a3 += Vector512.WidenUpper(high);
                        low = default;
                        high = default;
                        room = PairsIn16Bits;
                    }
                }
            }

            // Unpacking took eight bytes of each sixteen.
            Store(a0 + Vector512.WidenLower(low), ref sums);
            Store(a1 + Vector512.WidenUpper(low), ref Unsafe.Add(ref sums, 32));
            Store(a2 + Vector512.WidenLower(high), ref Unsafe.Add(ref sums, 8));
            Store(a3 + Vector512.WidenUpper(high), ref Unsafe.Add(ref sums, 40));
        }
    }

    /// <summary>Two eights of sums, sixteen positions apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector512<uint> values, ref int sums)
    {
        values.GetLower().AsInt32().StoreUnsafe(ref sums);
        values.GetUpper().AsInt32().StoreUnsafe(ref sums, 16);
    }
}
