using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>Seeded data for cases, and arenas and weights that grow while a case is put together.</summary>
internal sealed class CaseData(int seed)
{
    private readonly List<byte> _arena = [];
    private readonly List<byte> _weights = [];

    public Random Random { get; } = new(seed);

    /// <summary>
    /// Whether every buffer and every section of the weights begins at a page, behind a <see cref="GuardPages"/> page, so that reading
    /// before it can be found out. Set before the registry is made.
    /// </summary>
    public static bool HasGuards { get; set; }

    /// <summary>The arena so far, everything that nobody wrote being noise.</summary>
    public byte[] Arena => [.. _arena];

    /// <summary>The weights so far.</summary>
    public byte[] Weights => [.. _weights];

    /// <summary>Room in the arena, filled with noise, behind a gap of noise of odd length.</summary>
    public int Reserve(int bytes)
    {
        int gap = Random.Next(1, 12);
        byte[] noise = new byte[gap + bytes + Random.Next(1, 7)];
        Random.NextBytes(noise);
        if (HasGuards)
            return Guarded(_arena, noise.AsSpan(gap));
        int offset = _arena.Count + gap;
        _arena.AddRange(noise);
        return offset;
    }

    /// <summary>Room in the arena aligned for 4-byte elements.</summary>
    public int ReserveWide(int bytes)
    {
        byte[] noise = new byte[bytes + 4];
        Random.NextBytes(noise);
        if (HasGuards)
            return Guarded(_arena, noise);
        while (_arena.Count % 4 != 0)
            _arena.Add(0xEE);
        int offset = _arena.Count;
        _arena.AddRange(noise);
        return offset;
    }

    /// <summary>Overwrites a byte of the arena.</summary>
    public void Put(int offset, byte value) => _arena[offset] = value;

    /// <summary>Overwrites four bytes of the arena.</summary>
    public void Put(int offset, int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        for (int i = 0; i < 4; i++)
            _arena[offset + i] = bytes[i];
    }

    /// <summary>Appends weights, at a multiple of 64 bytes as the build does.</summary>
    public int AddWeights(ReadOnlySpan<byte> bytes)
    {
        if (HasGuards)
            return Guarded(_weights, bytes);
        while (_weights.Count % 64 != 0)
            _weights.Add(0xEE);
        int offset = _weights.Count;
        _weights.AddRange(bytes);
        return offset;
    }

    /// <summary>Appends s32 weights.</summary>
    public int AddWeights(int[] values) => AddWeights(MemoryMarshal.AsBytes<int>(values));

    /// <summary>Appends s64 weights.</summary>
    public int AddWeights(long[] values) => AddWeights(MemoryMarshal.AsBytes<long>(values));

    // Behind a buffer there is room for the vectors that kernels may read there, then a guard page follows before the next one.
    private static int Guarded(List<byte> memory, ReadOnlySpan<byte> content)
    {
        memory.AddRange(new byte[-memory.Count & (GuardPages.PageSize - 1)]);
        memory.AddRange(GuardPages.Page);
        int offset = memory.Count;
        memory.AddRange(content);
        memory.AddRange(new byte[Workspace.TailPadding]);
        return offset;
    }

    /// <summary>Random bytes; <see cref="DataKind.Extreme"/> takes them from the ends of the range.</summary>
    public byte[] Bytes(int count, DataKind kind)
    {
        var bytes = new byte[count];
        for (int i = 0; i < count; i++)
            bytes[i] = kind != DataKind.Uniform ? (byte)(Random.Next(8) == 0 ? 0 : 255) : (byte)Random.Next(256);
        return bytes;
    }

    /// <summary>Random s8 weights: −127…127, or the extremes −128 and 127.</summary>
    public sbyte[] SignedBytes(int count, DataKind kind)
    {
        var bytes = new sbyte[count];
        for (int i = 0; i < count; i++)
            bytes[i] = (sbyte)(kind switch
            {
                DataKind.Extreme => Random.Next(5) == 0 ? -128 : 127,
                DataKind.Bounded => Random.Next(5) == 0 ? -64 : 64,
                _ => Random.Next(-127, 128),
            });
        return bytes;
    }

    /// <summary>A feature map in the arena: noise around it, its border filled with one value, its interior with NHWC elements.</summary>
    public FeatureMap Map(int images, int height, int width, int channels, int border, byte borderValue, byte[]? interior, int pixelGap = 0)
    {
        int pixelStride = channels + pixelGap;
        int rowStride = ((width + (2 * border)) * pixelStride) + Random.Next(0, 5);
        int imageStride = ((height + (2 * border)) * rowStride) + Random.Next(0, 3);
        int start = Reserve(images * imageStride);
        var map = new FeatureMap(start + (border * rowStride) + (border * pixelStride), imageStride, rowStride, pixelStride);
        for (int n = 0; n < images; n++)
            for (int y = -border; y < height + border; y++)
                for (int x = -border; x < width + border; x++)
                    for (int c = 0; c < channels; c++)
                    {
                        bool inside = y >= 0 && y < height && x >= 0 && x < width;
                        if (!inside)
                            Put(map.At(n, y, x, c), borderValue);
                        else if (interior is not null)
                            Put(map.At(n, y, x, c), interior[(((((n * height) + y) * width) + x) * channels) + c]);
                    }

        return map;
    }

    /// <summary>A shift and multipliers that bring sums of the given size to about the range of u8, some of them far off.</summary>
    public (int[] Multipliers, int Shift) Multipliers(int count, int padded, double largestSum, double targetRange = 160)
    {
        double scale = targetRange / Math.Max(largestSum, 1);
        int shift = 1;
        while (shift < 62 && scale * Math.Pow(2, shift + 1) < int.MaxValue)
            shift++;

        // |sum · multiplier| must stay below 2^62.
        while (shift > 1 && scale * Math.Pow(2, shift) * largestSum >= Math.Pow(2, 61.9))
            shift--;
        var multipliers = new int[padded];
        for (int i = 0; i < count; i++)
            multipliers[i] = i % 11 == 10 ? 0 : (int)(scale * Math.Pow(2, shift) * (0.1 + (0.9 * Random.NextDouble())));
        return (multipliers, shift);
    }
}

/// <summary>How random data are drawn.</summary>
internal enum DataKind
{
    /// <summary>Uniformly.</summary>
    Uniform,

    /// <summary>From the ends of the range, so that sums grow as large as they can.</summary>
    Extreme,

    /// <summary>
    /// The same, but with weights so small that sums of two products just fit 16 bits: 255 · (64 + 64) is below 2^15.
    /// </summary>
    Bounded,
}

/// <summary>Where a feature map's interior lies.</summary>
internal sealed record FeatureMap(int Offset, int ImageStride, int RowStride, int PixelStride)
{
    public int At(int image, int row, int pixel, int channel) =>
        Offset + (image * ImageStride) + (row * RowStride) + (pixel * PixelStride) + channel;

    /// <summary>Writes NHWC elements.</summary>
    public void Write(byte[] arena, byte[] values, int images, int height, int width, int channels)
    {
        int at = 0;
        for (int n = 0; n < images; n++)
            for (int y = 0; y < height; y++)
                for (int x = 0; x < width; x++)
                    for (int c = 0; c < channels; c++)
                        arena[At(n, y, x, c)] = values[at++];
    }
}
