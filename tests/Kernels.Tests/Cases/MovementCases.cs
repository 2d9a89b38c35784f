using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>Copies between layouts: transpositions with and without whole blocks, short runs, strided rows.</summary>
internal static class MovementCases
{
    // The extents, and the order of the source's dimensions from the outermost to the innermost.
    private static readonly (int[] Dimensions, int[] Order)[] Boxes =
    [
        ([3, 5], [1, 0]),
        ([16, 16], [1, 0]),
        ([37, 52], [1, 0]),
        ([16, 3, 32], [2, 1, 0]),
        ([19, 2, 33], [1, 2, 0]),
        ([7, 16, 48], [0, 2, 1]),
        ([50, 2], [1, 0]),
        ([20, 3, 4], [1, 0, 2]),
        ([2, 3, 70], [1, 0, 2]),
    ];

    public static IEnumerable<KernelCase> All()
    {
        int seed = 60000;
        foreach ((int[] dimensions, int[] order) in Boxes)
        {
            foreach (int size in (int[])[1, 2, 4, 8])
                yield return Copy(dimensions, order, size, seed++);
        }

        foreach (int bytes in (int[])[1, 12, 64, 1000])
            yield return Slice(bytes, seed++);
        yield return Keys<short>(5, (random, _) => (short)random.Next(-40, 40), seed++);
        yield return Keys<int>(6, (random, _) => random.Next(-40, 40), seed++);
        yield return Keys<long>(7, (random, i) => i == 3 ? long.MinValue : random.Next(-40, 40), seed++);
        yield return Keys<float>(1, (random, i) => i == 3 ? float.NaN : i == 4 ? -0f : random.Next(-40, 40) / 4f, seed++);
        yield return Keys<double>(11, (random, i) => i == 3 ? double.NaN : i == 4 ? 0.0 : random.Next(-40, 40) / 4.0, seed++);
        yield return Strings(seed++);
        yield return Input((_, i) => (byte)((i * 7) + 1), seed++);
        yield return Input((_, i) => (ushort)((i * 777) + 1), seed++);
        yield return Input((random, _) => random.Next(), seed++);
        yield return Input((random, _) => random.NextInt64(), seed++);
    }

    private static KernelCase Copy(int[] dimensions, int[] order, int size, int seed)
    {
        var data = new CaseData(seed);
        int[] sourceStrides = Strides(dimensions, order, size, data.Random.Next(2) * size);
        int[] strides = Strides(dimensions, [.. Enumerable.Range(0, dimensions.Length)], size, data.Random.Next(2) * size);
        int from = data.ReserveWide(2 * size * (dimensions.Aggregate(1, (a, b) => a * (b + 1))));
        int to = data.ReserveWide(2 * size * (dimensions.Aggregate(1, (a, b) => a * (b + 1))));
        byte[] before = data.Arena;
        return new KernelCase
        {
            Kernel = "StridedCopy.Run",
            Name = $"{string.Join('×', dimensions)} from order {string.Join(',', order)}, {size} bytes",
            Arena = before,
            Weights = data.Weights,
            Run = w => StridedCopy.Run(w, from, to, size, dimensions, sourceStrides, strides),
            Oracle = arena => Each(dimensions, index =>
                Array.Copy(before, from + Dot(index, sourceStrides), arena, to + Dot(index, strides), size)),
        };
    }

    private static KernelCase Slice(int bytes, int seed)
    {
        var data = new CaseData(seed);
        int from = data.Reserve(bytes);
        int index = data.Reserve(sizeof(long));
        int to = data.Reserve(5 * bytes);
        for (int i = 0; i < sizeof(long); i++)
            data.Put(index + i, (byte)(i == 0 ? 3 : 0));
        byte[] before = data.Arena;
        return new KernelCase
        {
            Kernel = "SliceStore.Run",
            Name = $"slice 3 of {bytes} bytes",
            Arena = before,
            Weights = data.Weights,
            Run = w => SliceStore.Run(w, from, to, index, bytes),
            Oracle = arena => Array.Copy(before, from, arena, to + (3 * bytes), bytes),
        };
    }

    // Elements of which about half are keys, among them what compares in a way of its own.
    private static KernelCase Keys<T>(int elementType, Func<Random, int, T> value, int seed)
        where T : unmanaged, IComparable<T>
    {
        const int Count = 61;
        var data = new CaseData(seed);
        T[] elements = [.. Enumerable.Range(0, Count).Select(i => value(data.Random, i))];
        T[] keys = [.. elements.Where((_, i) => i % 2 == 0 || i == 3).Distinct().Order()];
        int from = data.ReserveWide(Count * Unsafe.SizeOf<T>());
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(elements.AsSpan());
        for (int i = 0; i < bytes.Length; i++)
            data.Put(from + i, bytes[i]);
        int to = data.ReserveWide(Count * sizeof(int));
        int table = data.AddWeights(MemoryMarshal.AsBytes(keys.AsSpan()));
        return new KernelCase
        {
            Kernel = "KeyLookup.Run",
            Name = typeof(T).Name,
            Arena = data.Arena,
            Weights = data.Weights,
            Run = w => KeyLookup.Run(w, from, table, to, elementType, Count, keys.Length),
            Oracle = arena =>
            {
                for (int i = 0; i < Count; i++)
                    MemoryMarshal.Write(arena.AsSpan(to + (i * sizeof(int))),
                        1 + Array.FindIndex(keys, k => k.CompareTo(elements[i]) == 0));
            },
        };
    }

    private static KernelCase Strings(int seed)
    {
        string[] words = ["b", "", "a", "ä", "A", "b ", "\0", "a"];
        string[] table = ["", "a", "b", "\0", "a\u0308"];
        var data = new CaseData(seed);
        int to = data.ReserveWide(words.Length * sizeof(int));
        var strings = new StringTable(table);
        return new KernelCase
        {
            Kernel = "StringLookup.Run",
            Name = "letter case and accents",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = w => StringLookup.Run(words, w, to, words.Length, strings),
            Oracle = arena =>
            {
                for (int i = 0; i < words.Length; i++)
                    MemoryMarshal.Write(arena.AsSpan(to + (i * sizeof(int))), Array.IndexOf(table, words[i]));
            },
        };
    }

    private static KernelCase Input<T>(Func<Random, int, T> value, int seed)
        where T : unmanaged
    {
        int size = Unsafe.SizeOf<T>();
        var data = new CaseData(seed);
        int[] dimensions = [35, 18, 21];
        int[] order = [2, 0, 1];
        T[] source = [.. Enumerable.Range(0, 35 * 18 * 21).Select(i => value(data.Random, i))];
        int[] sourceStrides = Strides(dimensions, order, 1, 0);
        int[] strides = Strides(dimensions, [0, 1, 2], size, size);
        int to = data.ReserveWide(36 * 19 * 22 * size);
        return new KernelCase
        {
            Kernel = "InputCopy.Permuted",
            Name = typeof(T).Name,
            Arena = data.Arena,
            Weights = data.Weights,
            Run = w => InputCopy.Permuted<T>(source, w, to, dimensions, sourceStrides, strides),
            Oracle = arena => Each(dimensions, index =>
                MemoryMarshal.Write(arena.AsSpan(to + Dot(index, strides)), source[Dot(index, sourceStrides)])),
        };
    }

    // Each dimension a gap longer than its elements need.
    private static int[] Strides(int[] dimensions, int[] order, int size, int gap)
    {
        var strides = new int[dimensions.Length];
        int step = size;
        foreach (int d in order.Reverse())
        {
            strides[d] = step;
            step = (step * dimensions[d]) + gap;
        }

        return strides;
    }

    private static int Dot(int[] index, int[] strides) => index.Zip(strides, (i, s) => i * s).Sum();

    private static void Each(int[] dimensions, Action<int[]> action)
    {
        var index = new int[dimensions.Length];
        void Visit(int d)
        {
            if (d == dimensions.Length)
            {
                action(index);
                return;
            }

            for (index[d] = 0; index[d] < dimensions[d]; index[d]++)
                Visit(d + 1);
        }

        Visit(0);
    }
}
