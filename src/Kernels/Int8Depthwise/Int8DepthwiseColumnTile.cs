namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// The register tile of depthwise kernels of 3×3 with AVX-512: two output pixels of one or two rows at a time, whose columns of input rows
/// are interleaved in registers and serve as many pixels as read them.
/// </summary>
/// <remarks>
/// <para>Nothing waits in memory: each column's rows are loaded once and unpacked within 128 bits, which packing the requantised sums
/// undoes. Columns that the next pixels read, too, stay in registers.</para>
/// <para>Operands have letters in the order of columns, two for each column (<see cref="IDepthwiseColumns"/>), k and l of the first one,
/// and numbers 0 to 3 for the quarters of the channels.</para>
/// <para>A vector of 64 bytes holds 64 channels of a pixel, or 32 or 16 channels of two or four pixels that are far apart: of as many
/// segments of the row.</para>
/// </remarks>
internal static class Int8DepthwiseColumnTile
{
    /// <summary>Computes one or two output rows of a block of channels.</summary>
    /// <param name="row">What to compute.</param>
    /// <param name="input">The top-left tap of the first output pixel.</param>
    /// <param name="table">The block's parameters (<see cref="Int8DepthwiseColumnTable"/>).</param>
    /// <param name="upper">Where the first pixel's first output goes.</param>
    /// <param name="lower">The same of the output row below; not used where there is one row.</param>
    /// <typeparam name="TColumns">How products are summed.</typeparam>
    /// <typeparam name="TSegments">Segments of the row: 1, 2 or 4.</typeparam>
    /// <typeparam name="TRows">Output rows: 2 read four input rows, 1 reads three.</typeparam>
    /// <typeparam name="TStride">Input pixels from one output pixel to the next: 1 or 2.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TColumns, TSegments, TRows, TStride>(
        in Int8DepthwiseColumnRow row, ref byte input, ref byte table, ref byte upper, ref byte lower)
        where TColumns : struct, IDepthwiseColumns
        where TSegments : struct, IExtent
        where TRows : struct, IExtent
        where TStride : struct, IExtent
    {
        unchecked
        {
            int recordBytes = Int8DepthwiseColumnTable.RecordBytes(TColumns.TapBytes);
            ref byte record2 = ref Unsafe.Add(ref table, 2 * recordBytes);
            ref byte ends = ref Unsafe.Add(ref table, 4 * recordBytes);
            Pairs<TSegments, TRows>(
                in row, ref input, out Vector512<byte> a, out Vector512<byte> b, out Vector512<byte> c, out Vector512<byte> d);
            TColumns.Operands(a, b, out Vector512<int> k0, out Vector512<int> l0, out Vector512<int> k1, out Vector512<int> l1);
            TColumns.Operands(c, d, out Vector512<int> k2, out Vector512<int> l2, out Vector512<int> k3, out Vector512<int> l3);
            input = ref Unsafe.Add(ref input, row.InputPixelStride);
            Vector512<int> m0 = default;
            Vector512<int> n0 = default;
            Vector512<int> m1 = default;
            Vector512<int> n1 = default;
            Vector512<int> m2 = default;
            Vector512<int> n2 = default;
            Vector512<int> m3 = default;
            Vector512<int> n3 = default;
            if (Unsafe.SizeOf<TStride>() == 1)
            {
                Pairs<TSegments, TRows>(in row, ref input, out a, out b, out c, out d);
                TColumns.Operands(a, b, out m0, out n0, out m1, out n1);
                TColumns.Operands(c, d, out m2, out n2, out m3, out n3);
                input = ref Unsafe.Add(ref input, row.InputPixelStride);
            }

            int x = row.Pixels;
            for (; x >= 2; x -= 2)
            {
                Pairs<TSegments, TRows>(in row, ref input, out a, out b, out c, out d);
                input = ref Unsafe.Add(ref input, row.InputPixelStride);
                Pairs<TSegments, TRows>(
                    in row, ref input, out Vector512<byte> e, out Vector512<byte> f, out Vector512<byte> g, out Vector512<byte> h);
                input = ref Unsafe.Add(ref input, row.InputPixelStride);
                Vector512<byte> i = e;
                Vector512<byte> j = f;
                Vector512<byte> o = g;
                Vector512<byte> p = h;
                Vector512<byte> q = e;
                Vector512<byte> r = f;
                Vector512<byte> s = g;
                Vector512<byte> t = h;
                if (Unsafe.SizeOf<TStride>() == 2)
                {
                    Pairs<TSegments, TRows>(in row, ref input, out i, out j, out o, out p);
                    input = ref Unsafe.Add(ref input, row.InputPixelStride);
                    Pairs<TSegments, TRows>(in row, ref input, out q, out r, out s, out t);
                    input = ref Unsafe.Add(ref input, row.InputPixelStride);
                }

                Half<TColumns, TRows, TStride, Extent2>(
                    ref table, ref ends, a, b, e, f, i, j, q, r, ref k0, ref l0, ref k1, ref l1, ref m0, ref n0, ref m1, ref n1,
                    out Vector512<short> u0, out Vector512<short> u1, out Vector512<short> v0, out Vector512<short> v1);
                Half<TColumns, TRows, TStride, Extent2>(
                    ref record2, ref ends, c, d, g, h, o, p, s, t, ref k2, ref l2, ref k3, ref l3, ref m2, ref n2, ref m3, ref n3,
                    out Vector512<short> w0, out Vector512<short> w1, out Vector512<short> x0, out Vector512<short> x1);
                Store<TSegments>(in row, ref ends, u0, w0, ref upper);
                Store<TSegments>(in row, ref ends, u1, w1, ref Unsafe.Add(ref upper, row.OutputPixelStride));
                upper = ref Unsafe.Add(ref upper, 2 * row.OutputPixelStride);
                if (Unsafe.SizeOf<TRows>() == 2)
                {
                    Store<TSegments>(in row, ref ends, v0, x0, ref lower);
                    Store<TSegments>(in row, ref ends, v1, x1, ref Unsafe.Add(ref lower, row.OutputPixelStride));
                    lower = ref Unsafe.Add(ref lower, 2 * row.OutputPixelStride);
                }
            }

            if (x > 0)
            {
                Pairs<TSegments, TRows>(in row, ref input, out a, out b, out c, out d);
                Vector512<byte> e = a;
                Vector512<byte> f = b;
                Vector512<byte> g = c;
                Vector512<byte> h = d;
                if (Unsafe.SizeOf<TStride>() == 2)
                    Pairs<TSegments, TRows>(in row, ref Unsafe.Add(ref input, row.InputPixelStride), out e, out f, out g, out h);
                Half<TColumns, TRows, TStride, Extent1>(
                    ref table, ref ends, a, b, e, f, e, f, e, f, ref k0, ref l0, ref k1, ref l1, ref m0, ref n0, ref m1, ref n1,
                    out Vector512<short> u, out _, out Vector512<short> v, out _);
                Half<TColumns, TRows, TStride, Extent1>(
                    ref record2, ref ends, c, d, g, h, g, h, g, h, ref k2, ref l2, ref k3, ref l3, ref m2, ref n2, ref m3, ref n3,
                    out Vector512<short> w, out _, out Vector512<short> z, out _);
                Store<TSegments>(in row, ref ends, u, w, ref upper);
                if (Unsafe.SizeOf<TRows>() == 2)
                    Store<TSegments>(in row, ref ends, v, z, ref lower);
            }
        }
    }

    /// <summary>Half of the channels of one or two pixels of one or two rows, requantised to words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Half<TColumns, TRows, TStride, TPixels>(
        ref byte record, ref byte ends, Vector512<byte> a, Vector512<byte> b, Vector512<byte> c, Vector512<byte> d, Vector512<byte> e,
        Vector512<byte> f, Vector512<byte> g, Vector512<byte> h,
        ref Vector512<int> k0, ref Vector512<int> l0, ref Vector512<int> k1, ref Vector512<int> l1, ref Vector512<int> m0,
        ref Vector512<int> n0, ref Vector512<int> m1, ref Vector512<int> n1, out Vector512<short> upper0, out Vector512<short> upper1,
        out Vector512<short> lower0, out Vector512<short> lower1)
        where TColumns : struct, IDepthwiseColumns
        where TRows : struct, IExtent
        where TStride : struct, IExtent
        where TPixels : struct, IExtent
    {
        unchecked
        {
            Vector512<int> o0, p0, o1, p1;
            Vector512<int> q0, r0, q1, r1;
            Vector512<int> s0, t0, s1, t1;
            if (Unsafe.SizeOf<TStride>() == 1)
            {
                TColumns.Operands(a, b, out o0, out p0, out o1, out p1);
                q0 = s0 = o0;
                r0 = t0 = p0;
                q1 = s1 = o1;
                r1 = t1 = p1;
                if (Unsafe.SizeOf<TPixels>() == 2)
                    TColumns.Operands(c, d, out q0, out r0, out q1, out r1);
            }
            else
            {
                TColumns.Operands(a, b, out m0, out n0, out m1, out n1);
                TColumns.Operands(c, d, out o0, out p0, out o1, out p1);
                q0 = s0 = o0;
                r0 = t0 = p0;
                q1 = s1 = o1;
                r1 = t1 = p1;
                if (Unsafe.SizeOf<TPixels>() == 2)
                {
                    TColumns.Operands(e, f, out q0, out r0, out q1, out r1);
                    TColumns.Operands(g, h, out s0, out t0, out s1, out t1);
                }
            }

            Quarter<TColumns, TRows, TStride, TPixels>(
                ref record, k0, l0, m0, n0, o0, p0, q0, r0, s0, t0, out Vector512<int> u0, out Vector512<int> u1,
                out Vector512<int> v0, out Vector512<int> v1);
            Quarter<TColumns, TRows, TStride, TPixels>(
                ref Unsafe.Add(ref record, Int8DepthwiseColumnTable.RecordBytes(TColumns.TapBytes)), k1, l1, m1, n1, o1, p1,
                q1, r1, s1, t1, out Vector512<int> w0, out Vector512<int> w1, out Vector512<int> x0, out Vector512<int> x1);
            upper0 = Words(u0, w0, ref ends);
            upper1 = Unsafe.SizeOf<TPixels>() == 2 ? Words(u1, w1, ref ends) : upper0;
            lower0 = Unsafe.SizeOf<TRows>() == 2 ? Words(v0, x0, ref ends) : upper0;
            lower1 = Unsafe.SizeOf<TPixels>() == 2 && Unsafe.SizeOf<TRows>() == 2 ? Words(v1, x1, ref ends) : upper0;
            if (Unsafe.SizeOf<TStride>() == 1)
            {
                k0 = o0;
                l0 = p0;
                k1 = o1;
                l1 = p1;
                m0 = q0;
                n0 = r0;
                m1 = q1;
                n1 = r1;
            }
            else
            {
                k0 = s0;
                l0 = t0;
                k1 = s1;
                l1 = t1;
            }
        }
    }

    /// <summary>The upper halves of the scaled sums of one vector of each pixel and row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quarter<TColumns, TRows, TStride, TPixels>(
        ref byte record, Vector512<int> k, Vector512<int> l, Vector512<int> m,
        Vector512<int> n, Vector512<int> o, Vector512<int> p, Vector512<int> q, Vector512<int> r, Vector512<int> s, Vector512<int> t,
        out Vector512<int> upper0, out Vector512<int> upper1, out Vector512<int> lower0, out Vector512<int> lower1)
        where TColumns : struct, IDepthwiseColumns
        where TRows : struct, IExtent
        where TStride : struct, IExtent
        where TPixels : struct, IExtent
    {
        unchecked
        {
            Vector512<int> start = Vector512.LoadUnsafe(ref record, Int8DepthwiseColumnTable.Start).AsInt32();
            ref byte tap = ref Unsafe.Add(ref record, Int8DepthwiseColumnTable.Taps);
            upper0 = Sums<TColumns>(start, k, l, m, n, o, p, ref tap);
            upper1 = upper0;
            if (Unsafe.SizeOf<TPixels>() == 2 && Unsafe.SizeOf<TStride>() == 1)
                upper1 = Sums<TColumns>(start, m, n, o, p, q, r, ref tap);
            if (Unsafe.SizeOf<TPixels>() == 2 && Unsafe.SizeOf<TStride>() == 2)
                upper1 = Sums<TColumns>(start, o, p, q, r, s, t, ref tap);
            lower0 = upper0;
            lower1 = upper1;
            if (Unsafe.SizeOf<TRows>() == 2)
            {
                tap = ref Unsafe.Add(ref tap, TColumns.TapBytes);
                lower0 = Sums<TColumns>(start, k, l, m, n, o, p, ref tap);
                lower1 = lower0;
                if (Unsafe.SizeOf<TPixels>() == 2)
                    lower1 = Sums<TColumns>(start, m, n, o, p, q, r, ref tap);
            }

            Vector512<int> even = Vector512.LoadUnsafe(ref record, Int8DepthwiseColumnTable.Even).AsInt32();
            Vector512<int> odd = Vector512.LoadUnsafe(ref record, Int8DepthwiseColumnTable.Odd).AsInt32();
            upper0 = Scale(upper0, even, odd);
            upper1 = Unsafe.SizeOf<TPixels>() == 2 ? Scale(upper1, even, odd) : upper0;
            if (Unsafe.SizeOf<TRows>() == 2)
            {
                lower0 = Scale(lower0, even, odd);
                lower1 = Unsafe.SizeOf<TPixels>() == 2 ? Scale(lower1, even, odd) : lower0;
            }
        }
    }

    /// <summary>The sums of three columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Sums<TColumns>(
        Vector512<int> start, Vector512<int> k, Vector512<int> l, Vector512<int> m, Vector512<int> n, Vector512<int> o, Vector512<int> p,
        ref byte tap)
        where TColumns : struct, IDepthwiseColumns
    {
        unchecked
        {
            Vector512<int> sums = TColumns.Add(start, k, l, ref tap);
            sums = TColumns.Add(sums, m, n, ref Unsafe.Add(ref tap, 2 * TColumns.TapBytes));
            return TColumns.Add(sums, o, p, ref Unsafe.Add(ref tap, 4 * TColumns.TapBytes));
        }
    }

    /// <summary>One column of input rows, two by two byte by byte: of the lower and of the upper half of each 128 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pairs<TSegments, TRows>(
        in Int8DepthwiseColumnRow row, ref byte input, out Vector512<byte> low01, out Vector512<byte> low23, out Vector512<byte> high01,
        out Vector512<byte> high23)
        where TSegments : struct, IExtent
        where TRows : struct, IExtent
    {
        unchecked
        {
            nint stride = row.InputRowStride;
            Vector512<byte> row0 = Load<TSegments>(in row, ref input);
            Vector512<byte> row1 = Load<TSegments>(in row, ref Unsafe.Add(ref input, stride));
            low01 = Avx512BW.UnpackLow(row0, row1);
            high01 = Avx512BW.UnpackHigh(row0, row1);
            ref byte third = ref Unsafe.Add(ref input, 2 * stride);
            Vector512<byte> row2 = Load<TSegments>(in row, ref third);

            // One output row has no fourth tap: what is there in its place has weights of zero.
            Vector512<byte> row3 = Unsafe.SizeOf<TRows>() == 2 ? Load<TSegments>(in row, ref Unsafe.Add(ref third, stride)) : row2;
            low23 = Avx512BW.UnpackLow(row2, row3);
            high23 = Avx512BW.UnpackHigh(row2, row3);
        }
    }

    /// <summary>The channels of a pixel of each segment.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Load<TSegments>(in Int8DepthwiseColumnRow row, ref byte input)
        where TSegments : struct, IExtent
    {
        if (Unsafe.SizeOf<TSegments>() == 1)
            return Vector512.LoadUnsafe(ref input);
        ref byte second = ref Unsafe.Add(ref input, row.InputSegment1);
        if (Unsafe.SizeOf<TSegments>() == 2)
            return Vector512.Create(Vector256.LoadUnsafe(ref input), Vector256.LoadUnsafe(ref second));
        ref byte third = ref Unsafe.Add(ref input, row.InputSegment2);
        ref byte fourth = ref Unsafe.Add(ref input, row.InputSegment3);
        return Vector512.Create(
            Vector256.Create(Vector128.LoadUnsafe(ref input), Vector128.LoadUnsafe(ref second)),
            Vector256.Create(Vector128.LoadUnsafe(ref third), Vector128.LoadUnsafe(ref fourth)));
    }

    /// <summary>The upper halves of sums times multipliers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Scale(Vector512<int> sums, Vector512<int> even, Vector512<int> odd)
    {
        Vector512<int> evenProducts = Avx512F.Multiply(sums, even).AsInt32();
        Vector512<int> oddProducts = Avx512F.Multiply(Avx512F.Shuffle(sums, 0b11110101), odd).AsInt32();
        return Avx512F.PermuteVar16x32x2(
            evenProducts, Vector512.Create(1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31), oddProducts);
    }

    /// <summary>The values of <see cref="RequantizedRow"/> of two vectors, packed to words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Words(Vector512<int> first, Vector512<int> second, ref byte ends)
    {
        unchecked
        {
            Vector512<int> addend = Vector512.LoadUnsafe(ref ends, Int8DepthwiseColumnTable.Addend).AsInt32();
            Vector512<uint> shift = Vector512.LoadUnsafe(ref ends, Int8DepthwiseColumnTable.Shift).AsUInt32();
            return Avx512BW.PackSignedSaturate(
                Avx512F.ShiftRightArithmeticVariable(first + addend, shift), Avx512F.ShiftRightArithmeticVariable(second + addend, shift));
        }
    }

    /// <summary>Bounds and stores the outputs of a pixel of each segment.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TSegments>(
        in Int8DepthwiseColumnRow row, ref byte ends, Vector512<short> low, Vector512<short> high, ref byte output)
        where TSegments : struct, IExtent
    {
        Vector512<byte> bytes = Avx512BW.PackUnsignedSaturate(low, high);
        bytes = Avx512BW.Max(bytes, Vector512.LoadUnsafe(ref ends, Int8DepthwiseColumnTable.Minimum));
        bytes = Avx512BW.Min(bytes, Vector512.LoadUnsafe(ref ends, Int8DepthwiseColumnTable.Maximum));
        if (Unsafe.SizeOf<TSegments>() == 1)
        {
            bytes.StoreUnsafe(ref output);
        }
        else if (Unsafe.SizeOf<TSegments>() == 2)
        {
            bytes.GetLower().StoreUnsafe(ref output);
            bytes.GetUpper().StoreUnsafe(ref Unsafe.Add(ref output, row.OutputSegment1));
        }
        else
        {
            bytes.GetLower().GetLower().StoreUnsafe(ref output);
            bytes.GetLower().GetUpper().StoreUnsafe(ref Unsafe.Add(ref output, row.OutputSegment1));
            Avx512F.ExtractVector128(bytes, 2).StoreUnsafe(ref Unsafe.Add(ref output, row.OutputSegment2));
            Avx512F.ExtractVector128(bytes, 3).StoreUnsafe(ref Unsafe.Add(ref output, row.OutputSegment3));
        }
    }
}
