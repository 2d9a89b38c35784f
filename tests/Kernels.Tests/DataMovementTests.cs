using System.Runtime.InteropServices;

namespace OptimizerBuild.Kernels.Tests;

/// <summary>Copies, fills, selections, conversions and the generic arithmetic against plain loops.</summary>
public sealed class DataMovementTests
{
    private const int Bytes = 16384;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public void StridedCopy_moves_every_element_and_nothing_else(int size)
    {
        var random = new Random(size);
        for (int round = 0; round < 200; round++)
        {
            int rank = random.Next(0, 5);
            int[] dims = [.. Enumerable.Range(0, rank).Select(_ => random.Next(1, 6))];
            if (round % 20 == 0 && rank > 0)
                dims[0] = 0;
            if (round % 3 == 0 && rank == 2)
                dims = [random.Next(15, 40), random.Next(15, 40)];
            if (round % 3 == 0 && rank == 3)
                dims = [random.Next(15, 20), 2, random.Next(15, 20)];
            (int from, int[] fromStrides) = Layout(random, dims, size, mayRepeat: true);
            (int to, int[] toStrides) = Layout(random, dims, size, mayRepeat: false);
            to += Bytes;
            var arena = new byte[2 * Bytes];
            random.NextBytes(arena);
            byte[] expected = (byte[])arena.Clone();
            foreach (int[] index in Indices(dims))
                Array.Copy(arena, from + Dot(index, fromStrides), expected, to + Dot(index, toStrides), size);
            Workspace w = WorkspaceOf(arena);
            StridedCopy.Run(w, from, to, size, dims, fromStrides, toStrides);
            CaseAssert.Same(expected, w.ArenaSpan<byte>(0, arena.Length).ToArray(), $"[{string.Join(',', dims)}]");
        }
    }

    [Theory]
    [InlineData(1, 0x12)]
    [InlineData(2, 0x1234)]
    [InlineData(4, 0x12345678)]
    [InlineData(8, 0x123456789ABCDEF0)]
    public void Fill_writes_the_bits_of_every_element(int size, long bits)
    {
        byte[] arena = [.. Enumerable.Repeat((byte)0xEE, 256)];
        byte[] expected = (byte[])arena.Clone();
        byte[] value = BitConverter.GetBytes(bits);
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 2; j++)
                Array.Copy(value, 0, expected, 16 + (i * 40) + (j * size), size);
        Workspace w = WorkspaceOf(arena);
        Fill.Run(w, 16, size, bits, [3, 2], [40, size]);
        Assert.Equal(expected, w.ArenaSpan<byte>(0, 256).ToArray());
    }

    [Fact]
    public void Gather_wraps_or_clears_indices_outside_the_table()
    {
        var w = new Workspace(PackedWeights.Of([]), 1024);
        for (int i = 0; i < 12; i++)
            w.ArenaSpan<byte>(0, 12)[i] = (byte)(i + 1);
        w.ArenaSpan<long>(64, 6)[0] = 2;
        w.ArenaSpan<long>(64, 6)[1] = -1;
        w.ArenaSpan<long>(64, 6)[2] = -3;
        w.ArenaSpan<long>(64, 6)[3] = 3;
        w.ArenaSpan<long>(64, 6)[4] = long.MinValue;
        w.ArenaSpan<long>(64, 6)[5] = long.MaxValue;
        Gather.ByInt64(w, 0, 64, 256, 2, 3, 2, 6, 1, 0);
        Assert.Equal<byte>(
            [5, 6, 5, 6, 1, 2, 0, 0, 0, 0, 0, 0, 11, 12, 11, 12, 7, 8, 0, 0, 0, 0, 0, 0], w.ArenaSpan<byte>(256, 24).ToArray());
        Gather.ByInt64(w, 0, 64, 256, 1, 3, 2, 3, 0, 77);
        Assert.Equal<byte>([5, 6, 77, 77, 77, 77], w.ArenaSpan<byte>(256, 6).ToArray());
        w.ArenaSpan<int>(64, 2)[0] = 1;
        w.ArenaSpan<int>(64, 2)[1] = -3;
        Gather.ByInt32(w, 0, 64, 256, 1, 3, 2, 2, 1, 0);
        Assert.Equal<byte>([3, 4, 1, 2], w.ArenaSpan<byte>(256, 4).ToArray());
        w.ArenaSpan<byte>(64, 2)[0] = 255;
        w.ArenaSpan<byte>(64, 2)[1] = 2;
        Gather.ByUInt8(w, 0, 64, 256, 1, 3, 2, 2, 1, 200);
        Assert.Equal<byte>([200, 200, 5, 6], w.ArenaSpan<byte>(256, 4).ToArray());
    }

    [Fact]
    public void Real_numbers_become_integers_by_truncation_and_saturate()
    {
        Assert.Equal<byte>([0, 255, 0, 3, 0, 255, 0], Cast<float, byte>(
            [-1f, 300f, float.NaN, 3.9f, float.NegativeInfinity, float.PositiveInfinity, -0.5f], 1, 2));
        Assert.Equal([int.MaxValue, int.MinValue, 0, -3], Cast<float, int>([3e9f, -3e9f, float.NaN, -3.9f], 1, 6));
        Assert.Equal([long.MaxValue, long.MinValue, 0], Cast<double, long>([1e30, -1e30, double.NaN], 11, 7));
        Assert.Equal<sbyte>([127, -128, 1], Cast<Half, sbyte>([(Half)500, (Half)(-500), (Half)1.5], 10, 3));
        Assert.Equal([1.5f, -2f], Cast<Half, float>([(Half)1.5, (Half)(-2)], 10, 1));
        Assert.Equal([ulong.MaxValue, 0UL], Cast<float, ulong>([1e30f, -1f], 1, 13));
    }

    [Fact]
    public void Integers_become_narrower_integers_by_wrapping_around()
    {
        Assert.Equal<byte>([44, 255], Cast<int, byte>([300, -1], 6, 2));
        Assert.Equal<short>([-1, 1], Cast<long, short>([0xFFFF, 0x10001], 7, 5));
        Assert.Equal([true, false, true], Cast<int, bool>([5, 0, -1], 6, 9));
        Assert.Equal([1f, 0f], Cast<bool, float>([true, false], 9, 1));
        Assert.Equal([1UL, ulong.MaxValue], Cast<sbyte, ulong>([1, -1], 3, 13));
        Assert.Equal([1.0, 4294967295.0], Cast<uint, double>([1, uint.MaxValue], 12, 11));
    }

    [Fact]
    public void Integer_arithmetic_wraps_around_and_never_throws()
    {
        Assert.Equal([int.MinValue, 0], Numeric<int>(NumericBinary.Add, [int.MaxValue, 1], [1, -1], 6));
        Assert.Equal([int.MaxValue, 2], Numeric<int>(NumericBinary.Sub, [int.MinValue, 1], [1, -1], 6));
        Assert.Equal<byte>([0, 6], Numeric<byte>(NumericBinary.Mul, [128, 2], [2, 3], 2));
        Assert.Equal([0, int.MinValue, -3, -3], Numeric<int>(NumericBinary.Div, [5, int.MinValue, 7, -7], [0, -1, -2, 2], 6));
        Assert.Equal<sbyte>([0, -128], Numeric<sbyte>(NumericBinary.Div, [5, -128], [0, -1], 3));
        Assert.Equal([8L, 1, 0, 1, -1, 0, 0], Numeric<long>(NumericBinary.Pow, [2, 7, 2, 1, -1, 0, 3], [3, 0, -1, -5, -5, 2, -2], 7));
        Assert.Equal([2.0, double.PositiveInfinity], Numeric<double>(NumericBinary.Div, [4, 1], [2, 0], 11));
        Assert.Equal([double.NaN, 2], Numeric<double>(NumericBinary.Max, [double.NaN, 1], [1, 2], 11));
        Assert.Equal([double.NaN, 1], Numeric<double>(NumericBinary.Min, [double.NaN, 1], [1, 2], 11));
        Assert.Equal<ushort>([7, 2], Numeric<ushort>(NumericBinary.Max, [7, 1], [3, 2], 4));
    }

    [Fact]
    public void Power_has_the_special_cases_of_C()
    {
        foreach (
            double x in (double[])[0, -0.0, 1, -1, 2.5, -2.5, double.PositiveInfinity, double.NegativeInfinity, double.NaN, 1e-300, 1e300])
        {
            foreach (
                double y in (double[])[0, 1, -1, 2, 3, -3, 0.5, -0.5, 1e9, double.PositiveInfinity, double.NegativeInfinity, double.NaN])
            {
                double expected = Math.Pow(x, y);
                double actual = Power.Of(x, y);
                bool same = expected.Equals(actual) || Math.Abs(
                    expected - actual) <= Math.Abs(expected) * 1e-11 || (Math.Abs(expected) < 1e-300 && Math.Abs(actual) < 1e-300);
                Assert.True(same && double.IsNegative(
                    expected) == double.IsNegative(actual) || double.IsNaN(expected), $"{x}^{y}: {actual} instead of {expected}");
            }
        }
        var random = new Random(1);
        for (int i = 0; i < 20000; i++)
        {
            double x = Math.Exp((random.NextDouble() * 20) - 10);
            double y = (random.NextDouble() * 16) - 8;
            Assert.Equal(1, Power.Of(x, y) / Math.Pow(x, y), 1e-12);
        }
    }

    [Fact]
    public void Where_and_comparisons_broadcast()
    {
        var w = new Workspace(PackedWeights.Of([1, 0, 1]), 1024);
        for (int i = 0; i < 6; i++)
            w.ArenaSpan<int>(0, 6)[i] = i;
        w.ArenaSpan<int>(64, 1)[0] = 3;
        Where.Run(w, ~0, 0, 64, 128, 4, [2, 3], [0, 1], [3, 1], [0, 0]);
        Assert.Equal([0, 3, 2, 3, 3, 5], w.ArenaSpan<int>(128, 6).ToArray());
        Compare.Less(w, 0, 64, 128, 6, [6], [1], [0]);
        Assert.Equal<byte>([1, 1, 1, 0, 0, 0], w.ArenaSpan<byte>(128, 6).ToArray());
        Compare.Equal(w, 0, 64, 128, 6, [6], [1], [0]);
        Assert.Equal<byte>([0, 0, 0, 1, 0, 0], w.ArenaSpan<byte>(128, 6).ToArray());
        Compare.GreaterOrEqual(w, 0, 64, 128, 6, [6], [1], [0]);
        Assert.Equal<byte>([0, 0, 0, 1, 1, 1], w.ArenaSpan<byte>(128, 6).ToArray());
    }

    [Fact]
    public void Input_copies_take_any_type_and_layout()
    {
        var w = new Workspace(PackedWeights.Of([]), 256);
        InputCopy.Run<short>([1, -2, 3], w, 8, 3);
        Assert.Equal<short>([1, -2, 3], w.ArenaSpan<short>(8, 3).ToArray());
        bool[] flags = MemoryMarshal.Cast<byte, bool>([2, 0, 255]).ToArray();
        InputCopy.Run<bool>(flags, w, 8, 3);
        Assert.Equal<byte>([1, 0, 1], w.ArenaSpan<byte>(8, 3).ToArray());
        // Two channels of a row of three pixels, channels last, with a gap of one pixel behind.
        InputCopy.Permuted<float>([1, 2, 3, 4, 5, 6], w, 64, [3, 2], [1, 3], [8, 4]);
        Assert.Equal([1f, 4, 2, 5, 3, 6], w.ArenaSpan<float>(64, 6).ToArray());
    }

    [Theory]
    [InlineData(1, 1, 3)]
    [InlineData(3, 150, 3)]
    [InlineData(2, 64, 5)]
    [InlineData(2, 3, 70)]
    [InlineData(1, 130, 1)]
    public void Input_copies_bring_planes_side_by_side(int rows, int columns, int channels)
    {
        float[] planes = [.. Enumerable.Range(1, rows * columns * channels).Select(i => (float)i)];
        // One pixel of border on the right of each row.
        int row = (columns + 1) * channels;
        var w = new Workspace(PackedWeights.Of([]), rows * row * 4);
        InputCopy.Permuted<float>(
            planes, w, 0, [rows, columns, channels], [columns, 1, rows * columns], [row * 4, channels * 4, 4]);
        var expected = new float[rows * row];
        for (int y = 0; y < rows; y++)
            for (int x = 0; x < columns; x++)
                for (int c = 0; c < channels; c++)
                    expected[(y * row) + (x * channels) + c] = planes[(((c * rows) + y) * columns) + x];
        Assert.Equal(expected, w.ArenaSpan<float>(0, rows * row).ToArray());
    }

    [Fact]
    public void Classification_finds_the_greatest_score_and_its_softmax()
    {
        Assert.Equal(2, Classification.ArgMax([1f, float.NaN, 5f, 5f, -1f]));
        Assert.Equal(1, Classification.ArgMax([float.NaN, -7f]));
        Assert.Equal(0, Classification.ArgMax<float>([]));
        float[] scores = [1f, 2f, 4f];
        double sum = scores.Sum(s => Math.Exp(s));
        Assert.Equal(Math.Exp(4) / sum, Classification.Confidence(scores, 2), 1e-6);
        Assert.Equal(Math.Exp(1) / sum, Classification.Confidence(scores, 0), 1e-6);
        Assert.Equal(1f, Classification.Confidence([1000f, -1000f], 0));
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(true, 1)]
    [InlineData(false, 0)]
    [InlineData(false, 1)]
    public void Index_of_the_extremum_is_the_first_or_the_last(bool greatest, int last)
    {
        int[] x = [3, 1, 3, 1, 2, 2];
        var w = new Workspace(PackedWeights.Of(MemoryMarshal.AsBytes<int>(x)), 256);
        if (greatest)
            ArgExtremum.Max(w, ~0, 0, 6, 1, 6, 1, last);
        else
            ArgExtremum.Min(w, ~0, 0, 6, 1, 6, 1, last);
        Assert.Equal(greatest ? (last == 1 ? 2 : 0) : last == 1 ? 3 : 1, w.ArenaSpan<long>(0, 1)[0]);
    }

    private static TTo[] Cast<TFrom, TTo>(TFrom[] values, int from, int to)
        where TFrom : unmanaged
        where TTo : unmanaged
    {
        var w = new Workspace(PackedWeights.Of(MemoryMarshal.AsBytes<TFrom>(values)), 256);
        CastKernels.Run(w, ~0, 0, values.Length, from, to);
        return w.ArenaSpan<TTo>(0, values.Length).ToArray();
    }

    private delegate void BinaryKernel(
        Workspace w,
        int a,
        int b,
        int output,
        int elementType,
        ReadOnlySpan<int> dims,
        ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides);

    private static T[] Numeric<T>(BinaryKernel kernel, T[] a, T[] b, int type)
        where T : unmanaged
    {
        var w = new Workspace(PackedWeights.Of([]), 512);
        a.CopyTo(w.ArenaSpan<T>(0, a.Length));
        b.CopyTo(w.ArenaSpan<T>(128, b.Length));
        kernel(w, 0, 128, 256, type, [a.Length], [1], [1]);
        return w.ArenaSpan<T>(256, a.Length).ToArray();
    }

    private static Workspace WorkspaceOf(byte[] arena)
    {
        var w = new Workspace(PackedWeights.Of([]), arena.Length);
        arena.CopyTo(w.ArenaSpan<byte>(0, arena.Length));
        return w;
    }

    // Strides of a random order of the dimensions, with gaps, some of them backwards; elements do not overlap unless they may repeat.
    private static (int Origin, int[] Strides) Layout(Random random, int[] dims, int size, bool mayRepeat)
    {
        int[] order = [.. Enumerable.Range(0, dims.Length).OrderBy(_ => random.Next())];
        var strides = new int[dims.Length];
        int step = size;
        int origin = 0;
        foreach (int d in order)
        {
            strides[d] = mayRepeat && random.Next(8) == 0 ? 0 : step;
            step = (step * Math.Max(dims[d], 1)) + (random.Next(3) == 0 && dims.Length < 4 ? size : 0);
            if (mayRepeat && random.Next(4) == 0 && dims[d] > 0)
            {
                origin += strides[d] * (dims[d] - 1);
                strides[d] = -strides[d];
            }
        }
        Assert.True(step <= Bytes, "the layout does not fit");
        return (origin, strides);
    }

    private static IEnumerable<int[]> Indices(int[] dims)
    {
        int count = dims.Aggregate(1, (a, b) => a * b);
        for (int i = 0; i < count; i++)
        {
            var index = new int[dims.Length];
            int rest = i;
            for (int d = dims.Length - 1; d >= 0; d--)
            {
                index[d] = rest % dims[d];
                rest /= dims[d];
            }
            yield return index;
        }
    }

    private static int Dot(int[] index, int[] strides) => index.Zip(strides, (i, s) => i * s).Sum();
}
