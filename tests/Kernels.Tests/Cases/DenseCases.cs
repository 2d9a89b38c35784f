using System.Buffers.Binary;
using OptimizerBuild.Kernels.Tests.Oracles;

namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>Dense layers: one row and several, odd sizes, u8 and s32 outputs, s32 and s64 sums.</summary>
internal static class DenseCases
{
    private static readonly (int Rows, int Inputs, int Outputs)[] Shapes =
    [
        (1, 1, 1), (1, 3, 10), (1, 64, 10), (1, 784, 24), (1, 127, 33), (2, 20, 16), (3, 17, 8), (4, 33, 7),
        (5, 40, 41), (6, 12, 100), (7, 9, 15), (13, 31, 64), (25, 65, 48), (1, 16, 96), (11, 5, 1), (1, 260, 257),
    ];

    public static IEnumerable<KernelCase> All()
    {
        int seed = 5000;
        foreach ((int rows, int inputs, int outputs) in Shapes)
        {
            foreach (DataKind kind in Enum.GetValues<DataKind>())
            {
                yield return Case(rows, inputs, outputs, kind, wide: false, blocked: false, seed++);
                yield return Case(rows, inputs, outputs, kind, wide: true, blocked: false, seed++);
            }
            seed++;
        }

        foreach (ProductShape s in ProductShapes.Of("Dense"))
            yield return Case(s.Height, s.Inputs, s.Outputs, DataKind.Uniform, wide: false, blocked: false, seed++);

        // Sums of a quad and of two, of so few rows that some are computed several times. What outputs are limited to follows from the
        // seed; seven of them a shape give every kind of weights both.
        seed = 5500;
        foreach ((int rows, int inputs, int outputs) in
            ((int, int, int)[])[(2, 8, 40), (2, 3, 1), (3, 2, 23), (3, 8, 10), (4, 4, 8), (5, 6, 26), (97, 4, 21), (9, 1, 48)])
        {
            foreach (DataKind kind in Enum.GetValues<DataKind>())
            {
                yield return Case(rows, inputs, outputs, kind, wide: false, blocked: false, seed++);
                yield return Case(rows, inputs, outputs, kind, wide: false, blocked: false, seed++);
            }
            seed++;
        }

        foreach (bool wide in (bool[])[false, true])
        {
            yield return Case(2, 19, 11, DataKind.Uniform, wide, blocked: true, seed++);

            // Beyond what s32 sums hold: 70,000 · 255 · 127 is more than 2^31.
            yield return Case(2, 70000, 5, DataKind.Extreme, wide, blocked: true, seed++);
        }
    }

    /// <summary>Layers some of whose blocks of weights are zero.</summary>
    public static IEnumerable<KernelCase> Sparse()
    {
        int seed = 310000;
        foreach ((int rows, int inputs, int outputs) in Shapes)
        {
            foreach (DataKind kind in Enum.GetValues<DataKind>())
            {
                yield return Case(rows, inputs, outputs, kind, wide: false, blocked: false, seed++, zeros: 60);
                yield return Case(rows, inputs, outputs, kind, wide: true, blocked: false, seed++, zeros: 60);
            }
        }

        foreach (int zeros in (int[])[0, 80, 95, 100])
        {
            yield return Case(1, 512, 512, DataKind.Uniform, wide: false, blocked: false, seed++, zeros);
            yield return Case(32, 128, 136, DataKind.Uniform, wide: false, blocked: false, seed++, zeros);
        }

        // Blocks whose places take both bytes of an u16: 525 and 16,385 quads.
        foreach ((int rows, int inputs, int outputs) in ((int, int, int)[])[(1, 2099, 24), (5, 2099, 40), (1, 65537, 8)])
            yield return Case(rows, inputs, outputs, DataKind.Uniform, wide: false, blocked: false, seed++, zeros: 90);
    }

    /// <summary>Layers of weights of four bits, with factors for groups of inputs and without.</summary>
    public static IEnumerable<KernelCase> Nibbles()
    {
        int seed = 360000;
        foreach ((int rows, int inputs, int outputs) in ((int, int, int)[])
            [
                (1, 4, 1), (1, 8, 10), (1, 64, 10), (1, 784, 24), (1, 128, 33), (2, 20, 16), (3, 16, 8), (4, 36, 7), (5, 40, 41),
                (1, 16, 96), (1, 260, 257), (1, 1024, 64), (13, 96, 72), (7, 2052, 40), (1, 300, 100),
            ])
        {
            foreach (DataKind kind in Enum.GetValues<DataKind>())
                foreach (int group in inputs > 32 ? [0, 32, 64, 128] : (int[])[0])
                {
                    yield return Case(rows, inputs, outputs, kind, wide: false, blocked: false, seed++, group: group);
                    yield return Case(rows, inputs, outputs, kind, wide: true, blocked: false, seed++, group: group);
                }
        }
    }

    private static KernelCase Case(
        int rows, int inputs, int outputs, DataKind kind, bool wide, bool blocked, int seed, int? zeros = null, int? group = null)
    {
        var data = new CaseData(seed);
        int zeroPoint = data.Random.Next(256);
        byte[] input = data.Bytes(rows * inputs, kind);
        sbyte[] weights = data.SignedBytes(outputs * inputs, kind);
        long[] bias = [.. Enumerable.Range(0, outputs).Select(_ => (long)data.Random.Next(-1000000, 1000001))];
        SparseWeights? sparse = null;
        if (zeros is { } percent)
        {
            var dense = new byte[Int8Packing.PackedBytes(outputs, 1, inputs)];
            Int8Packing.Pack(weights, outputs, 1, inputs, dense);
            sparse = new SparseWeights(dense, 1, outputs, 1, inputs, percent, data.Random);
            Int8Packing.Unpack(dense, outputs, 1, inputs, weights);
        }

        NibbleWeights? four = group is { } shared ? new(weights, 1, outputs, inputs, 1, shared, data.Random) : null;
        int inputStride = inputs + data.Random.Next(0, 6);
        int inputAt = data.Reserve(rows * inputStride);
        for (int r = 0; r < rows; r++)
            for (int k = 0; k < inputs; k++)
                data.Put(inputAt + (r * inputStride) + k, input[(r * inputs) + k]);

        int padded = Int8Packing.PaddedOutputs(outputs);
        var folded = new long[padded];
        double largest = 1;
        for (int o = 0; o < outputs; o++)
        {
            long sum = 0;
            long magnitude = 0;
            for (int k = 0; k < inputs; k++)
            {
                sum += weights[(o * inputs) + k];
                magnitude += Math.Abs((long)weights[(o * inputs) + k]);
            }

            folded[o] = bias[o] - (zeroPoint * sum);
            largest = Math.Max(largest, Math.Abs(folded[o]) + (255 * magnitude));
        }

        var packed = new byte[Int8Packing.PackedBytes(outputs, 1, inputs)];
        Int8Packing.Pack(weights, outputs, 1, inputs, packed);
        (int[] multipliers, int shift) = data.Multipliers(outputs, padded, largest, seed % 5 == 4 ? largest * 1.3 : wide ? 2e9 : 400);
        (int weightsAt, int columnsAt, int startsAt) = sparse?.AddTo(data) ?? (four is not null ? 0 : data.AddWeights(packed), 0, 0);
        int factorsAt = 0;
        if (four is not null)
            (weightsAt, factorsAt) = four.AddTo(data, packed);
        int biasAt = blocked ? data.AddWeights(folded) : data.AddWeights([.. folded.Select(v => checked((int)v))]);
        int multipliersAt = data.AddWeights(multipliers);
        int outputZeroPoint = data.Random.Next(256);
        (int minimum, int maximum) = seed % 3 == 0 ? (data.Random.Next(0, 100), data.Random.Next(100, 256)) : (0, 255);
        int size = wide ? 4 : 1;
        int outputStride = (outputs * size) + (data.Random.Next(0, 4) * size);
        int outputAt = wide ? data.ReserveWide(rows * outputStride) : data.Reserve(rows * outputStride);

        Int8Product? product = null;
        if (!blocked)
        {
            Int8Dense.Describe(
                out Int8Product described,
                inputAt, inputStride, outputAt, outputStride, weightsAt, biasAt, multipliersAt, rows, inputs, outputs);
            described.Requantization = wide ? Requantization.ToInt32(shift)
                : Requantization.ToUInt8(shift, outputZeroPoint, minimum, maximum);
            described.PairSumsFit = kind == DataKind.Bounded;
            product = described;
        }

        int pairSums = kind == DataKind.Bounded ? 1 : 0;
        return new KernelCase
        {
            Kernel = (four is not null ? "Int4Dense"
                : sparse is not null ? "Int8SparseDense" : blocked ? "Int8DenseBlocked" : "Int8Dense") + (wide ? ".RunWide" : ".Run"),
            Name = $"{rows}×{inputs}→{outputs} {kind}, shift {shift}" + (zeros is { } share ? $", {share} % zero" : "")
                + (group is > 0 ? $", groups of {group}" : ""),
            Arena = data.Arena,
            Weights = data.Weights,
            Product = sparse is null && four is null ? product : null,
            Four = four?.Of(product!.Value, factorsAt),
            Sparse = sparse is null ? null : new() { Product = product!.Value, Columns = columnsAt, Starts = startsAt },
            Run = (blocked, wide) switch
            {
                (false, false) when four is not null => w => Int4Dense.Run(
                    w, inputAt, inputStride, outputAt, outputStride, weightsAt, factorsAt, four.GroupInputs, biasAt, multipliersAt, shift,
                    outputZeroPoint, minimum, maximum, rows, inputs, outputs, pairSums),
                (false, true) when four is not null => w => Int4Dense.RunWide(
                    w, inputAt, inputStride, outputAt, outputStride, weightsAt, factorsAt, four.GroupInputs, biasAt, multipliersAt, shift,
                    rows, inputs, outputs, pairSums),
                (false, false) when sparse is not null => w => Int8SparseDense.Run(
                    w, inputAt, inputStride, outputAt, outputStride, weightsAt, columnsAt, startsAt, biasAt, multipliersAt, shift,
                    outputZeroPoint, minimum, maximum, rows, inputs, outputs, pairSums),
                (false, true) when sparse is not null => w => Int8SparseDense.RunWide(
                    w, inputAt, inputStride, outputAt, outputStride, weightsAt, columnsAt, startsAt, biasAt, multipliersAt, shift, rows,
                    inputs, outputs, pairSums),
                (false, false) => w => Int8Dense.Run(
                    w, inputAt, inputStride, outputAt, outputStride, weightsAt, biasAt, multipliersAt, shift, outputZeroPoint, minimum,
                    maximum, rows, inputs, outputs, pairSums),
                (false, true) => w => Int8Dense.RunWide(
                    w, inputAt, inputStride, outputAt, outputStride, weightsAt, biasAt, multipliersAt, shift, rows, inputs, outputs,
                    pairSums),
                (true, false) => w => Int8DenseBlocked.Run(
                    w, inputAt, inputStride, outputAt, outputStride, weightsAt, biasAt, multipliersAt, shift, outputZeroPoint, minimum,
                    maximum, rows, inputs, outputs),
                (true, true) => w => Int8DenseBlocked.RunWide(
                    w, inputAt, inputStride, outputAt, outputStride, weightsAt, biasAt, multipliersAt, shift, rows, inputs, outputs),
            },
            Oracle = arena =>
            {
                var g = new WindowGeometry(rows, 1, 1, 1, inputs, outputs, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0);
                long[] sums = ConvolutionOracle.Sums(g, input, zeroPoint, weights, bias);
                for (int r = 0; r < rows; r++)
                    for (int o = 0; o < outputs; o++)
                    {
                        Int128 scaled = (Int128)sums[(r * outputs) + o] * multipliers[o];
                        int at = outputAt + (r * outputStride) + (o * size);
                        if (wide)
                            BinaryPrimitives.WriteInt32LittleEndian(arena.AsSpan(at), Arithmetic.ToInt32(scaled, shift));
                        else
                            arena[at] = Arithmetic.ToUInt8(scaled, shift, outputZeroPoint, minimum, maximum);
                    }
            },
        };
    }
}
