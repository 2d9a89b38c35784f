namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>Tables over rows and per channel, and borders.</summary>
internal static class TableCases
{
    private static readonly (int Images, int Height, int RowBytes, int Top, int Bottom, int Left, int Right)[] Borders =
    [
        (1, 1, 1, 0, 0, 0, 0), (1, 3, 10, 1, 1, 2, 2), (2, 4, 33, 0, 2, 0, 5), (2, 2, 64, 3, 1, 48, 16), (1, 5, 7, 2, 0, 1, 0),
        (1, 4, 48, 1, 1, 16, 16), (2, 3, 30, 0, 1, 40, 20), (1, 1, 9, 2, 2, 700, 18),
    ];

    private static readonly (int Images, int Rows, int Length)[] Shapes =
        [(1, 1, 1), (1, 3, 16), (2, 3, 77), (1, 2, 640), (1, 1, 33), (1, 2, 64), (1, 1, 127)];

    public static IEnumerable<KernelCase> All()
    {
        int seed = 30000;
        foreach ((int images, int rows, int length) in Shapes)
        {
            yield return Table(images, rows, length, inPlace: false, seed++);
            yield return Table(images, rows, length, inPlace: true, seed++);
        }

        foreach ((int images, int rows, int pixels, int channels) in ((int, int, int, int)[])[(1, 1, 1, 1), (2, 3, 4, 5), (1, 2, 7, 33)])
            yield return PerChannel(images, rows, pixels, channels, seed++);
        foreach ((int images, int height, int rowBytes, int top, int bottom, int left, int right) in Borders)
        {
            yield return Border(images, height, rowBytes, top, bottom, left, right, left + right, seed++);
            yield return Border(images, height, rowBytes, top, bottom, left, right, Math.Max(left, right), seed++);
        }
    }

    private static KernelCase Table(int images, int rows, int length, bool inPlace, int seed)
    {
        var data = new CaseData(seed);
        byte[] table = data.Bytes(256, DataKind.Uniform);
        int tableAt = data.AddWeights(table);
        int rowStride = length + data.Random.Next(0, 9);
        int imageStride = (rows * rowStride) + data.Random.Next(0, 9);
        int from = data.Reserve(images * imageStride);
        int to = inPlace ? from : data.Reserve(images * imageStride);
        byte[] before = data.Arena;
        return new KernelCase
        {
            Kernel = "Int8Table.Run",
            Name = $"{images}×{rows}×{length}{(inPlace ? " in place" : "")}",
            Arena = before,
            Weights = data.Weights,
            Run = w => Int8Table.Run(w, from, imageStride, rowStride, to, imageStride, rowStride, tableAt, images, rows, length),
            Oracle = arena =>
            {
                for (int n = 0; n < images; n++)
                    for (int r = 0; r < rows; r++)
                        for (int i = 0; i < length; i++)
                            arena[to + (n * imageStride) + (r * rowStride)
                                + i] = table[before[from + (n * imageStride) + (r * rowStride) + i]];
            },
        };
    }

    private static KernelCase PerChannel(int images, int rows, int pixels, int channels, int seed)
    {
        var data = new CaseData(seed);
        byte[] tables = data.Bytes(256 * channels, DataKind.Uniform);
        int tablesAt = data.AddWeights(tables);
        byte[] input = data.Bytes(images * rows * pixels * channels, DataKind.Uniform);
        FeatureMap from = data.Map(images, rows, pixels, channels, 1, 9, input);
        FeatureMap to = data.Map(images, rows, pixels, channels, 0, 0, null, 3);
        return new KernelCase
        {
            Kernel = "Int8Table.RunPerChannel",
            Name = $"{images}×{rows}×{pixels}×{channels}",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = w => Int8Table.RunPerChannel(
                w, from.Offset, from.ImageStride, from.RowStride, from.PixelStride, to.Offset, to.ImageStride, to.RowStride, to.PixelStride,
                tablesAt, images, rows, pixels, channels),
            Oracle = arena =>
                to.Write(arena, [.. input.Select((v, i) => tables[(i % channels * 256) + v])], images, rows, pixels, channels),
        };
    }

    private static KernelCase Border(
        int images, int height, int rowBytes, int top, int bottom, int left, int right, int gap, int seed)
    {
        var data = new CaseData(seed);
        int rowStride = rowBytes + gap + data.Random.Next(0, 4);
        int imageStride = ((top + height + bottom) * rowStride) + data.Random.Next(0, 4);
        int start = data.Reserve((images * imageStride) + left + right);
        int interior = start + (top * rowStride) + left;
        return new KernelCase
        {
            Kernel = "BorderFill.Run",
            Name = $"{images}×{height}×{rowBytes} border {top},{bottom},{left},{right}, gap {rowStride - rowBytes}",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = w => BorderFill.Run(w, interior, imageStride, rowStride, images, height, rowBytes, top, bottom, left, right, 0x93),
            Oracle = arena =>
            {
                for (int n = 0; n < images; n++)
                    for (int y = -top; y < height + bottom; y++)
                        for (int x = -left; x < rowBytes + right; x++)
                        {
                            if (y < 0 || y >= height || x < 0 || x >= rowBytes)
                                arena[interior + (n * imageStride) + (y * rowStride) + x] = 0x93;
                        }
            },
        };
    }
}
