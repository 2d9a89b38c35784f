namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// Fills the border around a feature map with one byte, the zero point, which is the padding of the convolutions that read it.
/// </summary>
internal static class BorderFill
{
    /// <summary>Fills the border of every image; the interior stays as it is.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="buffer">Arena offset of the first interior byte.</param>
    /// <param name="imageStride">Bytes from one image to the next.</param>
    /// <param name="rowStride">Bytes from one row to the next.</param>
    /// <param name="images">Number of images.</param>
    /// <param name="height">Interior rows.</param>
    /// <param name="rowBytes">Interior bytes of a row.</param>
    /// <param name="top">Border rows above.</param>
    /// <param name="bottom">Border rows below.</param>
    /// <param name="left">Border bytes left of each row.</param>
    /// <param name="right">Border bytes right of each row.</param>
    /// <param name="value">The byte.</param>
    public static void Run(
        Workspace w,
        int buffer,
        int imageStride,
        int rowStride,
        int images,
        int height,
        int rowBytes,
        int top,
        int bottom,
        int left,
        int right,
        int value)
    {
        unchecked
        {
            int gap = rowStride - rowBytes;
            bool isStarting = w.IsStarting;
            for (int image = 0; image < images; image++)
            {
                ref byte interior = ref w.Arena(buffer + (image * imageStride));
                if (gap <= left + right)
                {
                    // Rows meet one another's borders: what lies between two rows of the interior is one run.
                    Fill(isStarting, ref Unsafe.Subtract(ref interior, (top * rowStride) + left), (top * rowStride) + left, (byte)value);
                    for (int row = 1; row < height; row++)
                        Fill(isStarting, ref Unsafe.Add(ref interior, (row * rowStride) - gap), gap, (byte)value);
                    Fill(isStarting, ref Unsafe.Add(ref interior, (height * rowStride) - gap), (bottom * rowStride) + right, (byte)value);
                    continue;
                }

                for (int row = -top; row < height + bottom; row++)
                {
                    ref byte start = ref Unsafe.Add(ref interior, (row * rowStride) - left);
                    if (row < 0 || row >= height)
                    {
                        Fill(isStarting, ref start, left + rowBytes + right, (byte)value);
                    }
                    else
                    {
                        Fill(isStarting, ref start, left, (byte)value);
                        Fill(isStarting, ref Unsafe.Add(ref start, left + rowBytes), right, (byte)value);
                    }
                }
            }
        }
    }

    /// <summary>One run. The framework's fill would have to be compiled first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fill(bool isStarting, ref byte start, int length, byte value)
    {
        unchecked
        {
            if (length >= 16 && !isStarting)
            {
                Long(ref start, length, value);
                return;
            }

            ulong eight = value * 0x0101010101010101UL;
            for (; length >= 8; length -= 8)
            {
                Unsafe.WriteUnaligned(ref start, eight);
                start = ref Unsafe.Add(ref start, 8);
            }

            for (int i = 0; i < length; i++)
                Unsafe.Add(ref start, i) = value;
        }
    }

    /// <summary>A run of at least a vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Long(ref byte start, int length, byte value)
    {
        unchecked
        {
            Vector128<byte> values = Vector128.Create(value);
            for (int i = 0; length - i > 16; i += 16)
                values.StoreUnsafe(ref Unsafe.Add(ref start, i));
            values.StoreUnsafe(ref Unsafe.Add(ref start, length - 16));
        }
    }
}
