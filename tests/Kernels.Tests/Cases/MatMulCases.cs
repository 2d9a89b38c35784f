using System.Buffers.Binary;
using OptimizerBuild.Kernels.Tests.Oracles;

namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>
/// Products of two u8 matrices: odd sizes, second matrices that lie row by row, column by column or with gaps both ways, zero points of
/// 0, 128 and others, batches that broadcast, u8 and s32 outputs.
/// </summary>
internal static class MatMulCases
{
    private enum Order
    {
        /// <summary>Rows of the second matrix are contiguous.</summary>
        Rows,

        /// <summary>Its columns are, as those of a transposed matrix.</summary>
        Columns,

        /// <summary>Neither.</summary>
        Gaps,
    }

    private static readonly (int Rows, int Inner, int Columns)[] Shapes =
    [
        (1, 1, 1), (1, 64, 40), (1, 33, 130), (2, 3, 9), (3, 16, 8), (4, 17, 16), (5, 50, 33), (7, 31, 24), (13, 26, 48), (32, 50, 32),
        (100, 12, 19), (6, 1100, 18), (5, 4_111, 17), (2, 33_025, 3),
    ];

    // Batch, and the extents of both operands' batches.
    private static readonly (int[] Batch, int[] First, int[] Second)[] Batches =
    [
        ([3], [3], [3]), ([2, 3], [2, 3], [1, 3]), ([2, 3], [1, 3], [2, 1]), ([4], [4], [1]),
    ];

    public static IEnumerable<KernelCase> All()
    {
        int seed = 9_600_000;
        foreach ((int rows, int inner, int columns) in Shapes)
        {
            foreach (DataKind kind in (DataKind[])[DataKind.Uniform, DataKind.Extreme])
            {
                foreach (Order order in Enum.GetValues<Order>())
                {
                    foreach (bool wide in (bool[])[false, true])
                        yield return Case(rows, inner, columns, kind, order, wide, [], [], [], seed++);
                }
            }
        }

        foreach (ProductShape s in ProductShapes.Of("MatMul"))
            yield return Case(s.Height, s.Inputs, s.Outputs, DataKind.Uniform, Order.Columns, wide: false, [], [], [], seed++);
        foreach ((int[] batch, int[] first, int[] second) in Batches)
        {
            foreach (bool wide in (bool[])[false, true])
            {
                yield return Case(5, 11, 21, DataKind.Uniform, Order.Columns, wide, batch, first, second, seed++);
                yield return Case(9, 18, 34, DataKind.Uniform, Order.Rows, wide, batch, first, second, seed++);
            }
        }
    }

    private static KernelCase Case(
        int rows, int inner, int columns, DataKind kind, Order order, bool wide, int[] batch, int[] firstBatch, int[] secondBatch, int seed)
    {
        var data = new CaseData(seed);
        int aZeroPoint = ZeroPoint(data, seed), bZeroPoint = ZeroPoint(data, seed / 3);
        int size = wide ? 4 : 1;
        int aRowStride = inner + data.Random.Next(0, 4), aBytes = rows * aRowStride;
        (int bRowStride, int bColumnStride) = order switch
        {
            Order.Rows => (columns + data.Random.Next(0, 4), 1),
            Order.Columns => (1, inner + data.Random.Next(0, 4)),
            _ => ((2 * columns) + 1, 2),
        };
        int bBytes = ((inner - 1) * bRowStride) + ((columns - 1) * bColumnStride) + 1;
        int outputRowStride = (columns * size) + (data.Random.Next(0, 4) * size), outputBytes = rows * outputRowStride;
        int count = Count(batch), firsts = Count(firstBatch), seconds = Count(secondBatch);
        int aAt = data.Reserve(firsts * aBytes), bAt = data.Reserve(seconds * bBytes);
        byte[] a = data.Bytes(firsts * aBytes, kind), b = data.Bytes(seconds * bBytes, kind);
        for (int i = 0; i < a.Length; i++)
            data.Put(aAt + i, a[i]);
        for (int i = 0; i < b.Length; i++)
            data.Put(bAt + i, b[i]);
        double largest = 1.0 * inner * Math.Max(aZeroPoint, 255 - aZeroPoint) * Math.Max(bZeroPoint, 255 - bZeroPoint);
        (int[] multipliers, int shift) = data.Multipliers(1, 1, largest, seed % 5 == 4 ? largest * 1.3 : wide ? 2e9 : 400);
        int multiplier = multipliers[0];
        int outputZeroPoint = data.Random.Next(256);
        (int minimum, int maximum) = seed % 3 == 0 ? (data.Random.Next(0, 100), data.Random.Next(100, 256)) : (0, 255);
        int outputAt = wide ? data.ReserveWide(count * outputBytes) : data.Reserve(count * outputBytes);
        int scratchAt = data.ReserveWide(Int8MatMul.ScratchBytes(inner, columns));
        int[] aStrides = Strides(batch, firstBatch, aBytes), bStrides = Strides(batch, secondBatch, bBytes);
        int[] outputStrides = Strides(batch, batch, outputBytes);

        // What the kernel packs is there already where the product alone is run, on other paths.
        Int8Product? product = null;
        if (count == 1)
        {
            byte[] packed = Packed(0);
            for (int i = 0; i < packed.Length; i++)
                data.Put(scratchAt + i, packed[i]);
            Int8MatMul.Describe(
                out Int8Product described, aAt, aRowStride, outputAt, outputRowStride, scratchAt, bZeroPoint, rows, inner, columns);
            described.Requantization = wide ? Requantization.ToInt32(shift)
                : Requantization.ToUInt8(shift, outputZeroPoint, minimum, maximum);
            product = described;
        }

        return new KernelCase
        {
            Kernel = wide ? "Int8MatMul.RunWide" : "Int8MatMul.Run",
            Name = $"{rows}×{inner} · {inner}×{columns} {kind} {order}, batch [{string.Join(',', batch)}], zero points {aZeroPoint} and "
                + $"{bZeroPoint}, shift {shift}",
            Arena = data.Arena,
            Weights = data.Weights,
            Product = product,
            Run = w =>
            {
                if (wide)
                    Int8MatMul.RunWide(
                        w, aAt, aRowStride, bAt, bRowStride, bColumnStride, outputAt, outputRowStride, scratchAt, aZeroPoint, bZeroPoint,
                        multiplier, shift, rows, inner, columns, batch, aStrides, bStrides, outputStrides);
                else
                    Int8MatMul.Run(
                        w, aAt, aRowStride, bAt, bRowStride, bColumnStride, outputAt, outputRowStride, scratchAt, aZeroPoint, bZeroPoint,
                        multiplier, shift, outputZeroPoint, minimum, maximum, rows, inner, columns, batch, aStrides, bStrides,
                        outputStrides);
            },
            Oracle = arena =>
            {
                for (int n = 0; n < count; n++)
                {
                    for (int i = 0; i < rows; i++)
                    {
                        for (int j = 0; j < columns; j++)
                        {
                            long sum = 0;
                            for (int k = 0; k < inner; k++)
                                sum += (long)(a[Offset(n, aStrides) + (i * aRowStride) + k] - aZeroPoint) * (Second(n, k, j) - bZeroPoint);
                            Int128 scaled = (Int128)sum * multiplier;
                            int at = outputAt + Offset(n, outputStrides) + (i * outputRowStride) + (j * size);
                            if (wide)
                                BinaryPrimitives.WriteInt32LittleEndian(arena.AsSpan(at), Arithmetic.ToInt32(scaled, shift));
                            else
                                arena[at] = Arithmetic.ToUInt8(scaled, shift, outputZeroPoint, minimum, maximum);
                        }
                    }
                }

                Packed(count - 1).CopyTo(arena.AsSpan(scratchAt));
            },
        };

        int Second(int n, int k, int j) => b[Offset(n, bStrides) + (k * bRowStride) + (j * bColumnStride)];

        int Offset(int n, int[] strides)
        {
            int offset = 0;
            for (int d = batch.Length - 1; d >= 0; d--)
            {
                offset += n % batch[d] * strides[d];
                n /= batch[d];
            }

            return offset;
        }

        // The scratch memory after a product: weights as dense layers have them, less 128, then biases and multipliers.
        byte[] Packed(int n)
        {
            var weights = new sbyte[columns * inner];
            int padded = Int8Packing.PaddedOutputs(columns), bytes = Int8Packing.PackedBytes(columns, 1, inner);
            var all = new byte[bytes + (8 * padded)];
            for (int j = 0; j < padded; j++)
            {
                int bias = 0;
                for (int k = 0; j < columns && k < inner; k++)
                {
                    weights[(j * inner) + k] = (sbyte)(Second(n, k, j) - 128);
                    bias -= aZeroPoint * (Second(n, k, j) - bZeroPoint);
                }

                BinaryPrimitives.WriteInt32LittleEndian(all.AsSpan(bytes + (4 * j)), bias);
                BinaryPrimitives.WriteInt32LittleEndian(all.AsSpan(bytes + (4 * (padded + j))), multiplier);
            }

            Int8Packing.Pack(weights, columns, 1, inner, all);
            return all;
        }
    }

    private static int ZeroPoint(CaseData data, int seed) => (seed % 3) switch
    {
        0 => 0,
        1 => 128,
        _ => data.Random.Next(256),
    };

    private static int Count(int[] extents) => extents.Aggregate(1, (x, y) => x * y);

    // Bytes between neighbouring matrices of an operand for each extent of the whole batch.
    private static int[] Strides(int[] batch, int[] own, int bytes)
    {
        var strides = new int[batch.Length];
        for (int d = batch.Length - 1; d >= 0; d--)
        {
            strides[d] = own[d] == 1 ? 0 : bytes;
            bytes *= own[d];
        }

        return strides;
    }
}
