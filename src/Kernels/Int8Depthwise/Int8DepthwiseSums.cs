namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>Sums of a depthwise tile on the way through memory, for shifts that <see cref="RequantizedRow"/> does not take.</summary>
internal static class Int8DepthwiseSums
{
    /// <summary>Requantises the sums of a tile that are in the scratch memory, brought into natural order first.</summary>
    public static void Requantize<TDot, TVector, TForm>(
        in Int8DepthwiseRow row, int pixels, ref byte multipliers, ref byte output, ref int sums)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TForm : struct, IDepthwiseVector<TVector>
    {
        unchecked
        {
            Span<int> naturalSums = stackalloc int[Int8DepthwiseLayout.Block];
            Span<int> naturalMultipliers = stackalloc int[Int8DepthwiseLayout.Block];
            Span<int> target = stackalloc int[1];
            for (int pixel = 0; pixel < pixels; pixel++)
            {
                for (int i = 0; i < TForm.Bytes; i++)
                {
                    int vector = (i & 12) >> 2;
                    int lane = ((i & 16) >> 2) + (i & 3);
                    naturalSums[i] = Unsafe.Add(ref sums, (pixel * TForm.Bytes) + (vector * TDot.Lanes) + lane);
                    naturalMultipliers[i] = Unsafe.ReadUnaligned<int>(
                        ref Unsafe.Add(ref multipliers, (vector * row.VectorStride) + (lane * 4)));
                }

                target[0] = (int)(pixel * row.OutputPixelStride);
                RequantizedStore.Rows(
                    ref output, ref naturalSums[0], Int8DepthwiseLayout.Block, ref target[0], 1,
                    row.Count < TForm.Bytes ? row.Count : TForm.Bytes, ref Unsafe.As<int, byte>(ref naturalMultipliers[0]),
                    in row.Requantization);
            }
        }
    }
}
