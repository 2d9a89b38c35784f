using OptimizerBuild.Kernels.Tests.Oracles;

namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>Max and average pooling with padding, ceil-mode overhang, strides and dilation, and reductions.</summary>
internal static class PoolCases
{
    private static readonly WindowGeometry[] Geometries =
    [
        // images, height, width, channels as groups, 1, 1, kernel, stride, dilation, pads
        new(1, 4, 4, 3, 1, 1, 2, 2, 2, 2, 1, 1, 0, 0, 0, 0),
        new(2, 5, 7, 17, 1, 1, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1),
        new(1, 6, 6, 64, 1, 1, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
        new(1, 7, 5, 40, 1, 1, 2, 3, 2, 1, 1, 1, 0, 1, 1, 1),
        new(1, 9, 8, 33, 1, 1, 3, 2, 1, 2, 2, 3, 2, 1, 2, 2),
        new(1, 1, 20, 16, 1, 1, 1, 5, 1, 3, 1, 1, 0, 2, 0, 4),
        new(1, 8, 8, 8, 1, 1, 8, 8, 1, 1, 1, 1, 0, 0, 0, 0),
        new(1, 5, 6, 100, 1, 1, 2, 2, 3, 3, 1, 1, 1, 1, 2, 2),
        new(1, 6, 70, 20, 1, 1, 2, 2, 2, 2, 1, 1, 0, 0, 0, 0),
        new(1, 3, 4, 700, 1, 1, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1),
        new(1, 4, 5, 2, 1, 1, 1, 1, 2, 2, 1, 1, 3, 3, 3, 3),
    ];

    private static readonly (int Outer, int Rows, int Columns, int Inner)[] Reductions =
    [
        (1, 1, 1, 1), (1, 7, 7, 64), (2, 3, 5, 19), (1, 1, 100, 1), (3, 1, 9, 33), (1, 12, 9, 96), (5, 4, 4, 7),
        (1, 60, 40, 35), (2, 6, 7, 200), (1, 20, 31, 65),
    ];

    public static IEnumerable<KernelCase> All()
    {
        int seed = 9000;
        foreach (WindowGeometry g in Geometries)
        {
            foreach (int pixelGap in (int[])[0, 3])
            {
                yield return Max(g, pixelGap, seed++);
                yield return Average(g, pixelGap, countIncludePad: false, seed++);
                yield return Average(g, pixelGap, countIncludePad: true, seed++);
            }
        }

        foreach ((int outer, int rows, int columns, int inner) in Reductions)
        {
            foreach (DataKind kind in Enum.GetValues<DataKind>())
            {
                yield return Reduce(outer, rows, columns, inner, kind, mean: true, seed++);
                yield return Reduce(outer, rows, columns, inner, kind, mean: false, seed++);
            }
        }
    }

    private static string Describe(WindowGeometry g, int pixelGap) =>
        $"{g.Images}×{g.Height}×{g.Width}×{g.Groups} window {g.KernelHeight}×{g.KernelWidth} stride {g.StrideHeight}×{g.StrideWidth} " +
        $"dilation {g.DilationHeight}×{g.DilationWidth} pads {g.PadTop},{g.PadLeft},{g.PadBottom},{g.PadRight} pixel gap {pixelGap}";

    private static KernelCase Max(WindowGeometry g, int pixelGap, int seed)
    {
        var data = new CaseData(seed);
        byte[] input = data.Bytes(g.Images * g.Height * g.Width * g.Groups, DataKind.Uniform);
        FeatureMap from = data.Map(g.Images, g.Height, g.Width, g.Groups, 2, 0xFF, input, pixelGap);
        FeatureMap to = data.Map(g.Images, g.OutputHeight, g.OutputWidth, g.Groups, 1, 0x55, null, pixelGap);
        return new KernelCase
        {
            Kernel = "Int8MaxPool.Run",
            Name = Describe(g, pixelGap),
            Arena = data.Arena,
            Weights = data.Weights,
            Run = w => Int8MaxPool.Run(
                w, from.Offset, from.ImageStride, from.RowStride, from.PixelStride, to.Offset, to.ImageStride, to.RowStride, to.PixelStride,
                g.Images, g.Height, g.Width, g.OutputHeight, g.OutputWidth, g.Groups, g.KernelHeight, g.KernelWidth, g.StrideHeight,
                g.StrideWidth,
                g.DilationHeight, g.DilationWidth, g.PadTop, g.PadLeft),
            Oracle = arena => to.Write(arena, PoolOracle.Max(g, input), g.Images, g.OutputHeight, g.OutputWidth, g.Groups),
        };
    }

    private static KernelCase Average(WindowGeometry g, int pixelGap, bool countIncludePad, int seed)
    {
        var data = new CaseData(seed);
        int inputZeroPoint = data.Random.Next(256);
        int outputZeroPoint = data.Random.Next(256);
        byte[] input = data.Bytes(g.Images * g.Height * g.Width * g.Groups, seed % 4 == 0 ? DataKind.Extreme : DataKind.Uniform);
        FeatureMap from = data.Map(g.Images, g.Height, g.Width, g.Groups, 2, (byte)inputZeroPoint, input, pixelGap);
        FeatureMap to = data.Map(g.Images, g.OutputHeight, g.OutputWidth, g.Groups, 1, 0x55, null, pixelGap);

        // Multipliers for the counts 0 (never used), 1, 2, …; real multiplier 1.3 / count.
        int shift = 30;
        int most = g.KernelHeight * g.KernelWidth;
        int[] multiplierOfCount = [0, .. Enumerable.Range(1, most).Select(count => (int)(1.3 / count * (1 << 30)))];
        int multipliersAt = data.AddWeights([.. multiplierOfCount.Skip(1)]);
        (int minimum, int maximum) = seed % 3 == 0 ? (40, 200) : (0, 255);
        (int top, int left, int bottom, int right) = countIncludePad ? (g.PadTop, g.PadLeft, g.PadBottom, g.PadRight) : (0, 0, 0, 0);
        return new KernelCase
        {
            Kernel = "Int8AveragePool.Run",
            Name = Describe(g, pixelGap) + (countIncludePad ? " count_include_pad" : ""),
            Arena = data.Arena,
            Weights = data.Weights,
            Run = w => Int8AveragePool.Run(
                w, from.Offset, from.ImageStride, from.RowStride, from.PixelStride, to.Offset, to.ImageStride, to.RowStride, to.PixelStride,
                multipliersAt, shift, inputZeroPoint, outputZeroPoint, minimum, maximum,
                g.Images, g.Height, g.Width, g.OutputHeight, g.OutputWidth, g.Groups, g.KernelHeight, g.KernelWidth, g.StrideHeight,
                g.StrideWidth,
                g.DilationHeight, g.DilationWidth, g.PadTop, g.PadLeft, top, left, bottom, right),
            Oracle = arena => to.Write(
                arena,
                PoolOracle.Average(g, input, multiplierOfCount, shift, inputZeroPoint, outputZeroPoint, minimum, maximum, countIncludePad),
                g.Images, g.OutputHeight, g.OutputWidth, g.Groups),
        };
    }

    private static KernelCase Reduce(int outer, int rows, int columns, int inner, DataKind kind, bool mean, int seed)
    {
        var data = new CaseData(seed);
        int columnStride = inner + data.Random.Next(0, 4);
        int rowStride = (columns * columnStride) + data.Random.Next(0, 4);
        int outerStride = (rows * rowStride) + data.Random.Next(0, 4);
        int outputStride = inner + data.Random.Next(0, 4);
        byte[] noise = data.Bytes(outer * outerStride, kind);
        int from = data.Reserve(outer * outerStride);
        for (int i = 0; i < noise.Length; i++)
            data.Put(from + i, noise[i]);
        int to = data.Reserve(outer * outputStride);
        int inputZeroPoint = data.Random.Next(256);
        int outputZeroPoint = data.Random.Next(256);
        int shift = 34;
        int multiplier = (int)(1.7 / (rows * columns) * Math.Pow(2, shift) / 16);
        return new KernelCase
        {
            Kernel = mean ? "Int8Mean.Run" : "Int8Max.Run",
            Name = $"{outer}×{rows}×{columns}×{inner} {kind}",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = mean
                ? w => Int8Mean.Run(
                    w, from, outerStride, rowStride, columnStride, to, outputStride, multiplier, shift, inputZeroPoint, outputZeroPoint, 3,
                    250, outer, rows, columns, inner)
                : w => Int8Max.Run(w, from, outerStride, rowStride, columnStride, to, outputStride, outer, rows, columns, inner),
            Oracle = arena =>
            {
                for (int o = 0; o < outer; o++)
                    for (int i = 0; i < inner; i++)
                    {
                        long sum = 0;
                        byte greatest = 0;
                        for (int y = 0; y < rows; y++)
                            for (int x = 0; x < columns; x++)
                            {
                                byte value = noise[(o * outerStride) + (y * rowStride) + (x * columnStride) + i];
                                sum += value - inputZeroPoint;
                                greatest = Math.Max(greatest, value);
                            }

                        arena[to + (o * outputStride) + i] = mean
                            ? Arithmetic.ToUInt8((Int128)sum * multiplier, shift, outputZeroPoint, 3, 250) : greatest;
                    }
            },
        };
    }
}
