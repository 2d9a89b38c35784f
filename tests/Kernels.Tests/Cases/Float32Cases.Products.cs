using OptimizerBuild.Kernels.Tests.Oracles;

namespace OptimizerBuild.Kernels.Tests.Cases;

/// <content>Dense layers, convolutions, products of matrices.</content>
internal static partial class Float32Cases
{
    /// <summary>Products some blocks of whose weights are zero.</summary>
    public static IEnumerable<KernelCase> Sparse()
    {
        int seed = 9000;
        foreach (int rows in (int[])[1, 2, 5, 6, 7, 8, 9, 13, 97])
            foreach (int outputs in (int[])[1, 5, 15, 16, 17, 24, 33, 64, 70, 100])
                yield return Dense(rows, 4 + (seed % 47), outputs, seed++, zeros: 10 * (seed % 10));
        yield return Dense(1, 64, 48, seed++, zeros: 100);
        yield return Dense(9, 64, 48, seed++, zeros: 100);
        yield return Dense(1, 1200, 80, seed++, zeros: 90);
        yield return Convolution([1, 1, 1], 1, 4, 1, [1, 1], 1, 1, seed++, zeros: 0);
        yield return Convolution([1, 1, 1], 1, 4, 40, [3, 3], 1, 1, seed++, zeros: 40);
        yield return Convolution([1, 1, 1], 2, 9, 40, [3, 2], 1, 2, seed++, zeros: 70);
        yield return Convolution([1, 5, 7], 1, 3, 16, [3, 3], 1, 1, seed++, zeros: 30);
        yield return Convolution([2, 4, 5], 1, 4, 9, [3, 3], 2, 1, seed++, zeros: 50);
        yield return Convolution([1, 4, 3], 1, 5, 33, [1, 1], 1, 1, seed++, zeros: 50);
        yield return Convolution([1, 6, 6], 1, 6, 17, [3, 3], 1, 2, seed++, zeros: 60);
        yield return Convolution([1, 5, 4], 3, 7, 5, [3, 3], 1, 1, seed++, zeros: 80);
        yield return Convolution([1, 3, 4], 2, 4, 24, [2, 3], 2, 2, seed++, zeros: 20);
        yield return Convolution([2, 1, 11], 1, 3, 40, [1, 5], 1, 1, seed++, zeros: 70);
        foreach (ProductShape s in ProductShapes.Sparse)
            yield return s.Kernel == "Dense" ? Dense(s.Height, s.Inputs, s.Outputs, seed++, zeros: 80)
                : Convolution([1, s.Height, s.Width], 1, s.Inputs, s.Outputs, [s.Window, s.Window], s.Stride, 1, seed++, zeros: 80);
    }

    private static KernelCase Dense(int rows, int inputs, int outputs, int seed, int? zeros = null)
    {
        var data = new CaseData(seed);
        float[] x = Values(data, rows * inputs);
        float[] w = Values(data, inputs * outputs);
        float[] bias = Values(data, outputs);
        int at = Put(data, x);
        int to = data.ReserveWide(rows * outputs * 4);
        (int weights, int columns, int starts) = zeros is { } percent
            ? new Float32Blocks(w, 1, outputs, 1, inputs, (_, o, k) => (k * outputs) + o, percent, data.Random).AddTo(data)
            : (~data.AddWeights(Bytes(Float32Oracle.Pack(1, outputs, inputs, (_, o, k) => w[(k * outputs) + o]))), 0, 0);
        int biases = ~data.AddWeights(Bytes(Float32Oracle.PackBias(1, outputs, bias)));
        return new KernelCase
        {
            Kernel = zeros is null ? "Float32Dense.Run" : "Float32SparseDense.Run",
            Name = $"{rows}×{inputs}→{outputs}{Zeros(zeros)}",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = zeros is null ? ws => Float32Dense.Run(ws, at, weights, biases, to, rows, inputs, outputs, -1f, 2f)
                : ws => Float32SparseDense.Run(ws, at, weights, columns, starts, biases, to, rows, inputs, outputs, -1f, 2f),
            Oracle = arena => Float32Oracle.Write(arena, to, Float32Oracle.Product(
                rows, outputs, inputs, (r, k) => x[(r * inputs) + k], (o, k) => w[(k * outputs) + o], o => bias[o], -1f, 2f)),
        };
    }

    private static KernelCase Convolution(
        int[] positions, int groups, int inputs, int outputs, int[] kernel, int stride, int dilation, int seed, int? zeros = null,
        bool narrow = false)
    {
        var data = new CaseData(seed);
        int height = ((positions[1] - 1) * stride) + ((kernel[0] - 1) * dilation) + 1;
        int width = ((positions[2] - 1) * stride) + ((kernel[1] - 1) * dilation) + 1;
        int channels = groups * inputs;
        int pixel = channels * 4;
        int row = (width * pixel) + 8;
        int image = (height * row) + 4;
        int outPixel = groups * outputs * 4;
        int outRow = (positions[2] * outPixel) + 12;
        int outImage = (positions[1] * outRow) + 8;
        float[] x = Values(data, positions[0] * image / 4);
        float[] w = Values(data, groups * outputs * inputs * kernel[0] * kernel[1]);
        float[] bias = Values(data, groups * outputs);
        int at = Put(data, x);
        int to = data.ReserveWide(positions[0] * outImage);
        int taps = kernel[0] * kernel[1];
        int Index(int g, int o, int k) => (((((g * outputs) + o) * inputs) + (k % inputs)) * taps) + (k / inputs);
        float Weight(int g, int o, int k) => w[Index(g, o, k)];
        bool joined = groups == 1 && dilation == 1;
        int[] tapOffsets = joined
            ? [.. Enumerable.Range(0, kernel[0]).Select(y => y * row)]
            : [.. Enumerable.Range(0, taps).Select(t => (t / kernel[1] * dilation * row) + (t % kernel[1] * dilation * pixel))];
        int run = joined ? kernel[1] * inputs : inputs;
        (int weights, int columns, int starts) = zeros is { } percent
            ? new Float32Blocks(w, groups, outputs, tapOffsets.Length, run, Index, percent, data.Random).AddTo(data)
            : (~data.AddWeights(Bytes(Float32Oracle.Pack(groups, outputs, taps * inputs, Weight))), 0, 0);
        int biases = ~data.AddWeights(Bytes(Float32Oracle.PackBias(groups, outputs, bias)));
        int[] inputSteps = [image, stride * row, stride * pixel], outputSteps = [outImage, outRow, outPixel];
        return new KernelCase
        {
            Kernel = zeros is not null ? "Float32SparseConvolution.Run"
                : narrow ? "Float32NarrowConvolution.Run" : "Float32Convolution.Run",
            Name = $"{string.Join('×', positions)} groups {groups} {inputs}→{outputs} kernel {string.Join('×', kernel)} " +
                $"stride {stride} dilation {dilation}{Zeros(zeros)}",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = ws =>
            {
                if (zeros is not null)
                {
                    Float32SparseConvolution.Run(
                        ws, at, weights, columns, starts, biases, to, groups, outputs, inputs, -Infinity, Infinity, positions, inputSteps,
                        outputSteps, tapOffsets);
                }
                else if (narrow)
                {
                    Float32NarrowConvolution.Run(
                        ws, at, weights, biases, to, groups, outputs, inputs, run, -Infinity, Infinity, positions, inputSteps, outputSteps,
                        tapOffsets);
                }
                else
                {
                    Float32Convolution.Run(
                        ws, at, weights, biases, to, groups, outputs, inputs, run, -Infinity, Infinity, positions, inputSteps, outputSteps,
                        tapOffsets);
                }
            },
            Oracle = arena =>
            {
                for (int n = 0; n < positions[0]; n++)
                    for (int y = 0; y < positions[1]; y++)
                        for (int c = 0; c < positions[2]; c++)
                            for (int g = 0; g < groups; g++)
                                for (int o = 0; o < outputs; o++)
                                {
                                    float sum = bias[(g * outputs) + o];
                                    for (int k = 0; k < taps * inputs; k++)
                                    {
                                        int t = k / inputs;
                                        int from = (n * image) + (((y * stride) + (t / kernel[1] * dilation)) * row)
                                            + (((c * stride) + (t % kernel[1] * dilation)) * pixel) + (((g * inputs) + (k % inputs)) * 4);
                                        sum = MathF.FusedMultiplyAdd(x[from / 4], Weight(g, o, k), sum);
                                    }
                                    Float32Oracle.Write(
                                        arena, to + (n * outImage) + (y * outRow) + (c * outPixel) + (((g * outputs) + o) * 4), [sum]);
                                }
            },
        };
    }

    private static string Zeros(int? percent) => percent is null ? "" : $", {percent} % zero";

    private static KernelCase Depthwise(int channels, int[] positions, int kernel, int stride, int seed)
    {
        var data = new CaseData(seed);
        int width = ((positions[2] - 1) * stride) + kernel;
        int height = ((positions[1] - 1) * stride) + kernel;
        int pixel = channels * 4;
        int row = width * pixel;
        int image = height * row;
        float[] x = Values(data, positions[0] * image / 4);
        float[] w = Values(data, kernel * kernel * channels);
        float[] bias = Values(data, channels);
        int at = Put(data, x);
        int to = data.ReserveWide(Math.Max(1, positions[0] * positions[1] * positions[2]) * pixel);
        int weights = ~data.AddWeights(Bytes(w));
        int biases = ~data.AddWeights(Bytes(bias));
        int[] taps = [.. Enumerable.Range(0, kernel * kernel).Select(t => (t / kernel * row) + (t % kernel * pixel))];
        return new KernelCase
        {
            Kernel = "Float32Depthwise.Run",
            Name = $"{string.Join('×', positions)}×{channels} kernel {kernel} stride {stride}",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = ws => Float32Depthwise.Run(
                ws, at, weights, biases, to, channels, 0f, 6f, positions, [image, stride * row, stride * pixel],
                [positions[1] * positions[2] * pixel, positions[2] * pixel, pixel], taps),
            Oracle = arena =>
            {
                int place = to;
                for (int p = 0; p < positions[0] * positions[1] * positions[2]; p++)
                {
                    int n = p / (positions[1] * positions[2]);
                    int y = p / positions[2] % positions[1];
                    int c = p % positions[2];
                    for (int channel = 0; channel < channels; channel++, place += 4)
                    {
                        float sum = bias[channel];
                        for (int t = 0; t < taps.Length; t++)
                            sum = MathF.FusedMultiplyAdd(x[((n * image) + (
                                y * stride * row) + (c * stride * pixel) + taps[t] + (channel * 4)) / 4], w[(t * channels) + channel], sum);
                        Float32Oracle.Write(arena, place, [Math.Clamp(sum, 0f, 6f)]);
                    }
                }
            },
        };
    }

    private static KernelCase MatMul(int rows, int inner, int columns, int seed)
    {
        // Two first matrices, one second matrix that both meet.
        var data = new CaseData(seed);
        float[] a = Values(data, 2 * rows * inner);
        float[] b = Values(data, inner * columns);
        int aAt = Put(data, a);
        int bAt = Put(data, b);
        int to = data.ReserveWide(2 * rows * columns * 4);
        return new KernelCase
        {
            Kernel = "Float32MatMul.Run",
            Name = $"2×{rows}×{inner}×{columns}",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = ws => Float32MatMul.Run(ws, aAt, bAt, to, rows, inner, columns, -Infinity, 3f, [2], [rows * inner * 4], [0]),
            Oracle = arena => Float32Oracle.Write(arena, to, Float32Oracle.Product(
                2 * rows, columns, inner, (r, k) => a[(r * inner) + k], (o, k) => b[(k * columns) + o], _ => 0f, -Infinity, 3f)),
        };
    }
}
