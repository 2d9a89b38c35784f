using System.Runtime.InteropServices;
using OptimizerBuild.Kernels.Tests.Oracles;

namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>Layer normalisation of u8: rows of all lengths around vectors, constant rows, extremes, and the longest row.</summary>
internal static class NormalizationCases
{
    public static IEnumerable<KernelCase> All()
    {
        int seed = 23_000;
        foreach ((int rows, int length) in ((int, int)[])[(3, 1), (2, 7), (4, 16), (1, 17), (5, 31), (2, 32), (3, 48), (2, 63), (7, 128),
            (2, 312), (1, 1000), (1, 32_768)])
            foreach (DataKind kind in Enum.GetValues<DataKind>())
                foreach (int centre in (int[])[-1, seed % 256])
                    yield return Rows(rows, length, kind, inPlace: length % 2 == 1, isConstant: false, centre, seed++);
        foreach (int length in (int[])[5, 40])
            foreach (int centre in (int[])[-1, 201, 0])
                yield return Rows(2, length, DataKind.Uniform, inPlace: false, isConstant: true, centre, seed++);
    }

    private static KernelCase Rows(int rows, int length, DataKind kind, bool inPlace, bool isConstant, int centre, int seed)
    {
        var data = new CaseData(seed);
        byte[] input = data.Bytes(rows * length, kind);
        if (isConstant)
            Array.Fill(input, (byte)201);
        float[] factors = [.. Enumerable.Range(0, length).Select(_ => (float)((data.Random.NextDouble() - 0.3) * 90))];
        float[] addends = [.. Enumerable.Range(0, length).Select(_ => (float)(data.Random.NextDouble() * 255))];
        int at = data.Reserve(input.Length);
        for (int i = 0; i < input.Length; i++)
            data.Put(at + i, input[i]);
        int to = inPlace ? at : data.Reserve(input.Length);
        int scale = ~data.AddWeights(MemoryMarshal.AsBytes<float>(factors)), bias = ~data.AddWeights(MemoryMarshal.AsBytes<float>(addends));
        float epsilon = isConstant && length > 10 ? 0 : 0.75f * length;
        (int minimum, int maximum) = seed % 3 == 0 ? (0, 255) : (20, 200);
        return new KernelCase
        {
            Kernel = "Int8LayerNormalization.Run",
            Name = $"{rows}×{length} {(isConstant ? "constant" : kind.ToString())} about {centre}",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = w => Int8LayerNormalization.Run(w, at, scale, bias, to, rows, length, epsilon, centre, minimum, maximum),
            Oracle = arena => NormalizationOracle.Rows(input, factors, addends, epsilon, centre, minimum, maximum).CopyTo(arena, to),
        };
    }
}
