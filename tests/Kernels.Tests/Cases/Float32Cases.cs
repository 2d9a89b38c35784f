using System.Runtime.InteropServices;
using OptimizerBuild.Kernels.Tests.Oracles;

namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>Products, poolings, reductions and elementwise functions in float32.</summary>
internal static partial class Float32Cases
{
    private const float Infinity = float.PositiveInfinity;

    public static IEnumerable<KernelCase> All()
    {
        int seed = 5000;
        foreach (int rows in (int[])[1, 2, 3, 4, 5, 6, 7, 13, 97])
            foreach (int outputs in (int[])[1, 3, 8, 15, 16, 17, 33, 64, 70, 100, 130, 300])
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
        foreach (int kernel in (int[])[2, 3, 5])
            foreach (int stride in (int[])[1, 2, 3])
                foreach (int width in (int[])[1, 2, 3, 4, 6, 7, 8, 11])
                    yield return Depthwise(9 + (8 * kernel * (width % 2)), [2, 2, width], kernel, stride, seed++);
        // Rows that are too long for all channels at once.
        yield return Depthwise(130, [1, 3, 21], 3, 1, seed++);

        foreach (
            (int rows, int inner, int columns) in (
                (int, int, int)[])[(1, 1, 1), (3, 4, 5), (6, 7, 16), (7, 3, 33), (13, 5, 40), (2, 9, 8), (1, 6, 75), (1, 5, 300)])
            yield return MatMul(rows, inner, columns, seed++);

        foreach (ProductShape s in ProductShapes.All)
        {
            int[] positions = [1, s.Height, s.Width];
            yield return s.Kernel switch
            {
                "Dense" => Dense(s.Height, s.Inputs, s.Outputs, seed++),
                "MatMul" => MatMul(s.Height, s.Inputs, s.Outputs, seed++),
                "Depthwise" => Depthwise(s.Inputs, positions, s.Window, s.Stride, seed++),
                _ => Convolution(positions, 1, s.Inputs, s.Outputs, [s.Window, s.Window], s.Stride, 1, seed++),
            };
        }

        foreach (int channels in (int[])[1, 3, 8, 17])
        {
            foreach ((int size, int kernel, int stride, int dilation, int pad) in (
                (int, int, int, int, int)[])[(4, 2, 2, 1, 0), (5, 3, 1, 1, 1), (7, 3, 2, 2, 2), (3, 1, 1, 1, 0)])
            {
                yield return Pool(true, channels, size, kernel, stride, dilation, pad, false, seed++);
                yield return Pool(false, channels, size, kernel, stride, dilation, pad, false, seed++);
                yield return Pool(false, channels, size, kernel, stride, dilation, pad, true, seed++);
            }
        }

        foreach ((int inputs, int stride) in ((int, int)[])[(1, 1), (1, 2), (3, 1), (8, 1), (9, 2), (20, 1)])
            foreach (int outputs in (int[])[1, 2, 3, 4])
                yield return Convolution([2, 4, 13 + inputs], 1, inputs, outputs, [3, 5], stride, 1, seed++, narrow: true);
        foreach (int columns in (int[])[12, 40, 70, 128, 129, 300])
            yield return Convolution([1, 2, columns], 1, 2, columns % 3 == 0 ? 1 : 2, [1, 7], 1, 1, seed++, narrow: true);
        yield return Convolution([1, 6, 20], 1, 1, 3, [4, 4], 1, 2, seed++, narrow: true);

        foreach ((int outer, int reduced, int inner) in (
            (int, int, int)[])[(1, 1, 1), (2, 5, 1), (3, 4, 7), (1, 9, 8), (2, 3, 33), (1, 6, 70), (2, 0, 3)])
            foreach (string method in (string[])["Sum", "Mean", "Prod", "Max", "Min"])
                if (reduced > 0 || method != "Mean")
                    yield return Reduce(method, outer, reduced, inner, seed++);
        foreach ((int outer, int count, int inner) in ((int, int, int)[])[(1, 1, 1), (2, 10, 1), (1, 33, 1), (2, 5, 7), (1, 4, 40),
            (37, 2, 1), (18, 24, 1), (17, 25, 1)])
            foreach (bool logarithm in (bool[])[false, true])
                yield return Softmax(outer, count, inner, logarithm, seed++);

        foreach ((int outer, int length, int inner) in (
            (int, int, int)[])[(1, 1, 1), (3, 5, 1), (9, 40, 1), (5, 67, 1), (1, 512, 1), (2, 7, 3), (1, 20, 70), (1, 3, 150)])
            foreach (bool centred in (bool[])[true, false])
                yield return LayerNormalization(outer, length, inner, false, seed++, centred);
        yield return LayerNormalization(6, 21, 1, true, seed++);

        foreach (int inner in (int[])[1, 3, 5, 9, 17, 40])
            yield return Resample(2, 4, inner, 7, 1 + (inner % 4), 7000 + inner);

        foreach (string method in (string[])["Add", "Sub", "Mul", "Div", "Max", "Min", "PRelu", "Pow", "Mod", "Fmod"])
        {
            yield return Binary(method, [37], [1], [1], seed++);
            yield return Binary(method, [19], [1], [0], seed++);
            yield return Binary(method, [19], [0], [1], seed++);
            yield return Binary(method, [3, 17], [17, 1], [0, 1], seed++);
            yield return Binary(method, [2, 3, 5], [0, 1, 3], [5, 0, 1], seed++);
            yield return Binary(method, [20, 3], [3, 1], [0, 1], seed++);
            yield return Binary(method, [2, 30], [0, 1], [30, 1], seed++);
            yield return Binary(method, [2, 5, 6], [30, 6, 1], [30, 0, 1], seed++);
            yield return Binary(method, [60, 1], [1, 1], [0, 1], seed++);
            yield return Binary(method, [], [], [], seed++);
        }

        foreach (Float32Function function in Float32Function.All)
            foreach (int count in (int[])[1, 7, 8, 50])
                yield return Unary(function, count, seed++);
        foreach (Float32Function function in Float32Function.All.Where(f => f.IsWidened))
            yield return Magnitudes(function, seed++);
    }

    private static KernelCase Pool(
        bool max, int channels, int size, int kernel, int stride, int dilation, int pad, bool countPadding, int seed)
    {
        var data = new CaseData(seed);
        int output = ((size + (2 * pad) - ((kernel - 1) * dilation) - 1) / stride) + 1;
        float[] x = Values(data, 2 * size * size * channels);
        // A maximum of which one value is NaN is NaN, wherever in the window it stands.
        if (max)
            for (int i = 0; i < x.Length; i += 1 + data.Random.Next(3 * size * channels))
                x[i] = float.NaN;
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
            Name =
                $"{size}×{size}×{channels} kernel {kernel} stride {stride} dilation {dilation} pad {pad}{(countPadding ? " counted" : "")}",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = ws =>
            {
                if (max)
                    Float32MaxPool.Run(
                        ws, at, to, 2, channels, -1f, 1f, inputSizes, outputSizes, kernels,
                        [1, stride, stride], [1, dilation, dilation], pads, inputSteps, outputSteps);
                else
                    Float32AveragePool.Run(
                        ws, at, to, 2, channels, countPadding ? 1 : 0, -1f, 1f, inputSizes, outputSizes, kernels,
                        [1, stride, stride], [1, dilation, dilation], pads, pads, inputSteps, outputSteps);
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

    private static KernelCase Resample(int outer, int count, int inner, int outputs, int taps, int seed)
    {
        var data = new CaseData(seed);
        float[] x = Values(data, outer * count * inner);
        float[] weights = Values(data, outputs * taps);
        int[] places = [.. Enumerable.Range(0, outputs * taps).Select(_ => data.Random.Next(count))];
        int at = Put(data, x);
        int placesAt = ~data.AddWeights(places);
        int weightsAt = ~data.AddWeights(Bytes(weights));
        int to = data.ReserveWide(outer * outputs * inner * 4);
        return new KernelCase
        {
            Kernel = "Float32Resample.Run",
            Name = $"{outer}×{count}×{inner} to {outputs} of {taps} taps",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = ws => Float32Resample.Run(ws, at, placesAt, weightsAt, to, outer, count, inner, outputs, taps),
            Oracle = arena =>
            {
                for (int i = 0; i < outer * outputs * inner; i++)
                {
                    (int o, int j) = (i / inner / outputs, i / inner % outputs);
                    float sum = 0;
                    for (int t = 0; t < taps; t++)
                        sum = MathF.FusedMultiplyAdd(
                            x[(((o * count) + places[(j * taps) + t]) * inner) + (i % inner)], weights[(j * taps) + t], sum);
                    Float32Oracle.Write(arena, to + (i * 4), [sum]);
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

    private static KernelCase LayerNormalization(
        int outer, int length, int inner, bool statistics, int seed, bool centred = true)
    {
        var data = new CaseData(seed);
        float[] x = Values(data, outer * length * inner);
        float[] scale = Values(data, length);
        float[] bias = Values(data, length);
        int at = Put(data, x);
        int scaleAt = ~data.AddWeights(Bytes(scale));
        int biasAt = ~data.AddWeights(Bytes(bias));
        int to = data.ReserveWide(x.Length * 4);
        int mean = data.ReserveWide(outer * 4);
        int inverse = data.ReserveWide(outer * 4);
        const float Epsilon = 0.01f;
        return new KernelCase
        {
            Kernel = "Float32LayerNormalization." + (statistics ? "WithStatistics" : "Run"),
            Name = $"{outer}×{length}×{inner}{(centred ? "" : " about 0")}",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = ws =>
            {
                if (statistics)
                    Float32LayerNormalization.WithStatistics(ws, at, scaleAt, biasAt, to, mean, inverse, outer, length, Epsilon);
                else
                    Float32LayerNormalization.Run(ws, at, scaleAt, biasAt, to, outer, length, inner, Epsilon, centred ? 1 : 0);
            },
            Oracle = arena =>
            {
                (float[] y, float[] means, float[] inverses) =
                    Float32Oracle.LayerNormalization(x, scale, bias, outer, length, inner, Epsilon, centred);
                Float32Oracle.Write(arena, to, y);
                if (!statistics)
                    return;
                Float32Oracle.Write(arena, mean, means);
                Float32Oracle.Write(arena, inverse, inverses);
            },
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
                "Mod" => ws => Float32Binary.Mod(ws, aAt, bAt, to, low, high, dims, aStrides, bStrides),
                "Fmod" => ws => Float32Binary.Fmod(ws, aAt, bAt, to, low, high, dims, aStrides, bStrides),
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
                        "Mod" => x % y < 0 == y < 0 ? x % y : (x % y) + y,
                        "Fmod" => x % y,
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

    // Numbers of all magnitudes: subnormal ones, and angles of many turns.
    private static KernelCase Magnitudes(Float32Function function, int seed)
    {
        const int Count = 301;
        var data = new CaseData(seed);
        float[] x = [.. Enumerable.Range(0, Count).Select(_ =>
            BitConverter.Int32BitsToSingle(data.Random.Next(0x7F800000) | (data.Random.Next(2) << 31)))];
        int at = Put(data, x);
        int to = data.ReserveWide(Count * 4);
        return new KernelCase
        {
            Kernel = function.Kernel,
            Name = "all magnitudes",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = ws => function.Run(ws, at, to, Count),
            Oracle = arena => Float32Oracle.Write(arena, to, [.. x.Select(function.Scalar)]),
        };
    }

    private static float[] Values(CaseData data, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => (data.Random.NextSingle() * 2) - 1)];

    private static byte[] Bytes(float[] values) => MemoryMarshal.AsBytes<float>(values).ToArray();

    private static int Put(CaseData data, float[] values)
    {
        int offset = data.ReserveWide(values.Length * 4);
        for (int i = 0; i < values.Length; i++)
            data.Put(offset + (i * 4), BitConverter.SingleToInt32Bits(values[i]));
        return offset;
    }
}
