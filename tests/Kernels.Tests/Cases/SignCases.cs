using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>Signs as bits, and layers that multiply them by signs.</summary>
internal static class SignCases
{
    public static IEnumerable<KernelCase> All()
    {
        int seed = 410000;
        foreach (int channels in (int[])[1, 3, 7, 8, 9, 16, 31, 64, 100])
            yield return Planes(2, 2, 3, channels, seed++);

        // Rows: one and several, up to more words than bytes can count the ones of.
        foreach ((int rows, int inputs, int outputs) in ((int, int, int)[])
            [(1, 1, 1), (1, 64, 8), (1, 784, 24), (3, 65, 9), (1, 1984, 16), (2, 2100, 7), (5, 130, 33), (1, 8192, 10)])
            foreach (Zeros zeros in Enum.GetValues<Zeros>())
                yield return Product([1, 1, rows], inputs, outputs, [1, 1], 1, 1, zeros, seed++);

        // Windows: joined runs, bytes that are not full, gaps between taps, strides, borders.
        foreach ((int inputs, int outputs, int height, int width, int stride, int dilation) in ((int, int, int, int, int, int)[])
            [
                (64, 64, 3, 3, 1, 1), (8, 12, 3, 3, 2, 1), (5, 16, 3, 3, 1, 1), (24, 9, 1, 1, 1, 1), (72, 20, 2, 3, 1, 2),
                (300, 17, 3, 3, 1, 1), (16, 8, 1, 5, 1, 1), (3, 5, 5, 5, 2, 2),
            ])
            foreach (Zeros zeros in Enum.GetValues<Zeros>())
                yield return Product([2, 3, 4], inputs, outputs, [height, width], stride, dilation, zeros, seed++);
    }

    /// <summary>Which inputs are no signs.</summary>
    private enum Zeros
    {
        None,
        Some,
        WithNaN,
    }

    private static KernelCase Planes(int images, int height, int width, int channels, int seed)
    {
        var data = new CaseData(seed);
        float[] values = [.. Enumerable.Range(0, images * height * width * channels).Select(_ => Value(data.Random, Zeros.WithNaN))];
        int pixel = (channels + data.Random.Next(0, 3)) * 4, row = (width * pixel) + 8, image = (height * row) + 4;
        int from = data.ReserveWide(images * image), bytes = (channels + 7) / 8;
        for (int i = 0; i < values.Length; i++)
            data.Put(from + Place(i, height, width, channels, image, row, pixel, 4), BitConverter.SingleToInt32Bits(values[i]));
        int planeRow = (width * bytes) + data.Random.Next(0, 3), planeImage = (height * planeRow) + 1;
        int negative = data.Reserve(images * planeImage), nonzero = data.Reserve(images * planeImage);
        return new KernelCase
        {
            Kernel = "SignPlanes.Run",
            Name = $"{images}×{height}×{width}×{channels}",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = w => SignPlanes.Run(
                w, from, image, row, pixel, negative, nonzero, planeImage, planeRow, bytes, images, height, width, channels),
            Oracle = arena =>
            {
                for (int p = 0; p < images * height * width; p++)
                    for (int b = 0; b < bytes; b++)
                    {
                        (int first, int second) = (0, 0);
                        for (int c = 8 * b; c < Math.Min(channels, (8 * b) + 8); c++)
                        {
                            float value = values[(p * channels) + c];
                            first += value < 0 || float.IsNaN(value) ? 1 << (c % 8) : 0;
                            second += value == 0 || float.IsNaN(value) ? 0 : 1 << (c % 8);
                        }
                        int at = Place(p, height, width, 1, planeImage, planeRow, bytes, 1) + b;
                        arena[negative + at] = (byte)first;
                        arena[nonzero + at] = (byte)second;
                    }
            },
        };
    }

    private static KernelCase Product(
        int[] positions, int inputs, int outputs, int[] kernel, int stride, int dilation, Zeros zeros, int seed)
    {
        var data = new CaseData(seed);
        int images = positions[0], taps = kernel[0] * kernel[1], bytes = (inputs + 7) / 8;
        int height = ((positions[1] - 1) * stride) + ((kernel[0] - 1) * dilation) + 1;
        int width = ((positions[2] - 1) * stride) + ((kernel[1] - 1) * dilation) + 1;
        float[] signs = [.. Enumerable.Range(0, images * height * width * inputs).Select(_ => Value(data.Random, zeros))];
        signs = Array.ConvertAll(signs, v => float.IsNaN(v) ? v : MathF.Sign(v));
        int row = (width * bytes) + data.Random.Next(0, 3), image = (height * row) + 1;
        int negative = data.Reserve(images * image), nonzero = data.Reserve(images * image);
        for (int p = 0; p < images * height * width; p++)
            for (int b = 0; b < bytes; b++)
            {
                int at = Place(p, height, width, 1, image, row, bytes, 1) + b;
                int[] bits = [.. Enumerable.Range(8 * b, Math.Min(8, inputs - (8 * b))).Select(c => c)];
                data.Put(negative + at, (byte)bits.Sum(c => signs[(p * inputs) + c] is -1 or float.NaN ? 1 << (c % 8) : 0));
                data.Put(nonzero + at, (byte)bits.Sum(c => signs[(p * inputs) + c] is -1 or 1 ? 1 << (c % 8) : 0));
            }

        int padded = SignPacking.PaddedOutputs(outputs);
        var scales = new float[padded];
        var biases = new float[padded];
        for (int o = 0; o < outputs; o++)
            (scales[o], biases[o]) = (o % 5 == 4 ? 0 : data.Random.NextSingle(), data.Random.NextSingle() - 0.5f);
        float[] weights = [.. Enumerable.Range(0, outputs * inputs * taps)
            .Select(i => (data.Random.Next(2) == 0 ? -1 : 1) * Math.Max(scales[i / (inputs * taps)], 1e-3f))];
        int weightsAt = data.AddWeights(SignPacking.Pack(weights, outputs, inputs, taps));
        int scalesAt = data.AddWeights(MemoryMarshal.AsBytes<float>(scales));
        int biasAt = data.AddWeights(MemoryMarshal.AsBytes<float>(biases));
        int outputPixel = (outputs + data.Random.Next(0, 3)) * 4, outputRow = (positions[2] * outputPixel) + 4;
        int outputImage = (positions[1] * outputRow) + 8;
        int to = data.ReserveWide(images * outputImage);
        (float minimum, float maximum) = seed % 2 == 0 ? (-0.5f, 3f) : (float.NegativeInfinity, float.PositiveInfinity);
        return new KernelCase
        {
            Kernel = "SignConvolution.Run",
            Name = $"{string.Join('×', positions)}×{inputs}→{outputs}, {string.Join('×', kernel)}, stride {stride}, every {dilation}, "
                + $"zeros: {zeros}",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = w => SignConvolution.Run(
                w, negative, nonzero, image, row, bytes, to, outputImage, outputRow, outputPixel, weightsAt, scalesAt, biasAt, minimum,
                maximum, images, positions[1], positions[2], inputs, outputs, kernel[0], kernel[1], stride, stride, dilation, dilation),
            Oracle = arena =>
            {
                for (int p = 0; p < images * positions[1] * positions[2]; p++)
                    for (int o = 0; o < outputs; o++)
                    {
                        (int n, int y, int x) = (p / positions[2] / positions[1], p / positions[2] % positions[1], p % positions[2]);
                        float sum = 0;
                        for (int t = 0; t < taps; t++)
                            for (int c = 0; c < inputs; c++)
                            {
                                int pixel = (((n * height) + (y * stride) + (t / kernel[1] * dilation)) * width) + (x * stride)
                                    + (t % kernel[1] * dilation);
                                sum += weights[(((o * inputs) + c) * taps) + t] < 0 ? -signs[(pixel * inputs) + c]
                                    : signs[(pixel * inputs) + c];
                            }
                        float scaled = sum * scales[o];
                        float value = scaled + biases[o];
                        value = value < minimum ? minimum : value > maximum ? maximum : value;
                        BinaryPrimitives.WriteSingleLittleEndian(
                            arena.AsSpan(to + Place(p, positions[1], positions[2], 1, outputImage, outputRow, outputPixel, 4) + (o * 4)),
                            float.IsNaN(value) ? float.NaN : value);
                    }
            },
        };
    }

    // Where an element of a map lies.
    private static int Place(int index, int height, int width, int channels, int image, int row, int pixel, int size)
    {
        int place = index / channels;
        return (place / width / height * image) + (place / width % height * row) + (place % width * pixel) + (index % channels * size);
    }

    private static float Value(Random random, Zeros zeros) => random.Next(zeros == Zeros.None ? 100 : 120) switch
    {
        < 50 => -random.NextSingle() - 1e-30f,
        < 100 => random.NextSingle() + 1e-30f,
        < 110 => 0f,
        < 119 => -0f,
        _ => zeros == Zeros.WithNaN && random.Next(8) == 0 ? float.NaN : 0f,
    };
}
