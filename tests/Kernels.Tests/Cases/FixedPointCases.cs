using System.Buffers.Binary;
using OptimizerBuild.Kernels.Tests.Oracles;

namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>Softmax over any axis and Sigmoid, in fixed point.</summary>
internal static class FixedPointCases
{
    private static readonly (int Outer, int Length, int Inner)[] Shapes =
        [(1, 1, 1), (1, 10, 1), (3, 7, 1), (2, 5, 3), (1, 1000, 1), (4, 33, 2), (300, 2, 1), (3, 2, 100), (90, 7, 1),
            (2, 30, 20)];

    public static IEnumerable<KernelCase> All()
    {
        int seed = 40000;
        foreach ((int outer, int length, int inner) in Shapes)
        {
            foreach (bool wideIn in (bool[])[false, true])
                foreach (bool wideOut in (bool[])[false, true])
                    foreach (double scale in wideIn ? [1e-7, 3e-9, 1e-4, 1e-14] : (double[])[0.02, 0.11, 1.5])
                        yield return Softmax(outer, length, inner, wideIn, wideOut, scale, seed++);
        }

        foreach ((int outer, int length, int inner) in Shapes)
            foreach (bool wideIn in (bool[])[false, true])
                foreach (double scale in wideIn ? [1e-7, 3e-9, 1e-4, 1e-14] : (double[])[0.02, 0.11, 1.5])
                    yield return LogSoftmax(outer, length, inner, wideIn, scale, 41000 + seed++);

        foreach (int count in (int[])[1, 9, 64])
            foreach (double scale in (double[])[1e-7, 5e-9, 1e-4])
                yield return Sigmoid(count, scale, seed++);

        // The longest rows of bytes, as attention has them, from nearly equal values to one that is all.
        foreach (int length in (int[])[3, 32, 255, 256, 257])
            foreach (double scale in (double[])[1e-6, 0.004, 0.3])
                yield return Softmax(12, length, 1, wideIn: false, wideOut: false, scale, 43_000 + seed++);
    }

    /// <summary>scale · log2(e) in Q16 as multiplier below 2^31 and shift.</summary>
    private static (int Multiplier, int Shift) Exponent(double scale)
    {
        double factor = scale * Math.Log2(Math.E) * 65536;
        int shift = 1;
        while (shift < 62 && factor * Math.Pow(2, shift + 1) < int.MaxValue)
            shift++;
        return ((int)Math.Round(factor * Math.Pow(2, shift)), shift);
    }

    private static KernelCase Softmax(int outer, int length, int inner, bool wideIn, bool wideOut, double scale, int seed)
    {
        var data = new CaseData(seed);
        (int multiplier, int shift) = Exponent(scale);
        int sizeIn = wideIn ? 4 : 1;
        int sizeOut = wideOut ? 4 : 1;
        int stepIn = inner * sizeIn;
        int stepOut = inner * sizeOut;
        int outerIn = length * stepIn;
        int outerOut = length * stepOut;
        int from = wideIn ? data.ReserveWide(outer * outerIn) : data.Reserve(outer * outerIn);
        int to = wideOut ? data.ReserveWide(outer * outerOut) : data.Reserve(outer * outerOut);
        if (wideIn && seed % 2 == 0)
        {
            // Logits of an ordinary size; otherwise noise, which spans all of s32.
            for (int i = 0; i < outer * length * inner; i++)
                data.Put(from + (4 * i), data.Random.Next(-30_000_000, 30_000_000));
        }

        byte[] before = data.Arena;
        return new KernelCase
        {
            Kernel = "Int8Softmax." + (wideIn ? "Int32" : "UInt8") + "To" + (wideOut ? "Int32" : "UInt8"),
            Name = $"{outer}×{length}×{inner} scale {scale}",
            Arena = before,
            Weights = data.Weights,
            Run = (wideIn, wideOut) switch
            {
                (false, false) =>
                    w => Int8Softmax.UInt8ToUInt8(w, from, outerIn, stepIn, to, outerOut, stepOut, multiplier, shift, outer, length, inner),
                (false, true) =>
                    w => Int8Softmax.UInt8ToInt32(w, from, outerIn, stepIn, to, outerOut, stepOut, multiplier, shift, outer, length, inner),
                (true, false) =>
                    w => Int8Softmax.Int32ToUInt8(w, from, outerIn, stepIn, to, outerOut, stepOut, multiplier, shift, outer, length, inner),
                (true, true) =>
                    w => Int8Softmax.Int32ToInt32(w, from, outerIn, stepIn, to, outerOut, stepOut, multiplier, shift, outer, length, inner),
            },
            Oracle = arena =>
            {
                for (int o = 0; o < outer; o++)
                    for (int i = 0; i < inner; i++)
                    {
                        long[] row = [.. Enumerable.Range(0, length).Select(k =>
                        {
                            int at = from + (o * outerIn) + (k * stepIn) + (i * sizeIn);
                            return wideIn ? BinaryPrimitives.ReadInt32LittleEndian(before.AsSpan(at)) : (long)before[at];
                        })];
                        long[] probabilities = FixedPointOracle.Softmax(row, multiplier, shift);
                        for (int k = 0; k < length; k++)
                        {
                            int at = to + (o * outerOut) + (k * stepOut) + (i * sizeOut);
                            if (wideOut)
                                BinaryPrimitives.WriteInt32LittleEndian(arena.AsSpan(at), (int)probabilities[k]);
                            else
                                arena[at] = FixedPointOracle.ToUInt8(probabilities[k]);
                        }
                    }
            },
        };
    }

    private static KernelCase LogSoftmax(int outer, int length, int inner, bool wideIn, double scale, int seed)
    {
        var data = new CaseData(seed);
        (int multiplier, int shift) = Exponent(scale);
        int sizeIn = wideIn ? 4 : 1;
        int stepIn = inner * sizeIn;
        int stepOut = inner * 4;
        int from = wideIn ? data.ReserveWide(outer * length * stepIn) : data.Reserve(outer * length * stepIn);
        int to = data.ReserveWide(outer * length * stepOut);
        if (wideIn && seed % 2 == 0)
        {
            for (int i = 0; i < outer * length * inner; i++)
                data.Put(from + (4 * i), data.Random.Next(-30_000_000, 30_000_000));
        }

        byte[] before = data.Arena;
        return new KernelCase
        {
            Kernel = "Int8LogSoftmax." + (wideIn ? "Int32" : "UInt8") + "ToInt32",
            Name = $"{outer}×{length}×{inner} scale {scale}",
            Arena = before,
            Weights = data.Weights,
            Run = w =>
            {
                if (wideIn)
                    Int8LogSoftmax.Int32ToInt32(w, from, length * stepIn, stepIn, to, length * stepOut, stepOut, multiplier, shift, outer,
                        length, inner);
                else
                    Int8LogSoftmax.UInt8ToInt32(w, from, length * stepIn, stepIn, to, length * stepOut, stepOut, multiplier, shift, outer,
                        length, inner);
            },
            Oracle = arena =>
            {
                for (int o = 0; o < outer; o++)
                    for (int i = 0; i < inner; i++)
                    {
                        long[] row = [.. Enumerable.Range(0, length).Select(k =>
                        {
                            int at = from + (o * length * stepIn) + (k * stepIn) + (i * sizeIn);
                            return wideIn ? BinaryPrimitives.ReadInt32LittleEndian(before.AsSpan(at)) : (long)before[at];
                        })];
                        long[] logarithms = FixedPointOracle.LogSoftmax(row, multiplier, shift);
                        for (int k = 0; k < length; k++)
                            BinaryPrimitives.WriteInt32LittleEndian(arena.AsSpan(to + (o * length * stepOut) + (k * stepOut) + (i * 4)),
                                (int)logarithms[k]);
                    }
            },
        };
    }

    private static KernelCase Sigmoid(int count, double scale, int seed)
    {
        var data = new CaseData(seed);
        (int multiplier, int shift) = Exponent(scale);
        int from = data.ReserveWide(count * 4);
        int to = seed % 2 == 0 ? from : data.ReserveWide(count * 4);
        data.Put(from, count % 2 == 0 ? int.MinValue : 0);
        byte[] before = data.Arena;
        return new KernelCase
        {
            Kernel = "Int32Sigmoid.Run",
            Name = $"{count} scale {scale}",
            Arena = before,
            Weights = data.Weights,
            Run = w => Int32Sigmoid.Run(w, from, to, multiplier, shift, count),
            Oracle = arena =>
            {
                for (int i = 0; i < count; i++)
                {
                    long value = BinaryPrimitives.ReadInt32LittleEndian(before.AsSpan(from + (4 * i)));
                    BinaryPrimitives.WriteInt32LittleEndian(
                        arena.AsSpan(to + (4 * i)), (int)FixedPointOracle.Sigmoid(value, multiplier, shift));
                }
            },
        };
    }
}
