namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.Arm;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// Sums of a depthwise convolution for 16 channels of a few neighbouring output pixels: the activations of two taps are interleaved, so
/// that one multiply-add of 16-bit pairs takes both taps of a channel.
/// </summary>
internal static class Int8DepthwiseTiles
{
    /// <summary>Channels of a tile, and sums from one of its pixels to the next.</summary>
    public const int Channels = 16;

    /// <summary>The most pixels that a tile has.</summary>
    public const int MaximumPixels = 4;

    /// <summary>Whether there are vectors for this.</summary>
    public static bool IsSupported
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.IsHardwareAccelerated;
    }

    /// <summary>Sums the products of 4 pixels or 1.</summary>
    /// <param name="pixels">4 or 1.</param>
    /// <param name="source">The first pixel's first tap.</param>
    /// <param name="pixelStep">Bytes in the input from one output pixel to the next.</param>
    /// <param name="taps">For each tap the bytes from the first tap; an even number of them, the last two alike where there is an odd
    /// tap.</param>
    /// <param name="pairs">Half their number.</param>
    /// <param name="weights">The weights of the first two taps.</param>
    /// <param name="pairStep">Bytes from the weights of two taps to those of the next two.</param>
    /// <param name="bias">The 16 biases.</param>
    /// <param name="sums">Receives 16 sums for each pixel.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run(
        int pixels, ref byte source, nint pixelStep, ref int taps, int pairs, ref byte weights, nint pairStep, ref byte bias, ref int sums)
    {
        if (Avx2.IsSupported)
        {
            if (pixels == MaximumPixels)
                Four256(ref source, pixelStep, ref taps, pairs, ref weights, pairStep, ref bias, ref sums);
            else
                One256(ref source, ref taps, pairs, ref weights, pairStep, ref bias, ref sums);
        }
        else
        {
            for (int i = 0; i < pixels; i++)
            {
                One128(
                    ref Unsafe.Add(ref source, i * pixelStep), ref taps, pairs, ref weights, pairStep, ref bias,
                    ref Unsafe.Add(ref sums, unchecked(i * Channels)));
            }
        }
    }

    /// <summary>Four pixels with AVX2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Four256(
        ref byte source, nint pixelStep, ref int taps, int pairs, ref byte weights, nint pairStep, ref byte bias, ref int sums)
    {
        unchecked
        {
            Vector256<int> a0 = Vector256.LoadUnsafe(ref bias).AsInt32();
            Vector256<int> a1 = Vector256.LoadUnsafe(ref Unsafe.Add(ref bias, 32)).AsInt32();
            Vector256<int> b0 = a0;
            Vector256<int> b1 = a1;
            Vector256<int> c0 = a0;
            Vector256<int> c1 = a1;
            Vector256<int> d0 = a0;
            Vector256<int> d1 = a1;
            for (; pairs > 0; pairs--)
            {
                Vector256<short> w0 = Avx2.ConvertToVector256Int16(Vector128.LoadUnsafe(ref weights).AsSByte());
                Vector256<short> w1 = Avx2.ConvertToVector256Int16(Vector128.LoadUnsafe(ref Unsafe.Add(ref weights, 16)).AsSByte());
                weights = ref Unsafe.Add(ref weights, pairStep);
                ref byte first = ref Unsafe.Add(ref source, (nint)taps);
                ref byte second = ref Unsafe.Add(ref source, (nint)Unsafe.Add(ref taps, 1));
                taps = ref Unsafe.Add(ref taps, 2);

                Vector128<byte> x = Vector128.LoadUnsafe(ref first);
                Vector128<byte> y = Vector128.LoadUnsafe(ref second);
                a0 += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(Sse2.UnpackLow(x, y)), w0);
                a1 += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(Sse2.UnpackHigh(x, y)), w1);

                x = Vector128.LoadUnsafe(ref Unsafe.Add(ref first, pixelStep));
                y = Vector128.LoadUnsafe(ref Unsafe.Add(ref second, pixelStep));
                b0 += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(Sse2.UnpackLow(x, y)), w0);
                b1 += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(Sse2.UnpackHigh(x, y)), w1);

                x = Vector128.LoadUnsafe(ref Unsafe.Add(ref first, pixelStep * 2));
                y = Vector128.LoadUnsafe(ref Unsafe.Add(ref second, pixelStep * 2));
                c0 += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(Sse2.UnpackLow(x, y)), w0);
                c1 += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(Sse2.UnpackHigh(x, y)), w1);

                x = Vector128.LoadUnsafe(ref Unsafe.Add(ref first, pixelStep * 3));
                y = Vector128.LoadUnsafe(ref Unsafe.Add(ref second, pixelStep * 3));
                d0 += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(Sse2.UnpackLow(x, y)), w0);
                d1 += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(Sse2.UnpackHigh(x, y)), w1);
            }

            a0.StoreUnsafe(ref sums);
            a1.StoreUnsafe(ref sums, 8);
            b0.StoreUnsafe(ref sums, 16);
            b1.StoreUnsafe(ref sums, 24);
            c0.StoreUnsafe(ref sums, 32);
            c1.StoreUnsafe(ref sums, 40);
            d0.StoreUnsafe(ref sums, 48);
            d1.StoreUnsafe(ref sums, 56);
        }
    }

    /// <summary>One pixel with AVX2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void One256(ref byte source, ref int taps, int pairs, ref byte weights, nint pairStep, ref byte bias, ref int sums)
    {
        unchecked
        {
            Vector256<int> a0 = Vector256.LoadUnsafe(ref bias).AsInt32();
            Vector256<int> a1 = Vector256.LoadUnsafe(ref Unsafe.Add(ref bias, 32)).AsInt32();
            for (; pairs > 0; pairs--)
            {
                Vector256<short> w0 = Avx2.ConvertToVector256Int16(Vector128.LoadUnsafe(ref weights).AsSByte());
                Vector256<short> w1 = Avx2.ConvertToVector256Int16(Vector128.LoadUnsafe(ref Unsafe.Add(ref weights, 16)).AsSByte());
                Vector128<byte> x = Vector128.LoadUnsafe(ref Unsafe.Add(ref source, (nint)taps));
                Vector128<byte> y = Vector128.LoadUnsafe(ref Unsafe.Add(ref source, (nint)Unsafe.Add(ref taps, 1)));
                a0 += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(Sse2.UnpackLow(x, y)), w0);
                a1 += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(Sse2.UnpackHigh(x, y)), w1);
                weights = ref Unsafe.Add(ref weights, pairStep);
                taps = ref Unsafe.Add(ref taps, 2);
            }

            a0.StoreUnsafe(ref sums);
            a1.StoreUnsafe(ref sums, 8);
        }
    }

    /// <summary>One pixel with 128-bit vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void One128(ref byte source, ref int taps, int pairs, ref byte weights, nint pairStep, ref byte bias, ref int sums)
    {
        unchecked
        {
            Vector128<int> a0 = Vector128.LoadUnsafe(ref bias).AsInt32();
            Vector128<int> a1 = Vector128.LoadUnsafe(ref Unsafe.Add(ref bias, 16)).AsInt32();
            Vector128<int> a2 = Vector128.LoadUnsafe(ref Unsafe.Add(ref bias, 32)).AsInt32();
            Vector128<int> a3 = Vector128.LoadUnsafe(ref Unsafe.Add(ref bias, 48)).AsInt32();
            for (; pairs > 0; pairs--)
            {
                Vector128<sbyte> lowWeights = Vector128.LoadUnsafe(ref weights).AsSByte();
                Vector128<sbyte> highWeights = Vector128.LoadUnsafe(ref Unsafe.Add(ref weights, 16)).AsSByte();
                Vector128<byte> x = Vector128.LoadUnsafe(ref Unsafe.Add(ref source, (nint)taps));
                Vector128<byte> y = Vector128.LoadUnsafe(ref Unsafe.Add(ref source, (nint)Unsafe.Add(ref taps, 1)));
                Vector128<byte> low = InterleaveLower(x, y);
                Vector128<byte> high = InterleaveUpper(x, y);
                a0 += PairProducts.MultiplyAddPairs(Vector128.WidenLower(low).AsInt16(), Vector128.WidenLower(lowWeights));
                a1 += PairProducts.MultiplyAddPairs(Vector128.WidenUpper(low).AsInt16(), Vector128.WidenUpper(lowWeights));
                a2 += PairProducts.MultiplyAddPairs(Vector128.WidenLower(high).AsInt16(), Vector128.WidenLower(highWeights));
                a3 += PairProducts.MultiplyAddPairs(Vector128.WidenUpper(high).AsInt16(), Vector128.WidenUpper(highWeights));
                weights = ref Unsafe.Add(ref weights, pairStep);
                taps = ref Unsafe.Add(ref taps, 2);
            }

            a0.StoreUnsafe(ref sums);
            a1.StoreUnsafe(ref sums, 4);
            a2.StoreUnsafe(ref sums, 8);
            a3.StoreUnsafe(ref sums, 12);
        }
    }

    /// <summary>The lower eight bytes of two vectors, alternating.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> InterleaveLower(Vector128<byte> first, Vector128<byte> second)
    {
        if (Sse2.IsSupported)
            return Sse2.UnpackLow(first, second);
        if (AdvSimd.Arm64.IsSupported)
            return AdvSimd.Arm64.ZipLow(first, second);
        return (Vector128.WidenLower(first) | Vector128.ShiftLeft(Vector128.WidenLower(second), 8)).AsByte();
    }

    /// <summary>The upper eight bytes of two vectors, alternating.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> InterleaveUpper(Vector128<byte> first, Vector128<byte> second)
    {
        if (Sse2.IsSupported)
            return Sse2.UnpackHigh(first, second);
        if (AdvSimd.Arm64.IsSupported)
            return AdvSimd.Arm64.ZipHigh(first, second);
        return (Vector128.WidenUpper(first) | Vector128.ShiftLeft(Vector128.WidenUpper(second), 8)).AsByte();
    }
}
