namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

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
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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
            for (int image = 0; image < images; image++)
            {
                int interior = buffer + (image * imageStride);
                for (int row = -top; row < height + bottom; row++)
                {
                    int start = interior + (row * rowStride) - left;
                    if (row < 0 || row >= height)
                    {
                        Fill(w, start, left + rowBytes + right, (byte)value);
                    }
                    else
                    {
                        Fill(w, start, left, (byte)value);
                        Fill(w, start + left + rowBytes, right, (byte)value);
                    }
                }
            }
        }
    }

    /// <summary>Fills adjacent bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fill(Workspace w, int offset, int length, byte value)
    {
        if (length > 0)
            Unsafe.InitBlockUnaligned(ref w.Arena(offset), value, (uint)length);
    }
}
