using System.Buffers.Binary;
using OptimizerBuild.Kernels.Tests.Oracles;

namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>From the caller's data into the arena, and between float32 and integers inside it.</summary>
internal static class QuantizationCases
{
    private static readonly float[] Special =
    [
        float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.MaxValue, float.MinValue, 1e20f, -1e20f, 0f, -0f, float.Epsilon,
        0.5f, -0.5f, 1.5f, 0.49999997f,
    ];

    private static readonly (int Images, int Height, int Width, int Channels)[] Maps =
    [
        (1, 1, 1, 1), (1, 1, 1, 64), (1, 1, 1, 117), (1, 6, 9, 3), (2, 5, 33, 1), (1, 4, 8, 16), (1, 3, 20, 4), (2, 3, 17, 5),
        (2, 3, 37, 3), (1, 2, 16, 3), (1, 2, 300, 3), (1, 1, 1, 1000), (2, 2, 131, 3), (1, 2, 64, 3),
    ];

    private static readonly (int Images, int Rows, int Length)[] Rows =
        [(1, 1, 1), (1, 3, 16), (2, 3, 77), (1, 1, 33), (1, 2, 8), (1, 2, 130), (1, 900, 2), (3, 40, 4), (1, 5, 3)];

    public static IEnumerable<KernelCase> All()
    {
        int seed = 50000;
        foreach ((int images, int height, int width, int channels) in Maps)
        {
            foreach (bool channelsFirst in (bool[])[false, true])
            {
                yield return FromFloats(images, height, width, channels, channelsFirst, seed++);
                yield return FromBytes(images, height, width, channels, channelsFirst, perChannel: false, seed++);
                yield return FromBytes(images, height, width, channels, channelsFirst, perChannel: true, seed++);
            }
        }

        foreach ((int images, int rows, int length) in Rows)
        {
            yield return Quantized(images, rows, length, seed++);
            yield return Dequantized(images, rows, length, wide: false, seed++);
            yield return Dequantized(images, rows, length, wide: true, seed++);
        }

        // Halves of boxes: two bytes of four, brought close together.
        yield return Dequantized(1, 37, 2, wide: false, seed++, rowIn: 4, rowOut: 8);
        yield return Dequantized(2, 16, 2, wide: false, seed, rowIn: 4, rowOut: 8);
    }

    private static float[] Floats(CaseData data, int count, float scale)
    {
        var values = new float[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = data.Random.Next(6) switch
            {
                0 => Special[data.Random.Next(Special.Length)],
                1 => (data.Random.Next(-300, 300) + 0.5f) * scale,
                _ => ((float)data.Random.NextDouble() - 0.5f) * 300 * scale,
            };
        }

        return values;
    }

    private static KernelCase FromFloats(int images, int height, int width, int channels, bool channelsFirst, int seed)
    {
        var data = new CaseData(seed);
        float scale = seed % 2 == 0 ? 0.0078125f : 0.013f;
        float inverse = 1 / scale;
        int zeroPoint = data.Random.Next(256);
        float[] source = Floats(data, images * height * width * channels, scale);
        FeatureMap to = data.Map(images, height, width, channels, 1, 0x11, null, seed % 3 == 0 ? 2 : 0);
        (int image, int row, int pixel, int channel) = Strides(height, width, channels, channelsFirst);
        return new KernelCase
        {
            Kernel = "QuantizeInput.FromFloat32",
            Name = $"{images}×{height}×{width}×{channels}{(channelsFirst ? " from NCHW" : "")}",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = w => QuantizeInput.FromFloat32(
                source, w, image, row, pixel, channel, to.Offset, to.ImageStride, to.RowStride, to.PixelStride, inverse, zeroPoint, images,
                height, width, channels),
            Oracle = arena => Each(images, height, width, channels, (n, y, x, c) =>
                arena[to.At(n, y, x, c)] = QuantizationOracle.Quantize(
                    source[(n * image) + (y * row) + (x * pixel) + (c * channel)], inverse, zeroPoint)),
        };
    }

    private static KernelCase FromBytes(int images, int height, int width, int channels, bool channelsFirst, bool perChannel, int seed)
    {
        var data = new CaseData(seed);
        byte[] source = data.Bytes(images * height * width * channels, DataKind.Uniform);
        byte[] tables = data.Bytes(256 * (perChannel ? channels : 1), DataKind.Uniform);
        int tablesAt = data.AddWeights(tables);
        int tableStride = perChannel ? 256 : 0;
        FeatureMap to = data.Map(images, height, width, channels, 1, 0x11, null);
        (int image, int row, int pixel, int channel) = Strides(height, width, channels, channelsFirst);
        return new KernelCase
        {
            Kernel = "QuantizeInput.FromUInt8",
            Name = $"{images}×{height}×{width}×{channels}{(channelsFirst ? " from NCHW" : "")}{(perChannel ? " tables per channel" : "")}",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = w => QuantizeInput.FromUInt8(
                source, w, image, row, pixel, channel, to.Offset, to.ImageStride, to.RowStride, to.PixelStride, tablesAt, tableStride,
                images, height, width, channels),
            Oracle = arena => Each(images, height, width, channels, (n, y, x, c) =>
                arena[to.At(n, y, x, c)] = tables[(c * tableStride) + source[(n * image) + (y * row) + (x * pixel) + (c * channel)]]),
        };
    }

    private static KernelCase Quantized(int images, int rows, int length, int seed)
    {
        var data = new CaseData(seed);
        float inverse = 1 / 0.031f;
        int zeroPoint = data.Random.Next(256);
        float[] values = Floats(data, images * rows * length, 0.031f);
        int rowIn = (length + 2) * 4;
        int imageIn = (rows * rowIn) + 8;
        int rowOut = length + 3;
        int imageOut = (rows * rowOut) + 5;
        int from = data.ReserveWide(images * imageIn);
        int to = data.Reserve(images * imageOut);
        int at = 0;
        Each(images, rows, length, 1, (n, r, i, _) => data.Put(
            from + (n * imageIn) + (r * rowIn) + (i * 4), BitConverter.SingleToInt32Bits(values[at++])));
        return new KernelCase
        {
            Kernel = "Quantize.Float32ToUInt8",
            Name = $"{images}×{rows}×{length}",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = w => Quantize.Float32ToUInt8(w, from, imageIn, rowIn, to, imageOut, rowOut, inverse, zeroPoint, images, rows, length),
            Oracle = arena =>
            {
                int k = 0;
                Each(images, rows, length, 1, (n, r, i, _) =>
                    arena[to + (n * imageOut) + (r * rowOut) + i] = QuantizationOracle.Quantize(values[k++], inverse, zeroPoint));
            },
        };
    }

    private static KernelCase Dequantized(int images, int rows, int length, bool wide, int seed, int rowIn = 0, int rowOut = 0)
    {
        var data = new CaseData(seed);
        float scale = 0.0173f;
        int zeroPoint = wide ? 0 : data.Random.Next(256);
        int size = wide ? 4 : 1;
        rowIn = rowIn > 0 ? rowIn : (length * size) + 4;
        int imageIn = (rows * rowIn) + 4;
        rowOut = rowOut > 0 ? rowOut : (length + 1) * 4;
        int imageOut = (rows * rowOut) + 8;
        int from = wide ? data.ReserveWide(images * imageIn) : data.Reserve(images * imageIn);
        int to = data.ReserveWide(images * imageOut);
        byte[] before = data.Arena;
        return new KernelCase
        {
            Kernel = wide ? "Dequantize.Int32ToFloat32" : "Dequantize.UInt8ToFloat32",
            Name = $"{images}×{rows}×{length}",
            Arena = before,
            Weights = data.Weights,
            Run = wide
                ? w => Dequantize.Int32ToFloat32(w, from, imageIn, rowIn, to, imageOut, rowOut, scale, images, rows, length)
                : w => Dequantize.UInt8ToFloat32(w, from, imageIn, rowIn, to, imageOut, rowOut, scale, zeroPoint, images, rows, length),
            Oracle = arena => Each(images, rows, length, 1, (n, r, i, _) =>
            {
                int at = from + (n * imageIn) + (r * rowIn) + (i * size);
                int value = wide ? BinaryPrimitives.ReadInt32LittleEndian(before.AsSpan(at)) : before[at] - zeroPoint;
                BinaryPrimitives.WriteSingleLittleEndian(arena.AsSpan(to + (n * imageOut) + (r * rowOut) + (i * 4)), (float)value * scale);
            }),
        };
    }

    private static (int Image, int Row, int Pixel, int Channel) Strides(int height, int width, int channels, bool channelsFirst) =>
        channelsFirst ? (channels * height * width, width, 1, height * width) : (height * width * channels, width * channels, channels, 1);

    private static void Each(int images, int height, int width, int channels, Action<int, int, int, int> visit)
    {
        for (int n = 0; n < images; n++)
            for (int y = 0; y < height; y++)
                for (int x = 0; x < width; x++)
                    for (int c = 0; c < channels; c++)
                        visit(n, y, x, c);
    }
}
