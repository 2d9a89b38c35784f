namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.Arm;
using global::System.Runtime.Intrinsics.Wasm;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// Looks bytes up in a table of 256 bytes, with AVX-512VBMI by permutations, with SSSE3 or AVX2 by shuffles, on Arm by TBL and TBX, on
/// WebAssembly by swizzles.
/// </summary>
/// <remarks>
/// VPERMI2B looks up 128 entries by the lower seven bits: two of them and a choice by the top bit are a table of 256.
/// <para>
/// VPSHUFB looks up 16 entries and gives 0 for an index with its top bit set. Half a table is 8 such lookups, the index 16 less each
/// time: the first ones hit the entries, the later ones, once the index is negative, give 0. For all hits together to be one entry,
/// each step's table is the difference (exclusive or) from the one before. Both halves are looked up by the lower seven bits, and the top
/// bit chooses. Each step's table stands twice, so that 256 bits of it are a load and no work for the shuffles' units.
/// </para>
/// <para>
/// TBL looks up 64 entries and gives 0 for an index beyond them, where TBX leaves what was there; i8x16.swizzle does as TBL with 16.
/// </para>
/// </remarks>
internal static class ByteLookup
{
    /// <summary>Bytes of the scratch memory for a table's differences.</summary>
    public const int StepsBytes = 512;

    /// <summary>Bytes of a table.</summary>
    private const int TableSize = 256;

    /// <summary>Whether 64 bytes are looked up at a time.</summary>
    public static bool HasVbmi
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ByteLanes.Has512 && Avx512Vbmi.IsSupported;
    }

    /// <summary>Computes a table's differences.</summary>
    /// <param name="table">The 256 entries.</param>
    /// <param name="steps">Receives <see cref="StepsBytes"/> bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prepare(ref byte table, ref byte steps)
    {
        if (!Ssse3.IsSupported || HasVbmi)
            return;
        for (int half = 0; half < TableSize; half += 128)
        {
            Vector128<byte> before = default;
            for (int i = half; i < half + 128; i += 16)
            {
                Vector128<byte> entries = Vector128.LoadUnsafe(ref Unsafe.Add(ref table, i));
                (entries ^ before).StoreUnsafe(ref Unsafe.Add(ref steps, 2 * i));
                (entries ^ before).StoreUnsafe(ref Unsafe.Add(ref steps, (2 * i) + 16));
                before = entries;
            }
        }
    }

    /// <summary>Looks up adjacent bytes; the output may be the source.</summary>
    /// <param name="source">The bytes.</param>
    /// <param name="target">Receives their entries.</param>
    /// <param name="length">How many.</param>
    /// <param name="table">The 256 entries.</param>
    /// <param name="steps">What <see cref="Prepare"/> computed.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Row(ref byte source, ref byte target, int length, ref byte table, ref byte steps)
    {
        unchecked
        {
            int i = 0;
            if (HasVbmi)
            {
                RowVbmi(ref source, ref target, length, ref table);
                return;
            }

            if (Avx2.IsSupported)
            {
                Vector256<sbyte> sixteen = Vector256.Create((sbyte)16);
                for (; length - i >= 64; i += 64)
                {
                    Vector256<byte> first = Vector256.LoadUnsafe(ref Unsafe.Add(ref source, i));
                    Vector256<byte> second = Vector256.LoadUnsafe(ref Unsafe.Add(ref source, i + 32));
                    Vector256<sbyte> a = (first & Vector256.Create((byte)127)).AsSByte();
                    Vector256<sbyte> b = (second & Vector256.Create((byte)127)).AsSByte();
                    Vector256<sbyte> lower0 = default;
                    Vector256<sbyte> upper0 = default;
                    Vector256<sbyte> lower1 = default;
                    Vector256<sbyte> upper1 = default;
                    for (int step = 0; step < StepsBytes / 2; step += 32)
                    {
                        Vector256<sbyte> lower = Vector256.LoadUnsafe(ref Unsafe.Add(ref steps, step)).AsSByte();
                        Vector256<sbyte> upper = Vector256.LoadUnsafe(ref Unsafe.Add(ref steps, step + (StepsBytes / 2))).AsSByte();
                        lower0 ^= Avx2.Shuffle(lower, a);
                        upper0 ^= Avx2.Shuffle(upper, a);
                        lower1 ^= Avx2.Shuffle(lower, b);
                        upper1 ^= Avx2.Shuffle(upper, b);

                        // Saturating, so that an index that is negative stays so.
                        a = Avx2.SubtractSaturate(a, sixteen);
                        b = Avx2.SubtractSaturate(b, sixteen);
                    }

                    Avx2.BlendVariable(lower0.AsByte(), upper0.AsByte(), first).StoreUnsafe(ref Unsafe.Add(ref target, i));
                    Avx2.BlendVariable(lower1.AsByte(), upper1.AsByte(), second).StoreUnsafe(ref Unsafe.Add(ref target, i + 32));
                }
            }

            if (Ssse3.IsSupported)
            {
                Vector128<sbyte> sixteen = Vector128.Create((sbyte)16);
                for (; length - i >= 16; i += 16)
                {
                    Vector128<sbyte> index = Vector128.LoadUnsafe(ref Unsafe.Add(ref source, i)).AsSByte();
                    Vector128<sbyte> a = index & Vector128.Create((sbyte)127);
                    Vector128<sbyte> lower = default;
                    Vector128<sbyte> upper = default;
                    for (int step = 0; step < StepsBytes / 2; step += 32)
                    {
                        lower ^= Ssse3.Shuffle(Vector128.LoadUnsafe(ref Unsafe.Add(ref steps, step)).AsSByte(), a);
                        upper ^= Ssse3.Shuffle(Vector128.LoadUnsafe(ref Unsafe.Add(ref steps, step + (StepsBytes / 2))).AsSByte(), a);
                        a = Sse2.SubtractSaturate(a, sixteen);
                    }

                    Vector128<sbyte> isUpper = Sse2.CompareGreaterThan(Vector128<sbyte>.Zero, index);
                    ((lower & ~isUpper) | (upper & isUpper)).AsByte().StoreUnsafe(ref Unsafe.Add(ref target, i));
                }
            }

            if (AdvSimd.Arm64.IsSupported && length >= 16)
                i = RowArm(ref source, ref target, length, ref table);
            else if (PackedSimd.IsSupported && length >= 32)
                i = RowWasm(ref source, ref target, length, ref table);
            for (; i < length; i++)
                Unsafe.Add(ref target, i) = Unsafe.Add(ref table, (int)Unsafe.Add(ref source, i));
        }
    }

    /// <summary>Sixteen bytes at a time by TBL and TBX.</summary>
    /// <returns>The bytes done.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int RowArm(ref byte source, ref byte target, int length, ref byte table)
    {
        unchecked
        {
            Vector128<byte> t0 = Vector128.LoadUnsafe(ref table);
            Vector128<byte> t1 = Vector128.LoadUnsafe(ref table, 16);
            Vector128<byte> t2 = Vector128.LoadUnsafe(ref table, 32);
            Vector128<byte> t3 = Vector128.LoadUnsafe(ref table, 48);
            Vector128<byte> t4 = Vector128.LoadUnsafe(ref table, 64);
            Vector128<byte> t5 = Vector128.LoadUnsafe(ref table, 80);
            Vector128<byte> t6 = Vector128.LoadUnsafe(ref table, 96);
            Vector128<byte> t7 = Vector128.LoadUnsafe(ref table, 112);
            Vector128<byte> t8 = Vector128.LoadUnsafe(ref table, 128);
            Vector128<byte> t9 = Vector128.LoadUnsafe(ref table, 144);
            Vector128<byte> t10 = Vector128.LoadUnsafe(ref table, 160);
            Vector128<byte> t11 = Vector128.LoadUnsafe(ref table, 176);
            Vector128<byte> t12 = Vector128.LoadUnsafe(ref table, 192);
            Vector128<byte> t13 = Vector128.LoadUnsafe(ref table, 208);
            Vector128<byte> t14 = Vector128.LoadUnsafe(ref table, 224);
            Vector128<byte> t15 = Vector128.LoadUnsafe(ref table, 240);
            Vector128<byte> quarter = Vector128.Create((byte)64);
            int i = 0;
            for (; length - i >= 16; i += 16)
            {
                Vector128<byte> index = Vector128.LoadUnsafe(ref Unsafe.Add(ref source, i));
                Vector128<byte> x = AdvSimd.Arm64.VectorTableLookup((t0, t1, t2, t3), index);
                index -= quarter;
                x = AdvSimd.Arm64.VectorTableLookupExtension(x, (t4, t5, t6, t7), index);
                index -= quarter;
                x = AdvSimd.Arm64.VectorTableLookupExtension(x, (t8, t9, t10, t11), index);
                index -= quarter;
                x = AdvSimd.Arm64.VectorTableLookupExtension(x, (t12, t13, t14, t15), index);
                x.StoreUnsafe(ref Unsafe.Add(ref target, i));
            }

            return i;
        }
    }

    /// <summary>Thirty-two bytes at a time by swizzles.</summary>
    /// <returns>The bytes done.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int RowWasm(ref byte source, ref byte target, int length, ref byte table)
    {
        unchecked
        {
            Vector128<byte> sixteen = Vector128.Create((byte)16);
            int i = 0;
            for (; length - i >= 32; i += 32)
            {
                Vector128<byte> a = Vector128.LoadUnsafe(ref Unsafe.Add(ref source, i));
                Vector128<byte> b = Vector128.LoadUnsafe(ref Unsafe.Add(ref source, i + 16));
                Vector128<byte> x = Vector128<byte>.Zero;
                Vector128<byte> y = Vector128<byte>.Zero;
                for (int step = 0; step < TableSize; step += 16)
                {
                    Vector128<byte> entries = Vector128.LoadUnsafe(ref Unsafe.Add(ref table, step));
                    x |= PackedSimd.Swizzle(entries, a);
                    y |= PackedSimd.Swizzle(entries, b);
                    a -= sixteen;
                    b -= sixteen;
                }

                x.StoreUnsafe(ref Unsafe.Add(ref target, i));
                y.StoreUnsafe(ref Unsafe.Add(ref target, i + 16));
            }

            return i;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RowVbmi(ref byte source, ref byte target, int length, ref byte table)
    {
        unchecked
        {
            Vector512<byte> t0 = Vector512.LoadUnsafe(ref table);
            Vector512<byte> t1 = Vector512.LoadUnsafe(ref table, 64);
            Vector512<byte> t2 = Vector512.LoadUnsafe(ref table, 128);
            Vector512<byte> t3 = Vector512.LoadUnsafe(ref table, 192);
            if (length < 64)
            {
                // Nothing behind the source is read: it may be the caller's memory.
                Span<byte> part = stackalloc byte[64];
                MemoryMarshal.CreateReadOnlySpan(ref source, length).CopyTo(part);
                ByteLanes512.Store(Look(Vector512.LoadUnsafe(ref part[0]), t0, t1, t2, t3), ref target, length);
                return;
            }

            // The last vector overlaps the one before it; it is loaded first, in case the output is the source.
            Vector512<byte> last = Vector512.LoadUnsafe(ref Unsafe.Add(ref source, length - 64));
            for (int i = 0; length - i > 64; i += 64)
            {
                Vector512<byte> index = Vector512.LoadUnsafe(ref Unsafe.Add(ref source, i));
                Look(index, t0, t1, t2, t3).StoreUnsafe(ref Unsafe.Add(ref target, i));
            }

            Look(last, t0, t1, t2, t3).StoreUnsafe(ref Unsafe.Add(ref target, length - 64));
        }
    }

    /// <summary>The entries of 64 bytes; the table in four parts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Look(
        Vector512<byte> index, Vector512<byte> t0, Vector512<byte> t1, Vector512<byte> t2, Vector512<byte> t3) =>
        Avx512BW.BlendVariable(
            Avx512Vbmi.PermuteVar64x8x2(t0, index, t1), Avx512Vbmi.PermuteVar64x8x2(t2, index, t3), index);
}
