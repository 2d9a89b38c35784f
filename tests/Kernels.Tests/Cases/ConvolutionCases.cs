using System.Buffers.Binary;
using OptimizerBuild.Kernels.Tests.Oracles;

namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>Convolutions: dense, grouped, depthwise, one-dimensional, strided, dilated; u8 and s32 outputs; s32 and s64 sums.</summary>
internal static class ConvolutionCases
{
    private static readonly WindowGeometry[] Geometries =
    [
        // images, height, width, groups, in, out, kernel, stride, dilation, pads
        Geometry(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1),
        Geometry(1, 1, 5, 1, 4, 16, 1, 1, 1, 1, 1, 1),
        Geometry(1, 3, 7, 1, 16, 16, 1, 1, 1, 1, 1, 1),
        Geometry(2, 5, 5, 1, 7, 9, 1, 1, 1, 1, 1, 1),
        Geometry(1, 6, 7, 1, 3, 24, 1, 1, 2, 2, 1, 1),
        Geometry(1, 7, 9, 1, 3, 10, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
        Geometry(1, 8, 9, 1, 3, 16, 3, 3, 2, 2, 1, 1, 0, 0, 1, 1),
        Geometry(2, 9, 6, 1, 8, 33, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
        Geometry(1, 5, 5, 1, 17, 40, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
        Geometry(1, 10, 11, 1, 5, 21, 5, 5, 2, 3, 1, 1, 2, 2, 2, 2),
        Geometry(1, 9, 12, 1, 6, 13, 3, 3, 1, 1, 2, 2, 2, 2, 2, 2),
        Geometry(1, 9, 12, 1, 6, 18, 3, 2, 1, 2, 3, 1, 1, 0, 2, 1),
        Geometry(1, 1, 23, 1, 9, 14, 1, 7, 1, 2, 1, 1, 0, 3, 0, 3),
        Geometry(1, 1, 23, 1, 9, 14, 1, 3, 1, 1, 1, 4, 0, 4, 0, 4),
        Geometry(1, 6, 6, 2, 4, 8, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
        Geometry(1, 6, 7, 3, 5, 11, 3, 3, 2, 1, 1, 1, 1, 1, 1, 1),
        Geometry(1, 5, 6, 4, 1, 2, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
        Geometry(2, 4, 5, 2, 8, 17, 1, 1, 1, 1, 1, 1),
        Geometry(1, 4, 4, 1, 64, 48, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
        Geometry(1, 3, 5, 1, 130, 65, 1, 1, 1, 1, 1, 1),
        Geometry(1, 2, 3, 1, 2, 8, 4, 4, 1, 1, 1, 1, 2, 1, 2, 2),
    ];

    // The last 24 outputs of a product have a tile of their own: alone and behind others, rows that fill tiles of six and that do not.
    private static readonly WindowGeometry[] TwentyFourGeometries =
    [
        Geometry(1, 2, 3, 1, 8, 24, 1, 1, 1, 1, 1, 1),
        Geometry(1, 13, 11, 1, 24, 24, 1, 1, 1, 1, 1, 1),
        Geometry(2, 3, 5, 1, 10, 56, 1, 1, 1, 1, 1, 1),
        Geometry(1, 7, 8, 1, 5, 24, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
        Geometry(1, 9, 10, 1, 16, 88, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1),
        Geometry(1, 5, 1, 1, 12, 24, 1, 1, 1, 1, 1, 1),
    ];

    private static readonly WindowGeometry[] DepthwiseGeometries =
    [
        Geometry(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1),
        Geometry(1, 5, 6, 16, 1, 1, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
        Geometry(2, 5, 7, 8, 1, 1, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
        Geometry(1, 9, 8, 24, 1, 1, 3, 3, 2, 2, 1, 1, 0, 0, 1, 1),
        Geometry(1, 7, 7, 35, 1, 1, 5, 5, 1, 1, 1, 1, 2, 2, 2, 2),
        Geometry(1, 9, 9, 5, 1, 1, 5, 5, 2, 3, 1, 1, 2, 2, 2, 2),
        Geometry(1, 11, 10, 17, 1, 1, 3, 3, 1, 1, 2, 3, 2, 3, 2, 3),
        Geometry(1, 1, 19, 33, 1, 1, 1, 4, 1, 2, 1, 1, 0, 1, 0, 2),
        Geometry(1, 4, 5, 64, 1, 1, 2, 2, 1, 1, 1, 1, 1, 0, 0, 1),
        Geometry(1, 8, 8, 3, 1, 1, 7, 7, 1, 1, 1, 1, 3, 3, 3, 3),
        Geometry(1, 5, 5, 48, 1, 1, 5, 5, 1, 1, 1, 1),

        // 3×3 and 5×5 that the form with planes takes: every size of block, several stretches of a row, both numbers of output rows.
        Geometry(2, 5, 9, 16, 1, 1, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
        Geometry(1, 3, 13, 8, 1, 1, 3, 3, 2, 1, 1, 1, 1, 1, 1, 1),
        Geometry(1, 2, 260, 16, 1, 1, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
        Geometry(1, 6, 7, 24, 1, 1, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
        Geometry(2, 7, 70, 88, 1, 1, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
        Geometry(1, 4, 3, 64, 1, 1, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
        Geometry(1, 9, 15, 112, 1, 1, 3, 3, 2, 2, 1, 1, 0, 0, 1, 1),
        Geometry(1, 3, 14, 32, 1, 1, 3, 3, 1, 2, 1, 1, 1, 1, 1, 1),
        Geometry(1, 3, 31, 104, 1, 1, 5, 5, 1, 1, 1, 1, 2, 2, 2, 2),
        Geometry(1, 6, 17, 40, 1, 1, 5, 5, 2, 1, 1, 1, 2, 2, 2, 2),
        Geometry(2, 4, 6, 16, 1, 1, 5, 5, 1, 1, 1, 1, 2, 2, 2, 2),
        Geometry(1, 9, 33, 70, 1, 1, 5, 5, 2, 2, 1, 1, 2, 2, 2, 2),

        // What the form for AVX2 takes besides: tiles of seven vectors, eight of sixteen channels, any kernel, one row of taps, dilations.
        Geometry(1, 5, 14, 96, 1, 1, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
        Geometry(1, 3, 28, 40, 1, 1, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
        Geometry(1, 12, 30, 24, 1, 1, 7, 7, 1, 1, 1, 1, 3, 3, 3, 3),
        Geometry(1, 6, 26, 72, 1, 1, 4, 3, 1, 1, 1, 1, 1, 1, 1, 1),
        Geometry(1, 8, 22, 33, 1, 1, 3, 5, 1, 1, 2, 2, 2, 4, 2, 4),
        Geometry(1, 1, 70, 40, 1, 1, 1, 9, 1, 1, 1, 1, 0, 4, 0, 4),
        Geometry(1, 1, 70, 32, 1, 1, 1, 3, 1, 2, 1, 1, 0, 1, 0, 1),
        Geometry(1, 40, 3, 32, 1, 1, 31, 1, 1, 1, 1, 1, 15, 0, 15, 0),

        // Blocks of 16 channels with a stride of two, whose even and odd places lie apart, and kernels of many taps.
        Geometry(1, 13, 29, 8, 1, 1, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1),
        Geometry(2, 6, 14, 40, 1, 1, 5, 5, 2, 2, 1, 1, 2, 2, 2, 2),
        Geometry(1, 3, 300, 16, 1, 1, 3, 3, 1, 2, 1, 1, 1, 1, 1, 1),
        Geometry(1, 14, 30, 11, 1, 1, 3, 4, 2, 2, 1, 3, 1, 4, 1, 5),
        Geometry(1, 9, 26, 8, 1, 1, 4, 3, 1, 2, 2, 2, 3, 2, 3, 2),
        Geometry(1, 16, 30, 8, 1, 1, 11, 11, 2, 2, 1, 1, 5, 5, 5, 5),
        Geometry(1, 9, 31, 24, 1, 1, 11, 11, 1, 1, 1, 1, 5, 5, 5, 5),
        Geometry(1, 1, 70, 12, 1, 1, 1, 9, 1, 2, 1, 1, 0, 4, 0, 4),

        // Windows too large for the scratch memory: in bands of rows, of columns, and of both; odd sizes, strides, dilations.
        Geometry(1, 12, 12, 24, 1, 1, 33, 33, 1, 1, 1, 1, 16, 16, 16, 16),
        Geometry(2, 10, 11, 8, 1, 1, 39, 39, 2, 2, 1, 1, 19, 19, 19, 19),
        Geometry(1, 7, 40, 35, 1, 1, 21, 25, 1, 1, 1, 1, 10, 12, 10, 12),
        Geometry(1, 9, 9, 17, 1, 1, 20, 21, 1, 2, 2, 3, 19, 30, 19, 30),
        Geometry(1, 2, 100, 16, 1, 1, 35, 5, 1, 1, 1, 1, 17, 2, 17, 2),
        Geometry(1, 5, 90, 48, 1, 1, 34, 3, 2, 3, 1, 40, 17, 40, 17, 40),
        Geometry(1, 1, 60, 40, 1, 1, 1, 140, 1, 1, 1, 1, 0, 70, 0, 69),
        Geometry(1, 4, 3, 33, 1, 1, 130, 1, 1, 1, 1, 1, 65, 0, 64, 0),

        // 3×3 with columns in registers: blocks of 64, 32 and 16 channels, whole and not, in segments of one and more pixels; all strides.
        Geometry(1, 7, 9, 184, 1, 1, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1),
        Geometry(2, 5, 6, 120, 1, 1, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
        Geometry(1, 6, 11, 28, 1, 1, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1),
        Geometry(1, 5, 8, 112, 1, 1, 3, 3, 2, 1, 1, 1, 1, 1, 1, 1),
        Geometry(1, 4, 12, 80, 1, 1, 3, 3, 1, 2, 1, 1, 0, 1, 1, 0),
        Geometry(1, 3, 1, 107, 1, 1, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
        Geometry(1, 5, 4, 56, 1, 1, 3, 3, 3, 2, 1, 1, 1, 1, 1, 1),
    ];

    public static IEnumerable<KernelCase> All()
    {
        int seed = 1000;
        foreach (WindowGeometry g in Geometries)
        {
            foreach (DataKind kind in Enum.GetValues<DataKind>())
            {
                foreach (int pixelGap in g.Images == 1 ? [0, 3] : (int[])[0])
                    yield return Case(g, kind, wide: false, blocked: false, depthwise: false, pixelGap, seed++);
                yield return Case(g, kind, wide: true, blocked: false, depthwise: false, 0, seed++);
            }

            yield return Case(g, DataKind.Uniform, wide: false, blocked: true, depthwise: false, 0, seed++);
            yield return Case(g, DataKind.Uniform, wide: true, blocked: true, depthwise: false, 0, seed++);
        }

        foreach (ProductShape s in ProductShapes.Of("Convolution").Concat(ProductShapes.Of("Depthwise")))
            yield return Case(Geometry(s), DataKind.Uniform, wide: false, blocked: false, s.Kernel == "Depthwise", 0, seed++);

        foreach (WindowGeometry g in DepthwiseGeometries)
        {
            foreach (DataKind kind in Enum.GetValues<DataKind>())
            {
                yield return Case(g, kind, wide: false, blocked: false, depthwise: true, 0, seed++);
                yield return Case(g, kind, wide: false, blocked: false, depthwise: true, 5, seed++);
            }
        }

        foreach (WindowGeometry g in TwentyFourGeometries)
        {
            foreach (DataKind kind in Enum.GetValues<DataKind>())
            {
                yield return Case(g, kind, wide: false, blocked: false, depthwise: false, 0, seed++);
                yield return Case(g, kind, wide: false, blocked: false, depthwise: false, g.Images == 1 ? 3 : 0, seed++);
            }
        }
    }

    /// <summary>Convolutions some of whose blocks of weights are zero.</summary>
    public static IEnumerable<KernelCase> Sparse()
    {
        int seed = 320000;
        foreach (WindowGeometry g in Geometries)
        {
            foreach (DataKind kind in Enum.GetValues<DataKind>())
            {
                foreach (int pixelGap in g.Images == 1 ? [0, 3] : (int[])[0])
                    yield return Case(g, kind, wide: false, blocked: false, depthwise: false, pixelGap, seed++, zeros: 60);
                yield return Case(g, kind, wide: true, blocked: false, depthwise: false, 0, seed++, zeros: 60);
            }
        }

        foreach (int zeros in (int[])[0, 80, 95, 100])
            foreach (ProductShape s in (ProductShape[])[new("Convolution", 14, 14, 128, 128), new("Convolution", 14, 14, 64, 72, 3)])
                yield return Case(Geometry(s), DataKind.Uniform, wide: false, blocked: false, depthwise: false, 0, seed++, zeros);
    }

    /// <summary>Convolutions of weights of four bits, with factors for groups of input channels and without.</summary>
    public static IEnumerable<KernelCase> Nibbles()
    {
        int seed = 370000;
        WindowGeometry[] geometries =
        [
            .. Geometries.Where(g => g.InputsPerGroup % 4 == 0),
            Geometry(1, 4, 4, 1, 64, 48, 1, 1, 1, 1, 1, 1),
            Geometry(1, 3, 3, 1, 100, 24, 3, 3, 1, 1, 1, 1),
            Geometry(1, 5, 5, 2, 40, 24, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
            Geometry(1, 1, 3, 1, 64, 24, 1, 3, 1, 1, 1, 1),
            Geometry(1, 1, 3, 1, 100, 24, 1, 3, 1, 1, 1, 1),
            Geometry(1, 1, 8, 1, 64, 24, 1, 5, 1, 1, 1, 1),
            Geometry(1, 7, 7, 1, 160, 160, 1, 1, 1, 1, 1, 1),
            Geometry(1, 12, 12, 1, 64, 64, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
        ];
        foreach (WindowGeometry g in geometries)
            foreach (DataKind kind in Enum.GetValues<DataKind>())
                foreach (int group in g.InputsPerGroup > 32 ? [0, 32, 64] : (int[])[0])
                {
                    foreach (int pixelGap in g.Images == 1 ? [0, 3] : (int[])[0])
                        yield return Case(
                            g, kind, wide: false, blocked: false, depthwise: false, pixelGap, seed++, groupInputs: group);
                    yield return Case(g, kind, wide: true, blocked: false, depthwise: false, 0, seed++, groupInputs: group);
                }
    }

    /// <summary>
    /// Convolutions that Winograd's forms take: windows cut off on either side, several blocks, last panels that stand alone, the most
    /// inputs whose transformed sums fit, sums as large as F(4×4, 3×3) can tell them apart; and some that they leave to the direct form.
    /// </summary>
    public static IEnumerable<KernelCase> Winograd()
    {
        int seed = 410000;
        WindowGeometry[] geometries =
        [
            Geometry(1, 1, 1, 1, 16, 16, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
            Geometry(1, 1, 6, 1, 16, 32, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
            Geometry(1, 5, 1, 1, 32, 16, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
            Geometry(2, 5, 4, 1, 16, 16, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
            Geometry(3, 4, 7, 1, 32, 48, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
            Geometry(1, 7, 7, 1, 48, 80, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
            Geometry(1, 6, 6, 1, 64, 32, 3, 3, 1, 1, 1, 1),
            Geometry(1, 13, 11, 1, 16, 16, 3, 3, 1, 1, 1, 1, 1, 0, 0, 1),
            Geometry(1, 5, 51, 1, 16, 48, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
            Geometry(1, 4, 5, 1, 16, 16, 3, 3, 1, 1, 1, 1, 2, 2, 2, 2),
            Geometry(1, 2, 2, 1, 1808, 16, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
            Geometry(1, 6, 5, 2, 16, 16, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
            Geometry(1, 6, 5, 1, 16, 16, 3, 3, 2, 1, 1, 1, 1, 1, 1, 1),
            Geometry(1, 6, 5, 1, 16, 24, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
            Geometry(1, 4, 4, 1, 16, 16, 1, 1, 1, 1, 1, 1),
        ];
        foreach (WindowGeometry g in geometries)
            foreach (DataKind kind in Enum.GetValues<DataKind>())
                foreach (int pixelGap in g.Images == 1 ? [0, 3] : (int[])[0])
                    foreach (int tile in HasExactFours(g) ? [2, 4] : (int[])[2])
                        yield return Winograd(g, kind, tile, pixelGap, seed++);
        foreach (ProductShape s in ProductShapes.Winograd.Where(s => s.Macs < 10_000_000))
            foreach (int tile in HasExactFours(Geometry(s)) ? [2, 4] : (int[])[2])
                yield return Winograd(Geometry(s), DataKind.Uniform, tile, 0, seed++);
        foreach (int size in (int[])[4, 7])
            yield return Winograd(
                Geometry(1, size, size, 1, 128, 48, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1), DataKind.Extreme, 4, 0, seed++, isAtBound: true);
    }

    private static KernelCase Winograd(WindowGeometry g, DataKind kind, int tile, int pixelGap, int seed, bool isAtBound = false) =>
        Case(g, kind, wide: false, blocked: false, depthwise: false, pixelGap, seed, tile: tile, isAtBound: isAtBound);

    // Whatever the weights.
    private static bool HasExactFours(WindowGeometry g) =>
        byte.MaxValue * 128L * g.InputsPerGroup * g.KernelHeight * g.KernelWidth < 1 << (Winograd4x4.SumBits - 1);

    private static WindowGeometry Geometry(ProductShape s)
    {
        int pad = s.Window / 2;
        bool depthwise = s.Kernel == "Depthwise";
        return Geometry(
            1, s.Height * s.Stride, s.Width * s.Stride, depthwise ? s.Inputs : 1, depthwise ? 1 : s.Inputs, s.Outputs, s.Window, s.Window,
            s.Stride, s.Stride, 1, 1, pad, pad, pad, pad);
    }

    private static WindowGeometry Geometry(
        int images, int height, int width, int groups, int inputs, int outputs, int kernelHeight, int kernelWidth, int strideHeight,
        int strideWidth,
        int dilationHeight, int dilationWidth, int padTop = 0, int padLeft = 0, int padBottom = 0, int padRight = 0) =>
        new(
            images, height, width, groups, inputs, outputs, kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight,
            dilationWidth,
            padTop, padLeft, padBottom, padRight);

    private static KernelCase Case(
        WindowGeometry g, DataKind kind, bool wide, bool blocked, bool depthwise, int pixelGap, int seed, int? zeros = null,
        int? groupInputs = null, int tile = 0, bool isAtBound = false)
    {
        bool winograd = tile != 0;
        var data = new CaseData(seed);
        int zeroPoint = data.Random.Next(256);
        int channels = g.InputChannels;
        byte[] input = data.Bytes(g.Images * g.Height * g.Width * channels, kind);
        sbyte[] weights = data.SignedBytes(g.OutputChannels * g.InputsPerGroup * g.KernelHeight * g.KernelWidth, kind);
        if (isAtBound)
        {
            Array.Fill(input, byte.MaxValue);
            FillToBound(weights, g.OutputChannels);
        }

        long[] bias = [.. Enumerable.Range(0, g.OutputChannels).Select(_ => (long)data.Random.Next(-100000, 100001))];
        int taps = g.KernelHeight * g.KernelWidth;

        int border = Math.Max(Math.Max(g.PadTop, g.PadBottom), Math.Max(g.PadLeft, g.PadRight));
        FeatureMap from = data.Map(g.Images, g.Height, g.Width, channels, border, (byte)zeroPoint, input, pixelGap);
        int first = from.Offset - (g.PadTop * from.RowStride) - (g.PadLeft * from.PixelStride);

        SparseWeights? sparse = null;
        if (zeros is { } percent)
        {
            (int segments, int length) =
                Int8Packing.Segments(g.InputsPerGroup, g.KernelHeight, g.KernelWidth, from.PixelStride, g.DilationWidth);
            var dense = new byte[g.Groups * Int8Packing.PackedBytes(g.OutputsPerGroup, segments, length)];
            Int8Packing.PackConvolution(
                weights, g.Groups, g.OutputsPerGroup, g.InputsPerGroup, g.KernelHeight, g.KernelWidth, from.PixelStride, g.DilationWidth,
                dense);
            sparse = new SparseWeights(dense, g.Groups, g.OutputsPerGroup, segments, length, percent, data.Random);
            Int8Packing.UnpackConvolution(
                dense, g.Groups, g.OutputsPerGroup, g.InputsPerGroup, g.KernelHeight, g.KernelWidth, from.PixelStride, g.DilationWidth,
                weights);
        }

        NibbleWeights? four = groupInputs is { } shared
            ? new(weights, g.Groups, g.OutputsPerGroup, g.InputsPerGroup, taps, shared, data.Random) : null;

        // Where weights, biases and multipliers go, and the zero point folded into the biases.
        int paddedPerGroup = depthwise ? Int8DepthwiseLayout.PaddedChannels(g.OutputChannels)
            : Int8Packing.PaddedOutputs(g.OutputsPerGroup);
        int paddedTotal = depthwise ? paddedPerGroup : g.Groups * paddedPerGroup;
        int perWeight = g.InputsPerGroup * taps;
        var folded = new long[paddedTotal];
        double largest = 1;
        for (int o = 0; o < g.OutputChannels; o++)
        {
            long weightSum = 0;
            long magnitude = 0;
            for (int k = 0; k < perWeight; k++)
            {
                weightSum += weights[(o * perWeight) + k];
                magnitude += Math.Abs((long)weights[(o * perWeight) + k]);
            }

            int index = depthwise ? Int8DepthwiseLayout.Lane(o, channels) : (o / g.OutputsPerGroup * paddedPerGroup)
                + (o % g.OutputsPerGroup);
            folded[index] = bias[o] - (zeroPoint * weightSum);
            largest = Math.Max(largest, Math.Abs(folded[index]) + (255 * magnitude));
        }

        byte[] packed;
        if (depthwise)
        {
            packed = new byte[Int8Packing.DepthwiseBytes(channels, g.KernelHeight, g.KernelWidth)];
            Int8Packing.PackDepthwise(weights, channels, g.KernelHeight, g.KernelWidth, packed);
        }
        else
        {
            packed = new byte[Int8Packing.ConvolutionBytes(
                g.Groups, g.OutputsPerGroup, g.InputsPerGroup, g.KernelHeight, g.KernelWidth, from.PixelStride, g.DilationWidth)];
            Int8Packing.PackConvolution(
                weights, g.Groups, g.OutputsPerGroup, g.InputsPerGroup, g.KernelHeight, g.KernelWidth, from.PixelStride, g.DilationWidth,
                packed);
        }

        // One case in four has real multipliers above 1, which most outputs saturate on.
        (int[] perOutput, int shift) = data.Multipliers(
            g.OutputChannels, g.OutputChannels, largest, seed % 4 == 3 ? largest * 3.7 : wide ? 1e9 : 300);
        var multipliers = new int[paddedTotal];
        for (int o = 0; o < g.OutputChannels; o++)
            multipliers[depthwise ? Int8DepthwiseLayout.Lane(o, channels)
                : (o / g.OutputsPerGroup * paddedPerGroup) + (o % g.OutputsPerGroup)] = perOutput[o];

        (int weightsAt, int columnsAt, int startsAt) = sparse?.AddTo(data) ?? (four is not null ? 0 : data.AddWeights(packed), 0, 0);
        int factorsAt = 0;
        if (four is not null)
            (weightsAt, factorsAt) = four.AddTo(data, packed);
        int biasAt = blocked ? data.AddWeights(folded) : data.AddWeights([.. folded.Select(v => checked((int)v))]);
        int multipliersAt = data.AddWeights(multipliers);
        int outputZeroPoint = data.Random.Next(256);
        (int minimum, int maximum) = seed % 3 == 0 ? (data.Random.Next(0, 100), data.Random.Next(100, 256)) : (0, 255);

        int outputChannels = g.OutputChannels;
        FeatureMap to = wide
            ? WideMap(data, g)
            : data.Map(g.Images, g.OutputHeight, g.OutputWidth, outputChannels, 1, 0x77, null, pixelGap);
        int fromOffset = first;
        Int8Product? product = null;
        if (!depthwise && !blocked)
        {
            Int8Convolution.Describe(
                out Int8Product described,
                fromOffset, from.ImageStride, from.RowStride, from.PixelStride, to.Offset, to.ImageStride, to.RowStride, to.PixelStride,
                weightsAt, biasAt, multipliersAt, g.Images, g.OutputHeight, g.OutputWidth, g.Groups, g.InputsPerGroup, g.OutputsPerGroup,
                g.KernelHeight, g.KernelWidth, g.StrideHeight, g.StrideWidth, g.DilationHeight, g.DilationWidth);
            described.Requantization = wide ? Requantization.ToInt32(shift)
                : Requantization.ToUInt8(shift, outputZeroPoint, minimum, maximum);
            described.PairSumsFit = kind == DataKind.Bounded;
            product = described;
        }

        int pairSums = kind == DataKind.Bounded ? 1 : 0;
        Action<Workspace> run = (depthwise, blocked, wide) switch
        {
            (true, _, _) => w => Int8Depthwise.Run(
                w, fromOffset, from.ImageStride, from.RowStride, from.PixelStride, to.Offset, to.ImageStride, to.RowStride, to.PixelStride,
                weightsAt, biasAt, multipliersAt, shift, outputZeroPoint, minimum, maximum, g.Images, g.OutputHeight, g.OutputWidth,
                channels,
                g.KernelHeight, g.KernelWidth, g.StrideHeight, g.StrideWidth, g.DilationHeight, g.DilationWidth, pairSums),
            (_, false, false) when four is not null => w => Int4Convolution.Run(
                w, fromOffset, from.ImageStride, from.RowStride, from.PixelStride, to.Offset, to.ImageStride, to.RowStride, to.PixelStride,
                weightsAt, factorsAt, four.GroupInputs, biasAt, multipliersAt, shift, outputZeroPoint, minimum, maximum, g.Images,
                g.OutputHeight, g.OutputWidth, g.Groups, g.InputsPerGroup, g.OutputsPerGroup, g.KernelHeight, g.KernelWidth,
                g.StrideHeight, g.StrideWidth, g.DilationHeight, g.DilationWidth, pairSums),
            (_, false, true) when four is not null => w => Int4Convolution.RunWide(
                w, fromOffset, from.ImageStride, from.RowStride, from.PixelStride, to.Offset, to.ImageStride, to.RowStride, to.PixelStride,
                weightsAt, factorsAt, four.GroupInputs, biasAt, multipliersAt, shift, g.Images, g.OutputHeight, g.OutputWidth, g.Groups,
                g.InputsPerGroup, g.OutputsPerGroup, g.KernelHeight, g.KernelWidth, g.StrideHeight, g.StrideWidth, g.DilationHeight,
                g.DilationWidth, pairSums),
            (_, false, false) when sparse is not null => w => Int8SparseConvolution.Run(
                w, fromOffset, from.ImageStride, from.RowStride, from.PixelStride, to.Offset, to.ImageStride, to.RowStride, to.PixelStride,
                weightsAt, columnsAt, startsAt, biasAt, multipliersAt, shift, outputZeroPoint, minimum, maximum, g.Images, g.OutputHeight,
                g.OutputWidth, g.Groups, g.InputsPerGroup, g.OutputsPerGroup, g.KernelHeight, g.KernelWidth, g.StrideHeight, g.StrideWidth,
                g.DilationHeight, g.DilationWidth, pairSums),
            (_, false, true) when sparse is not null => w => Int8SparseConvolution.RunWide(
                w, fromOffset, from.ImageStride, from.RowStride, from.PixelStride, to.Offset, to.ImageStride, to.RowStride, to.PixelStride,
                weightsAt, columnsAt, startsAt, biasAt, multipliersAt, shift, g.Images, g.OutputHeight, g.OutputWidth, g.Groups,
                g.InputsPerGroup, g.OutputsPerGroup, g.KernelHeight, g.KernelWidth, g.StrideHeight, g.StrideWidth, g.DilationHeight,
                g.DilationWidth, pairSums),
            (_, false, false) when winograd => w => Int8WinogradConvolution.Run(
                w, fromOffset, from.ImageStride, from.RowStride, from.PixelStride, to.Offset, to.ImageStride, to.RowStride, to.PixelStride,
                weightsAt, biasAt, multipliersAt, shift, outputZeroPoint, minimum, maximum, g.Images, g.OutputHeight, g.OutputWidth,
                g.Groups,
                g.InputsPerGroup, g.OutputsPerGroup, g.KernelHeight, g.KernelWidth, g.StrideHeight, g.StrideWidth, g.DilationHeight,
                g.DilationWidth, pairSums, tile, tile),
            (_, false, false) => w => Int8Convolution.Run(
                w, fromOffset, from.ImageStride, from.RowStride, from.PixelStride, to.Offset, to.ImageStride, to.RowStride, to.PixelStride,
                weightsAt, biasAt, multipliersAt, shift, outputZeroPoint, minimum, maximum, g.Images, g.OutputHeight, g.OutputWidth,
                g.Groups,
                g.InputsPerGroup, g.OutputsPerGroup, g.KernelHeight, g.KernelWidth, g.StrideHeight, g.StrideWidth, g.DilationHeight,
                g.DilationWidth, pairSums),
            (_, false, true) => w => Int8Convolution.RunWide(
                w, fromOffset, from.ImageStride, from.RowStride, from.PixelStride, to.Offset, to.ImageStride, to.RowStride, to.PixelStride,
                weightsAt, biasAt, multipliersAt, shift, g.Images, g.OutputHeight, g.OutputWidth, g.Groups,
                g.InputsPerGroup, g.OutputsPerGroup, g.KernelHeight, g.KernelWidth, g.StrideHeight, g.StrideWidth, g.DilationHeight,
                g.DilationWidth, pairSums),
            (_, true, false) => w => Int8ConvolutionBlocked.Run(
                w, fromOffset, from.ImageStride, from.RowStride, from.PixelStride, to.Offset, to.ImageStride, to.RowStride, to.PixelStride,
                weightsAt, biasAt, multipliersAt, shift, outputZeroPoint, minimum, maximum, g.Images, g.OutputHeight, g.OutputWidth,
                g.Groups,
                g.InputsPerGroup, g.OutputsPerGroup, g.KernelHeight, g.KernelWidth, g.StrideHeight, g.StrideWidth, g.DilationHeight,
                g.DilationWidth),
            (_, true, true) => w => Int8ConvolutionBlocked.RunWide(
                w, fromOffset, from.ImageStride, from.RowStride, from.PixelStride, to.Offset, to.ImageStride, to.RowStride, to.PixelStride,
                weightsAt, biasAt, multipliersAt, shift, g.Images, g.OutputHeight, g.OutputWidth, g.Groups,
                g.InputsPerGroup, g.OutputsPerGroup, g.KernelHeight, g.KernelWidth, g.StrideHeight, g.StrideWidth, g.DilationHeight,
                g.DilationWidth),
        };
        return new KernelCase
        {
            Kernel = (depthwise ? "Int8Depthwise" : four is not null ? "Int4Convolution" : sparse is not null ? "Int8SparseConvolution"
                : winograd ? "Int8WinogradConvolution" : blocked ? "Int8ConvolutionBlocked" : "Int8Convolution")
                + (wide ? ".RunWide" : ".Run"),
            Name = $"{g.Images}×{g.Height}×{g.Width}×{channels}→{outputChannels} " +
                $"kernel {g.KernelHeight}×{g.KernelWidth} stride {g.StrideHeight}×{g.StrideWidth} " +
                $"dilation {g.DilationHeight}×{g.DilationWidth} groups {g.Groups} pixel gap {pixelGap} {kind}, shift {shift}"
                + (zeros is { } share ? $", {share} % zero" : "") + (groupInputs is > 0 ? $", groups of {groupInputs}" : "")
                + (winograd ? $", F({tile}×{tile}, 3×3)" : "") + (isAtBound ? ", at the bound" : ""),
            Arena = data.Arena,
            Weights = data.Weights,
            Product = sparse is null && four is null && !winograd ? product : null,
            Winograd = winograd && Int8WinogradConvolution.IsSupported(
                g.Groups, g.InputsPerGroup, g.OutputsPerGroup, g.KernelHeight, g.KernelWidth, g.StrideHeight, g.StrideWidth,
                g.DilationHeight, g.DilationWidth) ? new() { Direct = product!.Value, Inputs = g.InputsPerGroup, Tile = tile } : null,
            Four = four?.Of(product!.Value, factorsAt),
            Sparse = sparse is null ? null : new() { Product = product!.Value, Columns = columnsAt, Starts = startsAt },
            Run = run,
            Oracle = arena =>
            {
                long[] sums = ConvolutionOracle.Sums(g, input, zeroPoint, weights, bias);
                int at = 0;
                for (int n = 0; n < g.Images; n++)
                    for (int y = 0; y < g.OutputHeight; y++)
                        for (int x = 0; x < g.OutputWidth; x++)
                            for (int c = 0; c < outputChannels; c++)
                            {
                                Int128 scaled = (Int128)sums[at++] * perOutput[c];
                                if (wide)
                                    BinaryPrimitives.WriteInt32LittleEndian(
                                        arena.AsSpan(to.At(n, y, x, c * 4)), Arithmetic.ToInt32(scaled, shift));
                                else
                                    arena[to.At(n, y, x, c)] = Arithmetic.ToUInt8(scaled, shift, outputZeroPoint, minimum, maximum);
                            }
            },
        };
    }

    // Positive and negative sums in turn, the greatest multiples of 255 below 2^25.
    private static void FillToBound(sbyte[] weights, int outputs)
    {
        const int magnitude = (1 << (Winograd4x4.SumBits - 1)) / byte.MaxValue;
        int length = weights.Length / outputs;
        for (int i = 0; i < weights.Length; i++)
        {
            int at = i % length;
            weights[i] = (sbyte)((i / length % 2 == 0 ? 1 : -1) * ((magnitude * (at + 1) / length) - (magnitude * at / length)));
        }
    }

    private static FeatureMap WideMap(CaseData data, WindowGeometry g)
    {
        int pixelStride = g.OutputChannels * 4;
        int rowStride = (g.OutputWidth * pixelStride) + 8;
        int imageStride = (g.OutputHeight * rowStride) + 4;
        return new FeatureMap(data.ReserveWide(g.Images * imageStride), imageStride, rowStride, pixelStride);
    }
}
