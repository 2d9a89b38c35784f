using System.Runtime.InteropServices;
using OptimizerBuild.Kernels.Tests.Oracles;

namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>Products, poolings, reductions and elementwise functions in float32.</summary>
internal static class Float32Cases
{
    private const float Infinity = float.PositiveInfinity;

    public static IEnumerable<KernelCase> All()
    {
        int seed = 5000;
        foreach (int rows in (int[])[1, 2, 5, 6, 7, 13])
            foreach (int outputs in (int[])[1, 3, 8, 15, 16, 17, 33, 64, 70, 130])
                yield return Dense(rows, 1 + (seed % 11), outputs, seed++);
        yield return Dense(1, 0, 16, seed++);

        // positions, pixel and row gaps, groups, inputs and outputs of a group, kernel, stride, dilation
        yield return Convolution([1, 1, 1], 1, 1, 1, [1, 1], 1, 1, seed++);
        yield return Convolution([1, 5, 7], 1, 3, 16, [3, 3], 1, 1, seed++);
        yield return Convolution([2, 4, 5], 1, 4, 9, [3, 3], 2, 1, seed++);
        yield return Convolution([1, 4, 3], 1, 5, 33, [1, 1], 1, 1, seed++);
        yield return Convolution([1, 6, 6], 1, 2, 17, [3, 3], 1, 2, seed++);
        yield return Convolution([1, 5, 4], 3, 2, 5, [3, 3], 1, 1, seed++);
        yield return Convolution([1, 3, 4], 2, 4, 24, [2, 3], 2, 2, seed++);
        yield return Convolution([2, 1, 11], 1, 3, 40, [1, 5], 1, 1, seed++);
        foreach (int channels in (int[])[1, 3, 4, 8, 9, 16, 31, 32, 35, 64, 70])
            yield return Depthwise(channels, [1, 4, 5], 3, 1 + (channels % 2), seed++);

        foreach ((int rows, int inner, int columns) in ((int, int, int)[])[(1, 1, 1), (3, 4, 5), (6, 7, 16), (7, 3, 33), (13, 5, 40), (2, 9, 8)])
            foreach (float alpha in (float[])[1f, 0.5f])
                yield return MatMul(rows, inner, columns, alpha, seed++);

        foreach (int channels in (int[])[1, 3, 8, 17])
        {
            foreach ((int size, int kernel, int stride, int dilation, int pad) in ((int, int, int, int, int)[])[(4, 2, 2, 1, 0), (5, 3, 1, 1, 1), (7, 3, 2, 2, 2), (3, 1, 1, 1, 0)])
            {
                yield return Pool(true, channels, size, kernel, stride, dilation, pad, false, seed++);
                yield return Pool(false, channels, size, kernel, stride, dilation, pad, false, seed++);
                yield return Pool(false, channels, size, kernel, stride, dilation, pad, true, seed++);
            }
        }

        foreach ((int outer, int reduced, int inner) in ((int, int, int)[])[(1, 1, 1), (2, 5, 1), (3, 4, 7), (1, 9, 8), (2, 3, 33), (1, 6, 70), (2, 0, 3)])
            foreach (string method in (string[])["Sum", "Mean", "Prod", "Max", "Min"])
                if (reduced > 0 || method != "Mean")
                    yield return Reduce(method, outer, reduced, inner, seed++);
        foreach ((int outer, int count, int inner) in ((int, int, int)[])[(1, 1, 1), (2, 10, 1), (1, 33, 1), (2, 5, 7), (1, 4, 40)])
            foreach (bool logarithm in (bool[])[false, true])
                yield return Softmax(outer, count, inner, logarithm, seed++);

        foreach (string method in (string[])["Add", "Sub", "Mul", "Div", "Max", "Min", "PRelu", "Pow"])
        {
            yield return Binary(method, [37], [1], [1], seed++);
            yield return Binary(method, [19], [1], [0], seed++);
            yield return Binary(method, [19], [0], [1], seed++);
            yield return Binary(method, [3, 17], [17, 1], [0, 1], seed++);
            yield return Binary(method, [2, 3, 5], [0, 1, 3], [5, 0, 1], seed++);
            yield return Binary(method, [], [], [], seed++);
        }

        foreach (Float32Function function in Float32Function.All)
            foreach (int count in (int[])[1, 7, 8, 50])
                yield return Unary(function, count, seed++);
    }

    private static KernelCase Dense(int rows, int inputs, int outputs, int seed)
    {
        var data = new CaseData(seed);
        float[] x = Values(data, rows * inputs);
        float[] w = Values(data, inputs * outputs);
        float[] bias = Values(data, outputs);
        int at = Put(data, x);
        int to = data.ReserveWide(rows * outputs * 4);
        int weights = ~data.AddWeights(Bytes(Float32Oracle.Pack(1, outputs, inputs, (_, o, k) => w[(k * outputs) + o])));
        int biases = ~data.AddWeights(Bytes(Float32Oracle.PackBias(1, outputs, bias)));
        return new KernelCase
        {
            Kernel = "Float32Dense.Run",
            Name = $"{rows}×{inputs}→{outputs}",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = ws => Float32Dense.Run(ws, at, weights, biases, to, rows, inputs, outputs, -1f, 2f),
            Oracle = arena => Float32Oracle.Write(arena, to, Float32Oracle.Product(
                rows, outputs, inputs, (r, k) => x[(r * inputs) + k], (o, k) => w[(k * outputs) + o], o => bias[o], 1f, -1f, 2f)),
        };
    }

    private static KernelCase Convolution(int[] positions, int groups, int inputs, int outputs, int[] kernel, int stride, int dilation, int seed)
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
        float Weight(int g, int o, int k) => w[(((((g * outputs) + o) * inputs) + (k % inputs)) * taps) + (k / inputs)];
        int weights = ~data.AddWeights(Bytes(Float32Oracle.Pack(groups, outputs, taps * inputs, Weight)));
        int biases = ~data.AddWeights(Bytes(Float32Oracle.PackBias(groups, outputs, bias)));
        bool joined = groups == 1 && dilation == 1;
        int[] tapOffsets = joined
            ? [.. Enumerable.Range(0, kernel[0]).Select(y => y * row)]
            : [.. Enumerable.Range(0, taps).Select(t => (t / kernel[1] * dilation * row) + (t % kernel[1] * dilation * pixel))];
        int run = joined ? kernel[1] * inputs : inputs;
        return new KernelCase
        {
            Kernel = "Float32Convolution.Run",
            Name = $"{string.Join('×', positions)} groups {groups} {inputs}→{outputs} kernel {string.Join('×', kernel)} stride {stride} dilation {dilation}",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = ws => Float32Convolution.Run(
                ws, at, weights, biases, to, groups, outputs, inputs, run, -Infinity, Infinity, positions,
                [image, stride * row, stride * pixel], [outImage, outRow, outPixel], tapOffsets),
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
                                    Float32Oracle.Write(arena, to + (n * outImage) + (y * outRow) + (c * outPixel) + (((g * outputs) + o) * 4), [sum]);
                                }
            },
        };
    }

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
                            sum = MathF.FusedMultiplyAdd(x[((n * image) + (y * stride * row) + (c * stride * pixel) + taps[t] + (channel * 4)) / 4], w[(t * channels) + channel], sum);
                        Float32Oracle.Write(arena, place, [Math.Clamp(sum, 0f, 6f)]);
                    }
                }
            },
        };
    }

    private static KernelCase MatMul(int rows, int inner, int columns, float alpha, int seed)
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
            Name = $"2×{rows}×{inner}×{columns} alpha {alpha}",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = ws => Float32MatMul.Run(ws, aAt, bAt, to, rows, inner, columns, alpha, -Infinity, 3f, [2], [rows * inner * 4], [0]),
            Oracle = arena => Float32Oracle.Write(arena, to, Float32Oracle.Product(
                2 * rows, columns, inner, (r, k) => a[(r * inner) + k], (o, k) => b[(k * columns) + o], _ => 0f, alpha, -Infinity, 3f)),
        };
    }

    private static KernelCase Pool(bool max, int channels, int size, int kernel, int stride, int dilation, int pad, bool countPadding, int seed)
    {
        var data = new CaseData(seed);
        int output = ((size + (2 * pad) - ((kernel - 1) * dilation) - 1) / stride) + 1;
        float[] x = Values(data, 2 * size * size * channels);
        int at = Put(data, x);
        int pixel = channels * 4;
        int to = data.ReserveWide(2 * output * output * pixel);
        int[] inputSteps = [size * size * pixel, 0, size * pixel, pixel];
        int[] outputSteps = [output * output * pixel, 0, output * pixel, pixel];
        int[] inputSizes = [1, size, size];
        int[] outputSizes = [1, output, output];
        int[] pads = [0, pad, pad];
        int[] kernels = [1, kernel, kernel];
        return new KernelCase
        {
            Kernel = max ? "Float32MaxPool.Run" : "Float32AveragePool.Run",
            Name = $"{size}×{size}×{channels} kernel {kernel} stride {stride} dilation {dilation} pad {pad}{(countPadding ? " counted" : "")}",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = ws =>
            {
                if (max)
                    Float32MaxPool.Run(ws, at, to, 2, channels, -1f, 1f, inputSizes, outputSizes, kernels, [1, stride, stride], [1, dilation, dilation], pads, inputSteps, outputSteps);
                else
                    Float32AveragePool.Run(
                        ws, at, to, 2, channels, countPadding ? 1 : 0, -1f, 1f, inputSizes, outputSizes, kernels, [1, stride, stride], [1, dilation, dilation],
                        pads, pads, inputSteps, outputSteps);
            },
            Oracle = arena =>
            {
                int place = to;
                for (int p = 0; p < 2 * output * output; p++)
                {
                    for (int c = 0; c < channels; c++, place += 4)
                    {
                        float best = float.NegativeInfinity;
                        float sum = 0;
                        int count = 0;
                        for (int t = 0; t < kernel * kernel; t++)
                        {
                            int y = (p / output % output * stride) + (t / kernel * dilation) - pad;
                            int z = (p % output * stride) + (t % kernel * dilation) - pad;
                            if (y < 0 || y >= size || z < 0 || z >= size)
                                continue;
                            float value = x[((((p / (output * output) * size) + y) * size) + z) * channels + c];
                            best = Math.Max(best, value);
                            sum += value;
                            count++;
                        }
                        float result = max ? best : sum / (countPadding ? kernel * kernel : count);
                        Float32Oracle.Write(arena, place, [Math.Clamp(result, -1f, 1f)]);
                    }
                }
            },
        };
    }

    private static KernelCase Reduce(string method, int outer, int reduced, int inner, int seed)
    {
        var data = new CaseData(seed);
        float[] x = Values(data, outer * reduced * inner);
        int at = Put(data, x);
        int to = data.ReserveWide(outer * inner * 4);
        return new KernelCase
        {
            Kernel = "Float32Reduce." + method,
            Name = $"{outer}×{reduced}×{inner}",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = method switch
            {
                "Sum" => ws => Float32Reduce.Sum(ws, at, to, outer, reduced, inner),
                "Mean" => ws => Float32Reduce.Mean(ws, at, to, outer, reduced, inner),
                "Prod" => ws => Float32Reduce.Prod(ws, at, to, outer, reduced, inner),
                "Max" => ws => Float32Reduce.Max(ws, at, to, outer, reduced, inner),
                _ => ws => Float32Reduce.Min(ws, at, to, outer, reduced, inner),
            },
            Oracle = arena =>
            {
                for (int o = 0; o < outer; o++)
                {
                    for (int i = 0; i < inner; i++)
                    {
                        float s = method switch { "Prod" => 1f, "Max" => float.NegativeInfinity, "Min" => Infinity, _ => 0f };
                        for (int k = 0; k < reduced; k++)
                        {
                            float v = x[(((o * reduced) + k) * inner) + i];
                            s = method switch { "Prod" => s * v, "Max" => Math.Max(s, v), "Min" => Math.Min(s, v), _ => s + v };
                        }
                        Float32Oracle.Write(arena, to + (((o * inner) + i) * 4), [method == "Mean" ? s / reduced : s]);
                    }
                }
            },
        };
    }

    private static KernelCase Softmax(int outer, int count, int inner, bool logarithm, int seed)
    {
        var data = new CaseData(seed);
        float[] x = Values(data, outer * count * inner);
        int at = Put(data, x);
        int to = data.ReserveWide(x.Length * 4);
        return new KernelCase
        {
            Kernel = logarithm ? "Float32Softmax.Logarithm" : "Float32Softmax.Run",
            Name = $"{outer}×{count}×{inner}",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = ws =>
            {
                if (logarithm)
                    Float32Softmax.Logarithm(ws, at, to, outer, count, inner);
                else
                    Float32Softmax.Run(ws, at, to, outer, count, inner);
            },
            Oracle = arena => Float32Oracle.Write(arena, to, Float32Oracle.Softmax(x, outer, count, inner, logarithm)),
        };
    }

    private static KernelCase Binary(string method, int[] dims, int[] aStrides, int[] bStrides, int seed)
    {
        var data = new CaseData(seed);
        float[] a = Values(data, 60);
        float[] b = Values(data, 60);
        int count = dims.Aggregate(1, (x, y) => x * y);
        int aAt = Put(data, a);
        int bAt = ~data.AddWeights(Bytes(b));
        int to = data.ReserveWide(count * 4);
        float low = method == "Add" ? -0.5f : -Infinity;
        float high = method == "Add" ? 0.75f : Infinity;
        return new KernelCase
        {
            Kernel = "Float32Binary." + method,
            Name = $"[{string.Join(',', dims)}] [{string.Join(',', aStrides)}] [{string.Join(',', bStrides)}]",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = method switch
            {
                "Add" => ws => Float32Binary.Add(ws, aAt, bAt, to, low, high, dims, aStrides, bStrides),
                "Sub" => ws => Float32Binary.Sub(ws, aAt, bAt, to, low, high, dims, aStrides, bStrides),
                "Mul" => ws => Float32Binary.Mul(ws, aAt, bAt, to, low, high, dims, aStrides, bStrides),
                "Div" => ws => Float32Binary.Div(ws, aAt, bAt, to, low, high, dims, aStrides, bStrides),
                "Max" => ws => Float32Binary.Max(ws, aAt, bAt, to, low, high, dims, aStrides, bStrides),
                "Min" => ws => Float32Binary.Min(ws, aAt, bAt, to, low, high, dims, aStrides, bStrides),
                "PRelu" => ws => Float32Binary.PRelu(ws, aAt, bAt, to, low, high, dims, aStrides, bStrides),
                _ => ws => Float32Binary.Pow(ws, aAt, bAt, to, low, high, dims, aStrides, bStrides),
            },
            Oracle = arena =>
            {
                for (int i = 0; i < count; i++)
                {
                    int rest = i;
                    int ai = 0;
                    int bi = 0;
                    for (int d = dims.Length - 1; d >= 0; d--)
                    {
                        ai += rest % dims[d] * aStrides[d];
                        bi += rest % dims[d] * bStrides[d];
                        rest /= dims[d];
                    }
                    (float x, float y) = (a[ai], b[bi]);
                    float r = method switch
                    {
                        "Add" => x + y,
                        "Sub" => x - y,
                        "Mul" => x * y,
                        "Div" => x / y,
                        "Max" => Math.Max(x, y),
                        "Min" => Math.Min(x, y),
                        "PRelu" => x < 0 ? x * y : x,
                        // The correctly rounded power; the kernel's error in double precision is far below half a float's step.
                        _ => (float)Math.Pow(x, y),
                    };
                    if (method == "Pow" && float.IsNaN(r))
                        r = float.NaN;
                    Float32Oracle.Write(arena, to + (i * 4), [r < low ? low : r > high ? high : r]);
                }
            },
        };
    }

    private static KernelCase Unary(Float32Function function, int count, int seed)
    {
        var data = new CaseData(seed);
        float[] x = [.. Values(data, count).Select((v, i) => (i % 3) switch { 0 => v, 1 => v * 4, _ => v * 30 })];
        int at = Put(data, x);
        int to = data.ReserveWide(count * 4);
        return new KernelCase
        {
            Kernel = function.Kernel,
            Name = $"{count}",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = ws => function.Run(ws, at, to, count),
            Oracle = arena => Float32Oracle.Write(arena, to, [.. x.Select(function.Scalar)]),
        };
    }

    private static float[] Values(CaseData data, int count) => [.. Enumerable.Range(0, count).Select(_ => (data.Random.NextSingle() * 2) - 1)];

    private static byte[] Bytes(float[] values) => MemoryMarshal.AsBytes<float>(values).ToArray();

    private static int Put(CaseData data, float[] values)
    {
        int offset = data.ReserveWide(values.Length * 4);
        for (int i = 0; i < values.Length; i++)
            data.Put(offset + (i * 4), BitConverter.SingleToInt32Bits(values[i]));
        return offset;
    }
}
