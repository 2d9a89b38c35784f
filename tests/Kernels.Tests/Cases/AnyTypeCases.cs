using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>
/// Kernels of any element type, and those that choose or scatter: the oracles are the definitions, in wide integers or by sorting.
/// </summary>
internal static class AnyTypeCases
{
    public static IEnumerable<KernelCase> All()
    {
        int seed = 90000;
        foreach (int inner in (int[])[1, 3])
        {
            yield return TopKOf(NumericType.Float32, (r, _) => r.Next(9) == 0 ? float.NaN : r.Next(-6, 6), 11, inner, 4, 1, seed++);
            yield return TopKOf(NumericType.Int64, (r, _) => (long)r.Next(-6, 6), 7, inner, 7, 0, seed++);
            yield return TopKOf(NumericType.UInt8, (r, _) => (byte)r.Next(256), 9, inner, 1, 1, seed++);
            yield return Sums<int>(NumericType.Int32, "Sum", inner, 0, 1, seed++);
            yield return Sums<sbyte>(NumericType.Int8, "Product", inner, 1, 0, seed++);
            yield return Sums<ulong>(NumericType.UInt64, "Sum", inner, 1, 1, seed++);
        }
        yield return Rows<byte>(NumericType.UInt8, "Store", 5, seed++);
        yield return Rows<long>(NumericType.Int64, "Store", 1, seed++);
        yield return Rows<int>(NumericType.Int32, "Add", 3, seed++);
        yield return Rows<short>(NumericType.Int16, "Mul", 2, seed++);
        yield return Rows<uint>(NumericType.UInt32, "Max", 3, seed++);
        yield return Rows<sbyte>(NumericType.Int8, "Min", 4, seed++);
        yield return Product<int>(NumericType.Int32, 3, 5, 4, seed++);
        yield return Product<byte>(NumericType.UInt8, 2, 7, 1, seed++);
        yield return Product<long>(NumericType.Int64, 1, 1, 3, seed++);
        foreach (string method in (string[])["Mod", "Fmod", "And", "Or", "Xor"])
            yield return Pair<int>(NumericType.Int32, method, seed++);
        foreach (string method in (string[])["Mod", "ShiftLeft", "ShiftRight", "Xor"])
            yield return Pair<byte>(NumericType.UInt8, method, seed++);
        foreach (bool centered in (bool[])[false, true])
        {
            yield return Boxes(1, 1, 1, 1, centered, null, seed++);
            yield return Boxes(2, 3, 40, 6, centered, 0.3f, seed++);
            yield return Boxes(1, 2, 65, 65, centered, null, seed++);
        }
        foreach (int taps in (int[])[1, 2])
            for (int padding = 0; padding < 3; padding++)
                yield return Grid(taps, padding, padding == 1, seed++);
    }

    private static KernelCase TopKOf<T>(int type, Func<Random, int, T> value, int count, int inner, int k, int largest, int seed)
        where T : unmanaged, INumber<T>
    {
        const int Outer = 2;
        var data = new CaseData(seed);
        T[] x = Random(data, Outer * count * inner, value);
        int at = Put(data, x), values = data.ReserveWide(Outer * k * inner * Unsafe.SizeOf<T>());
        int places = data.ReserveWide(Outer * k * inner * sizeof(long));
        return Case(data, "TopK.Run", $"{typeof(T).Name}, {k} of {count}, {inner} apart, {(largest != 0 ? "greatest" : "least")}",
            w => TopK.Run(w, at, values, places, type, Outer, count, inner, k, largest),
            arena =>
            {
                for (int column = 0; column < Outer * inner; column++)
                {
                    (int o, int i) = (column / inner, column % inner);
                    T At(int n) => x[(((o * count) + n) * inner) + i];
                    List<int> order = [.. Enumerable.Range(0, count)];
                    order.Sort((a, b) => T.IsNaN(At(a)) != T.IsNaN(At(b)) ? T.IsNaN(At(a)).CompareTo(T.IsNaN(At(b)))
                        : !T.IsNaN(At(a)) && At(a) != At(b) ? (At(a) > At(b)) == (largest != 0) ? -1 : 1 : a.CompareTo(b));
                    for (int n = 0; n < k; n++)
                    {
                        int to = (((o * k) + n) * inner) + i;
                        Write(arena, values + (to * Unsafe.SizeOf<T>()), At(order[n]));
                        Write(arena, places + (to * sizeof(long)), (long)order[n]);
                    }
                }
            });
    }

    private static KernelCase Sums<T>(int type, string method, int inner, int exclusive, int reverse, int seed)
        where T : unmanaged, IBinaryInteger<T>
    {
        const int Outer = 2, Count = 9;
        var data = new CaseData(seed);
        T[] x = Integers<T>(data, Outer * Count * inner);
        int at = Put(data, x), to = data.ReserveWide(x.Length * Unsafe.SizeOf<T>());
        return Case(data, "Cumulative." + method, $"{typeof(T).Name}, {inner} apart, exclusive {exclusive}, reverse {reverse}",
            w =>
            {
                if (method == "Sum")
                    Cumulative.Sum(w, at, to, type, Outer, Count, inner, exclusive, reverse);
                else
                    Cumulative.Product(w, at, to, type, Outer, Count, inner, exclusive, reverse);
            },
            arena =>
            {
                for (int i = 0; i < x.Length; i++)
                {
                    (int o, int n, int rest) = (i / inner / Count, i / inner % Count, i % inner);
                    BigInteger result = method == "Sum" ? 0 : 1;
                    for (int other = 0; other < Count; other++)
                    {
                        if (other == n ? exclusive != 0 : (other > n) != (reverse != 0))
                            continue;
                        var term = BigInteger.CreateChecked(x[(((o * Count) + other) * inner) + rest]);
                        result = method == "Sum" ? result + term : result * term;
                    }
                    Write(arena, to + (i * Unsafe.SizeOf<T>()), T.CreateTruncating(result));
                }
            });
    }

    private static KernelCase Rows<T>(int type, string method, int width, int seed)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        const int Table = 6, Count = 9;
        var data = new CaseData(seed);
        T[] old = Integers<T>(data, Table * width), updates = Integers<T>(data, Count * width);
        // Some lie outside, some repeat.
        long[] indices = [5, 0, 0, -1, 6, 2, long.MaxValue, 2, 0];
        int from = Put(data, old), at = Put(data, indices), with = Put(data, updates);
        int to = data.ReserveWide(old.Length * Unsafe.SizeOf<T>());
        return Case(data, "ScatterRows." + method, $"{typeof(T).Name}, rows of {width}",
            w => Run(method, w),
            arena =>
            {
                T[] y = [.. old];
                for (int i = 0; i < Count; i++)
                {
                    for (int k = 0; k < width && indices[i] is >= 0 and < Table; k++)
                    {
                        ref T place = ref y[(indices[i] * width) + k];
                        T u = updates[(i * width) + k];
                        place = method switch
                        {
                            "Add" => T.CreateTruncating(BigInteger.CreateChecked(place) + BigInteger.CreateChecked(u)),
                            "Mul" => T.CreateTruncating(BigInteger.CreateChecked(place) * BigInteger.CreateChecked(u)),
                            "Max" => T.Max(place, u),
                            "Min" => T.Min(place, u),
                            _ => u,
                        };
                    }
                }
                for (int i = 0; i < y.Length; i++)
                    Write(arena, to + (i * Unsafe.SizeOf<T>()), y[i]);
            });

        void Run(string name, Workspace w)
        {
            switch (name)
            {
                case "Add": ScatterRows.Add(w, from, at, with, to, type, Table, width, Count); break;
                case "Mul": ScatterRows.Mul(w, from, at, with, to, type, Table, width, Count); break;
                case "Max": ScatterRows.Max(w, from, at, with, to, type, Table, width, Count); break;
                case "Min": ScatterRows.Min(w, from, at, with, to, type, Table, width, Count); break;
                default: ScatterRows.Store(w, from, at, with, to, Table, width * Unsafe.SizeOf<T>(), Count); break;
            }
        }
    }

    private static KernelCase Product<T>(int type, int rows, int inner, int columns, int seed)
        where T : unmanaged, IBinaryInteger<T>
    {
        var data = new CaseData(seed);
        T[] a = Integers<T>(data, 2 * rows * inner), b = Integers<T>(data, inner * columns);
        int left = Put(data, a), right = Put(data, b), to = data.ReserveWide(2 * rows * columns * Unsafe.SizeOf<T>());
        return Case(data, "NumericMatMul.Run", $"{typeof(T).Name}, {rows}×{inner}×{columns}",
            w => NumericMatMul.Run(w, left, right, to, type, rows, inner, columns, [2], [rows * inner * Unsafe.SizeOf<T>()], [0]),
            arena =>
            {
                for (int i = 0; i < 2 * rows * columns; i++)
                {
                    BigInteger sum = 0;
                    for (int k = 0; k < inner; k++)
                        sum += BigInteger.CreateChecked(a[(i / columns * inner) + k])
                            * BigInteger.CreateChecked(b[(k * columns) + (i % columns)]);
                    Write(arena, to + (i * Unsafe.SizeOf<T>()), T.CreateTruncating(sum));
                }
            });
    }

    private static KernelCase Pair<T>(int type, string method, int seed)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        const int Count = 23;
        bool shifts = method.StartsWith("Shift", StringComparison.Ordinal);
        var data = new CaseData(seed);
        T[] a = Integers<T>(data, Count), b = Integers<T>(data, Count);
        for (int i = 0; i < Count; i++)
            b[i] = shifts ? T.CreateChecked(i % 8) : b[i] == T.Zero ? T.One : b[i];
        (a[0], b[0]) = shifts ? (a[0], b[0]) : (T.MinValue, T.MaxValue);
        int left = Put(data, a), right = Put(data, b), to = data.ReserveWide(Count * Unsafe.SizeOf<T>());
        int size = Unsafe.SizeOf<T>();
        return Case(data, "NumericBinary." + method, typeof(T).Name,
            w => Run(w),
            arena =>
            {
                for (int i = 0; i < Count; i++)
                    Write(arena, to + (i * size), T.CreateTruncating(Of(BigInteger.CreateChecked(a[i]), BigInteger.CreateChecked(b[i]))));
            });

        BigInteger Of(BigInteger x, BigInteger y) => method switch
        {
            // The remainder has the divisor's sign, or the dividend's.
            "Mod" => ((x % y) + y) % y,
            "Fmod" => x % y,
            "And" => x & y,
            "Or" => x | y,
            "Xor" => x ^ y,
            "ShiftLeft" => x << (int)y,
            _ => x >> (int)y,
        };

        void Run(Workspace w)
        {
            switch (method)
            {
                case "Mod": NumericBinary.Mod(w, left, right, to, type, [Count], [1], [1]); break;
                case "Fmod": NumericBinary.Fmod(w, left, right, to, type, [Count], [1], [1]); break;
                case "And": NumericBinary.And(w, left, right, to, type, [Count], [1], [1]); break;
                case "Or": NumericBinary.Or(w, left, right, to, type, [Count], [1], [1]); break;
                case "Xor": NumericBinary.Xor(w, left, right, to, type, [Count], [1], [1]); break;
                case "ShiftLeft": NumericBinary.ShiftLeft(w, left, right, to, type, [Count], [1], [1]); break;
                default: NumericBinary.ShiftRight(w, left, right, to, type, [Count], [1], [1]); break;
            }
        }
    }

    // On a grid of eighths, where all arithmetic is exact: the oracle computes in double precision.
    private static KernelCase Boxes(int batches, int classes, int count, int most, bool centered, float? least, int seed)
    {
        const float Overlap = 0.25f;
        var data = new CaseData(seed);
        float[] boxes = Random(data, batches * count * 4, (r, i) => r.Next(centered && i % 4 > 1 ? 1 : 0, 24) / 8f);
        float[] scores = Random(data, batches * classes * count, (r, _) => r.Next(20) == 0 ? float.NaN : r.Next(12) / 8f);
        int at = Put(data, boxes), scoresAt = Put(data, scores), heap = data.ReserveWide(count * sizeof(int));
        int to = data.ReserveWide(batches * classes * most * 3 * sizeof(long)), length = data.ReserveWide(sizeof(long));
        return Case(data, "Float32BoxSuppression.Run",
            $"{most} of {count} boxes of {classes} classes, {(centered ? "centres" : "corners")}{(least is null ? "" : ", bounded")}",
            w => Float32BoxSuppression.Run(w, at, scoresAt, heap, to, length, batches, classes, count, most, Overlap,
                least is null ? 0 : 1, least ?? 0, centered ? 1 : 0),
            arena =>
            {
                var rows = new List<long>();
                for (int c = 0; c < batches * classes; c++)
                {
                    var chosen = new List<int>();
                    foreach (int i in Enumerable.Range(0, count).Where(i => scores[(c * count) + i] is var s
                        && (least is { } bound ? s > bound : !float.IsNaN(s))).OrderByDescending(i => scores[(c * count) + i]))
                        if (chosen.Count < most && chosen.TrueForAll(o => Share(c / classes, i, o) <= Overlap))
                            chosen.Add(i);
                    foreach (int i in chosen)
                        rows.AddRange([c / classes, c % classes, i]);
                }
                for (int i = 0; i < batches * classes * most * 3; i++)
                    Write(arena, to + (i * sizeof(long)), i < rows.Count ? rows[i] : 0L);
                Write(arena, length, (long)rows.Count / 3);
            }, scratch: (heap, count * sizeof(int)));

        double Share(int batch, int a, int b)
        {
            (double l, double t, double r, double bottom) = Edges((batch * count) + a);
            (double l2, double t2, double r2, double bottom2) = Edges((batch * count) + b);
            double width = Math.Min(r, r2) - Math.Max(l, l2), height = Math.Min(bottom, bottom2) - Math.Max(t, t2);
            double common = width > 0 && height > 0 ? width * height : 0;
            return common == 0 ? 0 : common / (((r - l) * (bottom - t)) + ((r2 - l2) * (bottom2 - t2)) - common);
        }

        (double Left, double Top, double Right, double Bottom) Edges(int box)
        {
            double[] b = [.. boxes.Skip(box * 4).Take(4).Select(v => (double)v)];
            return centered
                ? (b[0] - (b[2] / 2), b[1] - (b[3] / 2), b[0] + (b[2] / 2), b[1] + (b[3] / 2))
                : (Math.Min(b[1], b[3]), Math.Min(b[0], b[2]), Math.Max(b[1], b[3]), Math.Max(b[0], b[2]));
        }
    }

    // Whole numbers at places in sixteenths of pixels: exact in float32, so that the oracle may compute in another way.
    private static KernelCase Grid(int taps, int padding, bool alignCorners, int seed)
    {
        const int Channels = 2, Height = 4, Width = 8, Points = 40;
        var data = new CaseData(seed);
        float[] maps = Random(data, Channels * Height * Width, (r, _) => (float)r.Next(-9, 9));
        // With corners aligned the extents less one scale the places: 3 and 7 keep sixteenths exact.
        float[] grid = Random(data, Points * 2, (r, _) => r.Next(-28, 29) / 16f);
        int at = Put(data, maps), places = Put(data, grid), to = data.ReserveWide(Channels * Points * sizeof(float));
        return Case(data, "Float32GridSample.Run", $"{taps} taps, padding {padding}, {(alignCorners ? "corners" : "edges")} aligned",
            w => Float32GridSample.Run(w, at, places, to, 1, Channels, Points, taps, padding, alignCorners ? 1 : 0, [Height, Width]),
            arena =>
            {
                for (int c = 0; c < Channels; c++)
                    for (int p = 0; p < Points; p++)
                        Write(arena, to + (((c * Points) + p) * sizeof(float)),
                            (float)Read(c, Place(grid[(p * 2) + 1], Height), Place(grid[p * 2], Width)));
            });

        double Place(double g, int size) => alignCorners ? (g + 1) / 2 * (size - 1) : (((g + 1) * size) - 1) / 2;

        double Read(int channel, double y, double x)
        {
            if (taps == 1)
                return Pixel(channel, Within(Math.Round(y), Height), Within(Math.Round(x), Width));
            (y, x) = (Within(y, Height), Within(x, Width));
            (double top, double left) = (Math.Floor(y), Math.Floor(x));
            (double down, double right) = (y - top, x - left);
            return (Pixel(channel, top, left) * (1 - down) * (1 - right)) + (Pixel(channel, top, left + 1) * (1 - down) * right)
                + (Pixel(channel, top + 1, left) * down * (1 - right)) + (Pixel(channel, top + 1, left + 1) * down * right);
        }

        double Pixel(int channel, double y, double x)
        {
            (int row, int column) = ((int)Within(y, Height), (int)Within(x, Width));
            if (padding == 2)
                (row, column) = (Math.Clamp(row, 0, Height - 1), Math.Clamp(column, 0, Width - 1));
            return row < 0 || row >= Height || column < 0 || column >= Width ? 0
                : maps[(((channel * Height) + row) * Width) + column];
        }

        // Mirrored at the middles or the edges of the outermost pixels, as often as needed.
        double Within(double place, int size)
        {
            (double least, double greatest) = alignCorners ? (0, size - 1.0) : (-0.5, size - 0.5);
            if (padding == 1)
                return Math.Clamp(place, 0, size - 1);
            while (padding == 2 && (place < least || place > greatest))
                place = place < least ? (2 * least) - place : (2 * greatest) - place;
            return place;
        }
    }

    private static KernelCase Case(
        CaseData data, string kernel, string name, Action<Workspace> run, Action<byte[]> oracle, (int At, int Bytes)? scratch = null) =>
            new()
        {
            Kernel = kernel,
            Name = name,
            Arena = data.Arena,
            Weights = data.Weights,
            Run = scratch is not { } memory ? w => run(w)
                : w =>
                {
                    run(w);
                    // What is left in scratch memory is nobody's business.
                    Unsafe.InitBlockUnaligned(ref w.Arena(memory.At), 0, (uint)memory.Bytes);
                },
            Oracle = arena =>
            {
                oracle(arena);
                if (scratch is { } cleared)
                    arena.AsSpan(cleared.At, cleared.Bytes).Clear();
            },
        };

    private static T[] Random<T>(CaseData data, int count, Func<Random, int, T> value) =>
        [.. Enumerable.Range(0, count).Select(i => value(data.Random, i))];

    private static T[] Integers<T>(CaseData data, int count)
        where T : unmanaged, IBinaryInteger<T> =>
            Random(data, count, (r, _) => T.CreateTruncating(r.NextInt64(long.MinValue, long.MaxValue)));

    private static int Put<T>(CaseData data, T[] values)
        where T : unmanaged
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(values.AsSpan());
        int at = data.ReserveWide(bytes.Length);
        for (int i = 0; i < bytes.Length; i++)
            data.Put(at + i, bytes[i]);
        return at;
    }

    private static void Write<T>(byte[] arena, int at, T value)
        where T : unmanaged => MemoryMarshal.Write(arena.AsSpan(at), value);
}
