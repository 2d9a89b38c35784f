namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>Turns quantised values in the arena into float32 (docs/arithmetic.md, Between float and integer).</summary>
internal static class Dequantize
{
    /// <summary>u8 to float32.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Arena offset of the first input (u8).</param>
    /// <param name="inputImageStride">Bytes from one input image to the next.</param>
    /// <param name="inputRowStride">Bytes from one input row to the next.</param>
    /// <param name="output">Arena offset of the first output (float32).</param>
    /// <param name="outputImageStride">Bytes from one output image to the next.</param>
    /// <param name="outputRowStride">Bytes from one output row to the next.</param>
    /// <param name="scale">The scale.</param>
    /// <param name="zeroPoint">The zero point.</param>
    /// <param name="images">Number of images.</param>
    /// <param name="rows">Rows of an image.</param>
    /// <param name="rowLength">Adjacent elements of a row.</param>
    public static void UInt8ToFloat32(
        Workspace w,
        int input,
        int inputImageStride,
        int inputRowStride,
        int output,
        int outputImageStride,
        int outputRowStride,
        float scale,
        int zeroPoint,
        int images,
        int rows,
        int rowLength)
    {
        unchecked
        {
            if (rowLength <= 4 && rows > 1 && !w.IsStarting && Vector128.IsHardwareAccelerated)
            {
                for (int image = 0; image < images; image++)
                {
                    ref byte from = ref w.Arena(input + (image * inputImageStride));
                    ref byte to = ref w.Arena(output + (image * outputImageStride));
                    int done = ByteLanes.Has512 && rowLength == 2 && inputRowStride == 4 && outputRowStride == 8
                        ? Halves(ref from, ref to, scale, zeroPoint, rows) : 0;
                    ShortRows(
                        ref Unsafe.Add(ref from, done * inputRowStride), inputRowStride, ref Unsafe.Add(ref to, done * outputRowStride),
                        outputRowStride, scale, zeroPoint, rows - done, rowLength);
                }

                return;
            }

            for (int image = 0; image < images; image++)
            {
                for (int row = 0; row < rows; row++)
                {
                    ref byte from = ref w.Arena(input + (image * inputImageStride) + (row * inputRowStride));
                    ref byte to = ref w.Arena(output + (image * outputImageStride) + (row * outputRowStride));
                    if (w.IsStarting)
                    {
                        for (int i = 0; i < rowLength; i++)
                            Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, i * 4), (Unsafe.Add(ref from, i) - zeroPoint) * scale);
                    }
                    else
                    {
                        Row(ref from, ref to, scale, zeroPoint, rowLength);
                    }
                }
            }
        }
    }

    /// <summary>s32 (zero point 0) to float32.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Arena offset of the first input (s32).</param>
    /// <param name="inputImageStride">Bytes from one input image to the next.</param>
    /// <param name="inputRowStride">Bytes from one input row to the next.</param>
    /// <param name="output">Arena offset of the first output (float32); may be the input's.</param>
    /// <param name="outputImageStride">Bytes from one output image to the next.</param>
    /// <param name="outputRowStride">Bytes from one output row to the next.</param>
    /// <param name="scale">The scale.</param>
    /// <param name="images">Number of images.</param>
    /// <param name="rows">Rows of an image.</param>
    /// <param name="rowLength">Adjacent elements of a row.</param>
    public static void Int32ToFloat32(
        Workspace w,
        int input,
        int inputImageStride,
        int inputRowStride,
        int output,
        int outputImageStride,
        int outputRowStride,
        float scale,
        int images,
        int rows,
        int rowLength)
    {
        unchecked
        {
            for (int image = 0; image < images; image++)
            {
                for (int row = 0; row < rows; row++)
                {
                    ref byte from = ref w.Arena(input + (image * inputImageStride) + (row * inputRowStride));
                    ref byte to = ref w.Arena(output + (image * outputImageStride) + (row * outputRowStride));
                    if (w.IsStarting)
                    {
                        for (int i = 0; i < rowLength; i++)
                        {
                            Unsafe.WriteUnaligned(
                                ref Unsafe.Add(ref to, i * 4), Unsafe.ReadUnaligned<int>(ref Unsafe.Add(ref from, i * 4)) * scale);
                        }
                    }
                    else
                    {
                        Row(ref from, ref to, scale, rowLength);
                    }
                }
            }
        }
    }

    /// <summary>A row of bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row(ref byte from, ref byte to, float scale, int zeroPoint, int rowLength)
    {
        unchecked
        {
            int i = 0;
            if (ByteLanes.Has512)
            {
                for (; rowLength - i >= 16; i += 16)
                {
                    Vector512<int> values = Avx512F.ConvertToVector512Int32(Vector128.LoadUnsafe(ref Unsafe.Add(ref from, i)))
                        - Vector512.Create(zeroPoint);
                    (Avx512F.ConvertToVector512Single(values) * Vector512.Create(scale)).AsByte().StoreUnsafe(
                        ref Unsafe.Add(ref to, i * 4));
                }
            }

            if (Avx2.IsSupported)
            {
                for (; rowLength - i >= 8; i += 8)
                {
                    Vector256<int> values = Avx2.ConvertToVector256Int32(
                        Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref from, i))).AsByte())
                        - Vector256.Create(zeroPoint);
                    (Avx.ConvertToVector256Single(values) * Vector256.Create(scale)).AsByte().StoreUnsafe(
                        ref Unsafe.Add(ref to, i * 4));
                }
            }

            if (Vector128.IsHardwareAccelerated)
            {
                for (; rowLength - i >= 4; i += 4)
                    Four(ref Unsafe.Add(ref from, i), scale, zeroPoint).AsByte().StoreUnsafe(ref Unsafe.Add(ref to, i * 4));
            }

            for (; i < rowLength; i++)
                Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, i * 4), (Unsafe.Add(ref from, i) - zeroPoint) * scale);
        }
    }

    /// <summary>A row of s32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row(ref byte from, ref byte to, float scale, int rowLength)
    {
        unchecked
        {
            int i = 0;
            if (ByteLanes.Has512)
            {
                for (; rowLength - i >= 16; i += 16)
                {
                    Vector512<int> values = Vector512.LoadUnsafe(ref Unsafe.Add(ref from, i * 4)).AsInt32();
                    (Avx512F.ConvertToVector512Single(values) * Vector512.Create(scale)).AsByte().StoreUnsafe(
                        ref Unsafe.Add(ref to, i * 4));
                }
            }

            if (Avx2.IsSupported)
            {
                for (; rowLength - i >= 8; i += 8)
                {
                    Vector256<int> values = Vector256.LoadUnsafe(ref Unsafe.Add(ref from, i * 4)).AsInt32();
                    (Avx.ConvertToVector256Single(values) * Vector256.Create(scale)).AsByte().StoreUnsafe(
                        ref Unsafe.Add(ref to, i * 4));
                }
            }

            if (Vector128.IsHardwareAccelerated)
            {
                for (; rowLength - i >= 4; i += 4)
                {
                    Vector128<int> values = Vector128.LoadUnsafe(ref Unsafe.Add(ref from, i * 4)).AsInt32();
                    (Vector128.ConvertToSingle(values) * Vector128.Create(scale)).AsByte().StoreUnsafe(
                        ref Unsafe.Add(ref to, i * 4));
                }
            }

            for (; i < rowLength; i++)
                Unsafe.WriteUnaligned(
                    ref Unsafe.Add(ref to, i * 4), Unsafe.ReadUnaligned<int>(ref Unsafe.Add(ref from, i * 4)) * scale);
        }
    }

    /// <summary>Rows of two bytes, four apart, to adjacent values: halves of boxes.</summary>
    /// <returns>How many rows are done.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Halves(ref byte from, ref byte to, float scale, int zeroPoint, int rows)
    {
        unchecked
        {
            Vector512<int> zero = Vector512.Create(zeroPoint);
            Vector512<float> scales = Vector512.Create(scale);
            int row = 0;
            for (; rows - row >= 16; row += 16)
            {
                Vector512<int> bytes = Vector512.LoadUnsafe(ref from).AsInt32();
                Vector512<float> first = Avx512F.ConvertToVector512Single((bytes & Vector512.Create(0xFF)) - zero) * scales;
                Vector512<float> second = Avx512F.ConvertToVector512Single(
                    (Avx512F.ShiftRightLogical(bytes, 8) & Vector512.Create(0xFF)) - zero) * scales;
                Avx512F.PermuteVar16x32x2(first, Vector512.Create(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23), second)
                    .AsByte().StoreUnsafe(ref to);
                Avx512F.PermuteVar16x32x2(first, Vector512.Create(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31), second)
                    .AsByte().StoreUnsafe(ref to, 64);
                from = ref Unsafe.Add(ref from, 64);
                to = ref Unsafe.Add(ref to, 128);
            }

            return row;
        }
    }

    /// <summary>Rows of up to four bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ShortRows(
        ref byte from, int fromStride, ref byte to, int toStride, float scale, int zeroPoint, int rows, int rowLength)
    {
        unchecked
        {
            for (int row = 0; row < rows; row++)
            {
                // Bytes behind the row are read; what they give is not stored.
                Vector128<float> reals = Four(ref from, scale, zeroPoint);
                if (rowLength == 4)
                    reals.AsByte().StoreUnsafe(ref to);
                else if (rowLength == 1)
                    Unsafe.WriteUnaligned(ref to, reals.ToScalar());
                else
                    Unsafe.WriteUnaligned(ref to, reals.AsInt64().ToScalar());
                if (rowLength == 3)
                    Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, 8), reals.GetElement(2));
                from = ref Unsafe.Add(ref from, fromStride);
                to = ref Unsafe.Add(ref to, toStride);
            }
        }
    }

    /// <summary>Four adjacent bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Four(ref byte from, float scale, int zeroPoint)
    {
        Vector128<ushort> halves = Vector128.WidenLower(Vector128.CreateScalar(Unsafe.ReadUnaligned<uint>(ref from)).AsByte());
        Vector128<int> values = Vector128.WidenLower(halves).AsInt32() - Vector128.Create(zeroPoint);
        return Vector128.ConvertToSingle(values) * Vector128.Create(scale);
    }
}
