namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;
using global::System.Runtime.Intrinsics;

/// <summary>Rows of pixels of three bytes, as of a colour image, looked up in a table for each channel.</summary>
internal static class PixelLookup
{
    /// <summary>Pixels that are looked up at a time.</summary>
    private const int Pixels = 128;

    private const int Bytes = 3 * Pixels;

    /// <summary>Whether there are vectors for it.</summary>
    public static bool IsVectorized
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.IsHardwareAccelerated;
    }

    /// <summary>Pixels whose channels lie side by side: all of them in every table, of which every third result counts.</summary>
    /// <param name="from">The first byte; nothing behind the last one is read.</param>
    /// <param name="to">Receives the entries, in the same order.</param>
    /// <param name="width">How many pixels.</param>
    /// <param name="tables">The first channel's table.</param>
    /// <param name="tableStride">Bytes from one table to the next.</param>
    /// <param name="steps">What <see cref="ByteLookup.Prepare"/> made of each table, one behind the other.</param>
    public static void Interleaved(ref byte from, ref byte to, int width, ref byte tables, int tableStride, ref byte steps)
    {
        unchecked
        {
            Span<byte> entries = stackalloc byte[(3 * Bytes) + 16];
            for (int start = 0; start < width * 3; start += Bytes)
            {
                int length = Math.Min(Bytes, (width * 3) - start);
                for (int channel = 0; channel < 3; channel++)
                {
                    ByteLookup.Row(
                        ref Unsafe.Add(ref from, start), ref entries[channel * Bytes], length,
                        ref Unsafe.Add(ref tables, channel * tableStride), ref Unsafe.Add(ref steps, channel * ByteLookup.StepsBytes));
                }

                Choose(ref entries[0], ref Unsafe.Add(ref to, start), length);
            }
        }
    }

    /// <summary>Pixels whose channels lie in three planes; parameters as of <see cref="Interleaved"/>.</summary>
    /// <param name="from">The first channel's first byte.</param>
    /// <param name="planeStride">Bytes from one channel to the next.</param>
    /// <param name="to">Receives the entries, channels side by side.</param>
    /// <param name="width">How many pixels.</param>
    /// <param name="tables">The first channel's table.</param>
    /// <param name="tableStride">Bytes from one table to the next; 0 where all are one.</param>
    /// <param name="steps">What <see cref="ByteLookup.Prepare"/> made of each table, one behind the other.</param>
    public static void Planar(
        ref byte from, int planeStride, ref byte to, int width, ref byte tables, int tableStride, ref byte steps)
    {
        unchecked
        {
            Span<byte> entries = stackalloc byte[Bytes + 16];
            Span<byte> last = stackalloc byte[48];
            ref byte first = ref entries[0];
            for (int start = 0; start < width; start += Pixels)
            {
                int count = Math.Min(Pixels, width - start);
                for (int channel = 0; channel < 3; channel++)
                {
                    ByteLookup.Row(
                        ref Unsafe.Add(ref from, (channel * planeStride) + start), ref entries[channel * Pixels], count,
                        ref Unsafe.Add(ref tables, channel * tableStride), ref Unsafe.Add(ref steps, channel * ByteLookup.StepsBytes));
                }

                for (int pixel = 0; pixel < count; pixel += 16)
                {
                    bool isWhole = count - pixel >= 16;
                    ref byte target = ref Unsafe.Add(ref to, (start + pixel) * 3);
                    PixelInterleaving.Store(
                        Vector128.LoadUnsafe(ref first, (nuint)pixel), Vector128.LoadUnsafe(ref first, (nuint)(pixel + Pixels)),
                        Vector128.LoadUnsafe(ref first, (nuint)(pixel + (2 * Pixels))), ref isWhole ? ref target : ref last[0]);
                    if (!isWhole)
                        last.Slice(0, (count - pixel) * 3).CopyTo(MemoryMarshal.CreateSpan(ref target, (count - pixel) * 3));
                }
            }
        }
    }

    /// <summary>Of three runs each third byte: the first run's 0, 3, …, the second's 1, 4, …, the third's 2, 5, ….</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Choose(ref byte entries, ref byte to, int length)
    {
        unchecked
        {
            // Sixteen further on every byte's channel is one further on.
            Vector128<byte> first = Vector128.Create((byte)255, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 255);
            Vector128<byte> second = Vector128.Create((byte)0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0);
            Vector128<byte> third = Vector128.Create((byte)0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0);
            for (int i = 0; i < length; i += 16)
            {
                ref byte at = ref Unsafe.Add(ref entries, i);
                Vector128<byte> chosen = (Vector128.LoadUnsafe(ref at) & first)
                    | (Vector128.LoadUnsafe(ref at, Bytes) & second)
                    | (Vector128.LoadUnsafe(ref at, 2 * Bytes) & third);
                PartialStore.Bytes(chosen, ref Unsafe.Add(ref to, i), length - i);
                Vector128<byte> before = first;
                first = third;
                third = second;
                second = before;
            }
        }
    }
}
