namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>Quantises three planes of floats, as of a colour image, into pixels of three channels, 64 at a time with AVX-512VBMI.</summary>
internal static class QuantizePlanes512
{
    /// <summary>Pixels of a step.</summary>
    private const int Step = 64;

    /// <summary>Whether <see cref="Run"/> can be called.</summary>
    public static bool IsSupported
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ByteLanes.Has512 && Avx512Vbmi.IsSupported;
    }

    /// <summary>
    /// For each of the three vectors of a step: where its bytes of the first and second channel come from, then those of the third. Packing
    /// leaves pixels in the order 0-3, 16-19, 32-35, 48-51, 4-7, and so on.
    /// </summary>
    private static ReadOnlySpan<byte> Order =>
    [
        0, 64, 0, 1, 65, 0, 2, 66, 0, 3, 67, 0, 16, 80, 0, 17, 81, 0, 18, 82, 0, 19, 83, 0, 32, 96, 0, 33, 97, 0, 34, 98,
        0, 35, 99, 0, 48, 112, 0, 49, 113, 0, 50, 114, 0, 51, 115, 0, 4, 68, 0, 5, 69, 0, 6, 70, 0, 7, 71, 0, 20, 84, 0, 21,
        0, 1, 64, 3, 4, 65, 6, 7, 66, 9, 10, 67, 12, 13, 80, 15, 16, 81, 18, 19, 82, 21, 22, 83, 24, 25, 96, 27, 28, 97, 30, 31,
        98, 33, 34, 99, 36, 37, 112, 39, 40, 113, 42, 43, 114, 45, 46, 115, 48, 49, 68, 51, 52, 69, 54, 55, 70, 57, 58, 71, 60, 61, 84, 63,
        85, 0, 22, 86, 0, 23, 87, 0, 36, 100, 0, 37, 101, 0, 38, 102, 0, 39, 103, 0, 52, 116, 0, 53, 117, 0, 54, 118, 0, 55, 119, 0,
        8, 72, 0, 9, 73, 0, 10, 74, 0, 11, 75, 0, 24, 88, 0, 25, 89, 0, 26, 90, 0, 27, 91, 0, 40, 104, 0, 41, 105, 0, 42, 106,
        0, 85, 2, 3, 86, 5, 6, 87, 8, 9, 100, 11, 12, 101, 14, 15, 102, 17, 18, 103, 20, 21, 116, 23, 24, 117, 26, 27, 118, 29, 30, 119,
        32, 33, 72, 35, 36, 73, 38, 39, 74, 41, 42, 75, 44, 45, 88, 47, 48, 89, 50, 51, 90, 53, 54, 91, 56, 57, 104, 59, 60, 105, 62, 63,
        0, 43, 107, 0, 56, 120, 0, 57, 121, 0, 58, 122, 0, 59, 123, 0, 12, 76, 0, 13, 77, 0, 14, 78, 0, 15, 79, 0, 28, 92, 0, 29,
        93, 0, 30, 94, 0, 31, 95, 0, 44, 108, 0, 45, 109, 0, 46, 110, 0, 47, 111, 0, 60, 124, 0, 61, 125, 0, 62, 126, 0, 63, 127, 0,
        106, 1, 2, 107, 4, 5, 120, 7, 8, 121, 10, 11, 122, 13, 14, 123, 16, 17, 76, 19, 20, 77, 22, 23, 78, 25, 26, 79, 28, 29, 92, 31,
        32, 93, 34, 35, 94, 37, 38, 95, 40, 41, 108, 43, 44, 109, 46, 47, 110, 49, 50, 111, 52, 53, 124, 55, 56, 125, 58, 59, 126, 61,
        62, 127,
    ];

    /// <summary>Quantises whole steps of a row.</summary>
    /// <param name="from">The first pixel's value in the first plane.</param>
    /// <param name="planeStride">Values from one plane to the next.</param>
    /// <param name="to">Where the first pixel goes.</param>
    /// <param name="width">Pixels of the row.</param>
    /// <param name="inverseScale">1 / scale, rounded to float32.</param>
    /// <param name="zeroPoint">The zero point.</param>
    /// <returns>How many pixels are done.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Run(ref float from, nint planeStride, ref byte to, int width, float inverseScale, int zeroPoint)
    {
        unchecked
        {
            ref byte order = ref MemoryMarshal.GetReference(Order);
            Vector512<byte> order0 = Vector512.LoadUnsafe(ref order);
            Vector512<byte> order1 = Vector512.LoadUnsafe(ref order, 64);
            Vector512<byte> order2 = Vector512.LoadUnsafe(ref order, 128);
            Vector512<byte> order3 = Vector512.LoadUnsafe(ref order, 192);
            Vector512<byte> order4 = Vector512.LoadUnsafe(ref order, 256);
            Vector512<byte> order5 = Vector512.LoadUnsafe(ref order, 320);
            Vector512<float> scale = Vector512.Create(inverseScale);
            Vector512<float> zero = Vector512.Create((float)zeroPoint);
            int pixel = 0;
            for (; width - pixel >= Step; pixel += Step)
            {
                Vector512<byte> first = Bytes(ref from, scale, zero);
                Vector512<byte> second = Bytes(ref Unsafe.Add(ref from, planeStride), scale, zero);
                Vector512<byte> third = Bytes(ref Unsafe.Add(ref from, 2 * planeStride), scale, zero);
                Pixels(first, second, third, order0, order1).StoreUnsafe(ref to);
                Pixels(first, second, third, order2, order3).StoreUnsafe(ref to, 64);
                Pixels(first, second, third, order4, order5).StoreUnsafe(ref to, 128);
                from = ref Unsafe.Add(ref from, Step);
                to = ref Unsafe.Add(ref to, 3 * Step);
            }

            return pixel;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Pixels(
        Vector512<byte> first, Vector512<byte> second, Vector512<byte> third, Vector512<byte> two, Vector512<byte> all) =>
        Avx512Vbmi.PermuteVar64x8x2(Avx512Vbmi.PermuteVar64x8x2(first, two, second), all, third);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Bytes(ref float from, Vector512<float> scale, Vector512<float> zero) =>
        Avx512BW.PackUnsignedSaturate(
            Avx512BW.PackSignedSaturate(Integers(ref from, 0, scale, zero), Integers(ref from, 16, scale, zero)),
            Avx512BW.PackSignedSaturate(Integers(ref from, 32, scale, zero), Integers(ref from, 48, scale, zero)));

    /// <summary>Sixteen values, as <see cref="Quantize.Sixteen"/> computes them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Integers(ref float from, nuint at, Vector512<float> scale, Vector512<float> zero)
    {
        Vector512<float> v = Avx512F.FusedMultiplyAdd(Vector512.LoadUnsafe(ref from, at), scale, zero);

        // NaN, quiet or signalling, becomes the zero point; all else stays as it is.
        v = Avx512F.Fixup(zero, v, Vector512.Create(0x11111100), 0);
        v = Avx512F.Min(Avx512F.Max(v, Vector512<float>.Zero), Vector512.Create(255f)) + Vector512.Create(0.5f);
        return Avx512F.ConvertToVector512Int32WithTruncation(v);
    }
}
