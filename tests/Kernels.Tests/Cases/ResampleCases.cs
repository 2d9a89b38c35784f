using System.Buffers.Binary;
using OptimizerBuild.Kernels.Tests.Oracles;

namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>Resampling of u8 and s32: runs of all lengths around vectors, one to many taps, negative weights, outputs with gaps.</summary>
internal static class ResampleCases
{
    public static IEnumerable<KernelCase> All()
    {
        int seed = 31_000;
        foreach (bool fromWide in (bool[])[false, true])
            foreach (bool toWide in (bool[])[false, true])
                foreach ((int count, int outputs, int taps) in ((int, int, int)[])
                    [(1, 3, 2), (5, 10, 2), (7, 4, 3), (12, 2, 13), (3, 3, 1)])
                    foreach (int inner in (int[])[1, 3, 15, 16, 17, 31, 32, 40, 63, 64, 65, 130])
                        yield return Runs(fromWide, toWide, 1 + (seed % 2), 1 + (inner % 3), count, inner, outputs, taps,
                            gap: seed % 3 * 4, seed++);
    }

    private static KernelCase Runs(
        bool fromWide, bool toWide, int images, int outer, int count, int inner, int outputs, int taps, int gap, int seed)
    {
        var data = new CaseData(seed);
        bool isExtreme = seed % 4 == 0;
        int largest = fromWide ? 65_535 : 255;
        int[] input = [.. Enumerable.Range(0, images * outer * count * inner).Select(_ => fromWide
            ? isExtreme ? data.Random.Next(2) == 0 ? -largest : largest : data.Random.Next(-largest, largest + 1)
            : isExtreme ? data.Random.Next(2) * largest : data.Random.Next(largest + 1))];

        // Weights with which the largest sums just fit 32 bits, and some outputs lie beyond their bounds.
        int largestWeight = ((1 << 30) / largest / taps) - 1;
        int bits = (int)Math.Log2((double)largest * largestWeight);
        int shift = Math.Clamp(bits - (toWide ? 16 : 8), 1, 30);
        int[] places = [.. Enumerable.Range(0, outputs * taps).Select(_ => data.Random.Next(count))];
        int[] weights = [.. Enumerable.Range(0, outputs * taps).Select(_ => isExtreme
            ? data.Random.Next(2) == 0 ? -largestWeight : largestWeight
            : data.Random.Next(-largestWeight / 4, largestWeight))];
        int[] addends = [.. Enumerable.Range(0, outputs).Select(_ => data.Random.Next(-1 << 28, 1 << 29))];
        var table = new List<int>();
        for (int i = 0; i < outputs; i++)
        {
            table.Add(addends[i]);
            for (int t = i * taps; t < (i + 1) * taps; t++)
                table.AddRange([places[t], weights[t]]);
        }

        int size = toWide ? 4 : 1;
        int stride = (inner * size) + gap, outerStride = (outputs * stride) + gap, imageStride = (outer * outerStride) + (2 * gap);
        int at = fromWide ? data.ReserveWide(input.Length * 4) : data.Reserve(input.Length);
        for (int i = 0; i < input.Length; i++)
        {
            if (fromWide)
                data.Put(at + (i * 4), input[i]);
            else
                data.Put(at + i, (byte)input[i]);
        }

        int to = toWide ? data.ReserveWide(images * imageStride) : data.Reserve(images * imageStride);
        int table32 = data.AddWeights([.. table]);
        (int minimum, int maximum) = toWide ? (-65_535, 65_535) : seed % 5 == 0 ? (20, 200) : (0, 255);
        Kernel kernel = (fromWide, toWide) switch
        {
            (false, false) => Int8Resample.UInt8ToUInt8,
            (false, true) => Int8Resample.UInt8ToInt32,
            (true, false) => Int8Resample.Int32ToUInt8,
            _ => Int8Resample.Int32ToInt32,
        };
        return new KernelCase
        {
            Kernel = $"Int8Resample.{(fromWide ? "Int32" : "UInt8")}To{(toWide ? "Int32" : "UInt8")}",
            Name = $"{images}×{outer}×{count}×{inner} to {outputs} of {taps}{(isExtreme ? ", extreme" : "")}",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = w => kernel(w, at, table32, to, imageStride, outerStride, stride, images, outer, count, inner, outputs, taps, shift,
                minimum, maximum),
            Oracle = arena =>
            {
                for (int r = 0; r < images * outer; r++)
                    for (int i = 0; i < outputs; i++)
                        for (int k = 0; k < inner; k++)
                        {
                            int value = ResampleOracle.One(input.AsSpan(r * count * inner, count * inner), inner, k,
                                places.AsSpan(i * taps, taps), weights.AsSpan(i * taps, taps), addends[i], shift, minimum, maximum);
                            Span<byte> target = arena.AsSpan(
                                to + (r / outer * imageStride) + (r % outer * outerStride) + (i * stride) + (k * size));
                            if (toWide)
                                BinaryPrimitives.WriteInt32LittleEndian(target, value);
                            else
                                target[0] = (byte)value;
                        }
            },
        };
    }

    private delegate void Kernel(
        Workspace w, int input, int taps, int output, int outputImageStride, int outputOuterStride, int outputStride, int images, int outer,
        int count, int inner, int outputs, int tapCount, int shift, int minimum, int maximum);
}
