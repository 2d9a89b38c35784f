using System.Runtime.InteropServices;
using OptimizerBuild.Kernels.Tests.Oracles;

namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>Resizing of images: both halves by themselves, and whole images of every format, filter and way of cutting.</summary>
internal static class ImageCases
{
    private static readonly string[] Formats = ["rgb", "bgr", "rgba", "bgra", "gray"];

    /// <summary>All cases.</summary>
    public static IEnumerable<KernelCase> All()
    {
        int seed = 410000;
        foreach (int rows in (int[])[1, 2, 3, 7])
            foreach (int count in (int[])[1, 7, 8, 15, 16, 17, 48, 100])
                yield return Blend(rows, count, seed++);
        foreach (int places in (int[])[1, 2, 3, 4, 5, 8, 11])
        {
            yield return Gather(places, 1, seed++);
            yield return Gather(places, 3, seed++);
            yield return Gather(places, 4, seed++);
        }
        foreach ((int height, int width) in ((int, int)[])[(1, 1), (5, 9), (8, 8), (31, 20), (12, 67)])
            for (int filter = 0; filter < 3; filter++)
                for (int format = 0; format < Formats.Length; format++)
                    yield return Image(height, width, filter, format, seed++);
    }

    private static KernelCase Blend(int rows, int count, int seed)
    {
        var data = new CaseData(seed);
        int stride = count + data.Random.Next(5);
        int source = data.Reserve(((rows - 1) * stride) + count);
        // One row in white, so that the greatest value occurs.
        for (int i = 0; i < count; i++)
            data.Put(source + i, (byte)255);
        int target = data.ReserveWide(2 * count);
        uint[] weights = Weights(data.Random, rows);
        return new KernelCase
        {
            Kernel = "ImageRows.Blend",
            Name = $"{rows} rows of {count}",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = w => ImageRows.Blend(
                ref w.Arena(source), stride, weights, ref MemoryMarshal.GetReference(w.ArenaSpan<ushort>(target, count)), count),
            Oracle = arena =>
            {
                for (int i = 0; i < count; i++)
                {
                    long mean = ImageOracle.Blend(
                        weights.Select((weight, row) => ((long)weight, (long)arena[source + (row * stride) + i])));
                    BitConverter.TryWriteBytes(arena.AsSpan(target + (2 * i)), (ushort)mean);
                }
            },
        };
    }

    private static KernelCase Gather(int places, int stride, int seed)
    {
        var data = new CaseData(seed);
        int source = data.ReserveWide(2 * ((places * stride) + ImageRows.Padding));
        int target = data.Reserve(3);
        uint[] weights = Weights(data.Random, places);
        // Values that Blend can leave: up to 255 · 2^8.
        for (int i = 0; i < places * stride; i++)
        {
            int value = i < stride ? 65280 : data.Random.Next(65281);
            data.Put(source + (2 * i), (byte)value);
            data.Put(source + (2 * i) + 1, (byte)(value >> 8));
        }
        int channels = stride == 1 ? 1 : 3;
        return new KernelCase
        {
            Kernel = stride == 1 ? "ImageRows.Gather" : "ImageRows.GatherThree",
            Name = $"{places} places, {stride} apart",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = w =>
            {
                ref ushort first = ref MemoryMarshal.GetReference(w.ArenaSpan<ushort>(source, (places * stride) + ImageRows.Padding));
                uint color = channels == 1 ? ImageRows.Gather(ref first, weights) : ImageRows.GatherThree(ref first, stride, weights);
                for (int c = 0; c < channels; c++)
                    w.Arena(target + c) = (byte)(color >> (8 * c));
            },
            Oracle = arena =>
            {
                for (int c = 0; c < channels; c++)
                {
                    arena[target + c] = (byte)ImageOracle.Gather(weights.Select((weight, i) =>
                        ((long)weight, (long)BitConverter.ToUInt16(arena, source + (2 * ((i * stride) + c))))));
                }
            },
        };
    }

    private static KernelCase Image(int height, int width, int filter, int format, int seed)
    {
        var data = new CaseData(seed);
        int pixelBytes = format switch { ImageResizer.Gray8 => 1, ImageResizer.Rgb24 or ImageResizer.Bgr24 => 3, _ => 4 };
        bool isBgrImage = format is ImageResizer.Bgr24 or ImageResizer.Bgra32;
        int stride = (width * pixelBytes) + data.Random.Next(4);
        int source = data.Reserve(stride * height);
        int channels = seed % 3 == 0 ? 1 : 3;
        bool isBgr = seed % 2 == 0;
        (int rows, int columns) = (7, 10);
        int shorter = seed % 4 == 0 ? 11 : 0;
        (int resizedRows, int resizedColumns) = shorter == 0 ? (7 + (seed % 5), 10 + (seed % 7))
            : width <= height ? (shorter * height / width, shorter) : (shorter, shorter * width / height);
        int target = data.Reserve(rows * columns * channels);
        var resizer = new ImageResizer(rows, columns, channels, isBgr, resizedRows, resizedColumns, shorter, filter);
        return new KernelCase
        {
            Kernel = "ImageResizer.Run",
            Name = $"{height}×{width} {Formats[format]}, filter {filter}, {resizedRows}×{resizedColumns}, {channels} channels",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = w => resizer.Run(w.ArenaSpan<byte>(source, stride * height), width, height, stride, format, "image")
                .CopyTo(w.ArenaSpan<byte>(target, rows * columns * channels)),
            Oracle = arena =>
            {
                int Byte(int y, int x, int c) => arena[source + (y * stride) + (x * pixelBytes) + c];
                for (int c = 0; c < channels; c++)
                {
                    int color = isBgr ? 2 - c : c;
                    byte[,] plane = ImageOracle.Resize(
                        (y, x) => pixelBytes == 1 ? Byte(y, x, 0)
                            : channels == 1 ? ((Byte(y, x, isBgrImage ? 2 : 0) * 19595) + (Byte(y, x, 1) * 38470)
                                + (Byte(y, x, isBgrImage ? 0 : 2) * 7471) + 32768) >> 16
                            : Byte(y, x, isBgrImage ? 2 - color : color),
                        (height, width), (resizedRows, resizedColumns), (rows, columns), filter);
                    for (int y = 0; y < rows; y++)
                        for (int x = 0; x < columns; x++)
                            arena[target + (((y * columns) + x) * channels) + c] = plane[y, x];
                }
            },
        };
    }

    // Weights whose sum is 2^15, as those of images are.
    private static uint[] Weights(Random random, int count)
    {
        int[] cuts = [0, .. Enumerable.Range(0, count - 1).Select(_ => random.Next((1 << 15) + 1)).Order(), 1 << 15];
        return [.. cuts.Skip(1).Zip(cuts, (end, start) => (uint)(end - start))];
    }
}
