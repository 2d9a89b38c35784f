using System.Runtime.InteropServices;
using OptimizerBuild.Kernels.Tests.Oracles;

namespace OptimizerBuild.Kernels.Tests;

/// <summary>Conversions of the formats that .NET has no type for: every code of every format, and every border between two codes.</summary>
public sealed class NarrowCastTests
{
    public static TheoryData<int> Formats => [.. NarrowOracle.All.Select(o => o.Type)];

    [Theory]
    [MemberData(nameof(Formats))]
    public void Every_code_is_the_number_that_the_format_defines(int type)
    {
        NarrowOracle oracle = Oracle(type);
        byte[] codes = Codes(oracle);
        Assert.Equal(oracle.Values, Cast<double>(codes, oracle.Values.Length, type, NumericType.Float64));
        Assert.Equal(oracle.Values.Select(v => (float)v), Cast<float>(codes, oracle.Values.Length, type, NumericType.Float32));
        Assert.Equal(oracle.Values.Select(v => (Half)v), Cast<Half>(codes, oracle.Values.Length, type, NumericType.Float16));
    }

    /// <summary>A conversion to a wider type and back gives the same code; NaNs stay NaNs of the same sign where there are two.</summary>
    [Theory]
    [MemberData(nameof(Formats))]
    public void Every_code_survives_the_way_through_wider_types(int type)
    {
        NarrowOracle oracle = Oracle(type);
        byte[] codes = Codes(oracle);
        int count = oracle.Values.Length;
        foreach (int wide in (int[])[NumericType.Float32, NumericType.Float64])
        {
            byte[] there = Convert(codes, count, type, wide);
            // Without saturation, so that infinities stay.
            int[] back = Read(Convert(there, count, wide, type, saturate: 0), oracle.Width);
            for (int code = 0; code < count; code++)
            {
                if (double.IsNaN(oracle.Values[code]))
                    Assert.True(double.IsNaN(oracle.Values[back[code]])
                        && (back[code] >> (oracle.Width - 1)) == (code >> (oracle.Width - 1)));
                else
                    Assert.Equal(code, back[code]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Numbers_go_to_the_nearest_code_and_ties_to_the_even_one(int type)
    {
        NarrowOracle oracle = Oracle(type);
        double[] values = [.. oracle.Borders().SelectMany(v => (double[])[v, -v]), double.NaN, -double.NaN, 0.0, -0.0];
        foreach (int saturate in (int[])[0, 1])
        {
            AssertEncodes(oracle, values, values, NumericType.Float64, saturate);
            float[] singles = [.. values.Select(v => (float)v)];
            AssertEncodes(oracle, singles, [.. singles.Select(v => (double)v)], NumericType.Float32, saturate);
            Half[] halves = [.. values.Select(v => (Half)v)];
            AssertEncodes(oracle, halves, [.. halves.Select(v => (double)v)], NumericType.Float16, saturate);
        }
    }

    [Fact]
    public void Every_half_goes_to_the_nearest_code()
    {
        Half[] halves = [.. Enumerable.Range(0, 65536).Select(i => BitConverter.UInt16BitsToHalf((ushort)i))];
        foreach (NarrowOracle oracle in NarrowOracle.All)
            foreach (int saturate in (int[])[0, 1])
                AssertEncodes(oracle, halves, [.. halves.Select(v => (double)v)], NumericType.Float16, saturate);
    }

    /// <summary>2^60 + 2^52 is a tie between two bfloat16 numbers; one more is not, though as a double it is the same.</summary>
    [Fact]
    public void Long_integers_are_rounded_once()
    {
        long tie = (1L << 60) + (1L << 52);
        Assert.Equal<ushort>([0x5D80, 0x5D81, 0xDD81, 0x5F00], Cast<ushort>(
            Bytes<long>([tie, tie + 1, -(tie + 1), long.MaxValue]), 4, NumericType.Int64, NumericType.BFloat16));
        Assert.Equal<ushort>([0x5F80], Cast<ushort>(Bytes<ulong>([ulong.MaxValue]), 1, NumericType.UInt64, NumericType.BFloat16));
        Assert.Equal<byte>([0x7E, 0xFE, 0x38, 0], Cast<byte>(
            Bytes([long.MaxValue, long.MinValue, 1L, 0L]), 4, NumericType.Int64, NumericType.Float8E4M3FN));
        Assert.Equal<byte>([0x38, 0], Cast<byte>([1, 0], 2, NumericType.Bool, NumericType.Float8E4M3FN));
    }

    [Fact]
    public void Powers_of_two_round_as_asked()
    {
        float[] values = [0f, 0.124f, 0.125f, 1.1f, 1.5f, 2f, 3.3e38f, float.PositiveInfinity, float.NaN, -1f, 1e-45f];
        Assert.Equal<byte>([0, 124, 124, 128, 128, 128, 254, 254, 255, 255, 0], Powers(values, 1, NarrowFormat.RoundUp));
        Assert.Equal<byte>([0, 123, 124, 127, 127, 128, 254, 254, 255, 255, 0], Powers(values, 1, NarrowFormat.RoundDown));
        Assert.Equal<byte>([0, 124, 124, 127, 128, 128, 254, 254, 255, 255, 0], Powers(values, 1, NarrowFormat.RoundNearest));
        Assert.Equal<byte>([255, 124, 124, 127, 128, 128, 255, 255, 255, 255, 255], Powers(values, 0, NarrowFormat.RoundNearest));

        byte[] codes = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];
        double[] decoded = Cast<double>(codes, 256, NumericType.Float8E8M0, NumericType.Float64);
        Assert.Equal([.. Enumerable.Range(0, 255).Select(i => Math.Pow(2, i - 127)), double.NaN], decoded);
        foreach (int rounding in (int[])[NarrowFormat.RoundUp, NarrowFormat.RoundDown, NarrowFormat.RoundNearest])
            Assert.Equal(codes, Convert(Bytes(decoded), 256, NumericType.Float64, NumericType.Float8E8M0, 0, rounding));
        static byte[] Powers(float[] values, int saturate, int rounding) =>
            Convert(Bytes(values), values.Length, NumericType.Float32, NumericType.Float8E8M0, saturate, rounding);
    }

    [Theory]
    [InlineData(NumericType.UInt4, 4, false)]
    [InlineData(NumericType.Int4, 4, true)]
    [InlineData(NumericType.UInt2, 2, false)]
    [InlineData(NumericType.Int2, 2, true)]
    public void Small_integers_take_the_lowest_bits(int type, int bits, bool signed)
    {
        int[] values = [.. Enumerable.Range(-40, 81), int.MaxValue, int.MinValue];
        long Expected(long v)
        {
            long low = v & ((1 << bits) - 1);
            return signed && low >= 1 << (bits - 1) ? low - (1 << bits) : low;
        }
        Assert.Equal(values.Select(v => Expected(v)), Widened(Convert(Bytes(values), values.Length, NumericType.Int32, type), signed));
        double[] reals = [.. values.SelectMany(v => (double[])[v - 0.5, v, v + 0.25])];
        Assert.Equal(
            reals.Select(v => Expected((long)Math.Round(v, MidpointRounding.ToEven))),
            Widened(Convert(Bytes(reals), reals.Length, NumericType.Float64, type), signed));
        Assert.Equal([0, 0, 0], Widened(
            Convert(Bytes<float>([float.NaN, float.PositiveInfinity, float.NegativeInfinity]), 3, NumericType.Float32, type), signed));

        // All bytes: only the lowest bits of an element count.
        byte[] all = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];
        Assert.Equal(all.Select(b => Expected(b)), Cast<long>(all, 256, type, NumericType.Int64));
        Assert.Equal(all.Select(b => (float)Expected(b)), Cast<float>(all, 256, type, NumericType.Float32));
        Assert.Equal(all.Select(b => unchecked((byte)Expected(b))), Convert(all, 256, type, NumericType.UInt8));
        Assert.Equal(all.Select(b => Expected(b) != 0), Cast<bool>(all, 256, type, NumericType.Bool));
        Assert.Equal(all.Select(b => Expected(b)), Widened(Convert(all, 256, type, type), signed));
    }

    [Fact]
    public void Wide_integers_are_truncated_and_saturate()
    {
        ushort[] values = Cast<ushort>(
            Bytes<float>([3.9f, -3.9f, 1e30f, -1e30f, float.NaN, 300f, float.PositiveInfinity]), 7, NumericType.Float32,
                NumericType.BFloat16);
        byte[] bytes = Bytes(values);
        Assert.Equal<byte>([3, 0, 255, 0, 0, 255, 255], Convert(bytes, 7, NumericType.BFloat16, NumericType.UInt8));
        Assert.Equal<sbyte>([3, -3, 127, -128, 0, 127, 127], Cast<sbyte>(bytes, 7, NumericType.BFloat16, NumericType.Int8));
        Assert.Equal<short>([3, -3, 32767, -32768, 0, 300, 32767], Cast<short>(bytes, 7, NumericType.BFloat16, NumericType.Int16));
        Assert.Equal<ushort>([3, 0, 65535, 0, 0, 300, 65535], Cast<ushort>(bytes, 7, NumericType.BFloat16, NumericType.UInt16));
        Assert.Equal([3, -3, int.MaxValue, int.MinValue, 0, 300, int.MaxValue],
            Cast<int>(bytes, 7, NumericType.BFloat16, NumericType.Int32));
        Assert.Equal([3u, 0, uint.MaxValue, 0, 0, 300, uint.MaxValue], Cast<uint>(bytes, 7, NumericType.BFloat16, NumericType.UInt32));
        Assert.Equal([3, -3, long.MaxValue, long.MinValue, 0, 300, long.MaxValue],
            Cast<long>(bytes, 7, NumericType.BFloat16, NumericType.Int64));
        Assert.Equal([3, 0, ulong.MaxValue, 0, 0, 300, ulong.MaxValue], Cast<ulong>(bytes, 7, NumericType.BFloat16, NumericType.UInt64));
        Assert.Equal([true, true, true, true, true, true, true], Cast<bool>(bytes, 7, NumericType.BFloat16, NumericType.Bool));
    }

    /// <summary>Between two narrow formats the number is that of the way through double.</summary>
    [Fact]
    public void Narrow_formats_convert_into_each_other()
    {
        foreach (NarrowOracle from in NarrowOracle.All)
            foreach (NarrowOracle to in NarrowOracle.All)
            {
                int[] codes = Read(Convert(Codes(from), from.Values.Length, from.Type, to.Type), to.Width);
                for (int i = 0; i < codes.Length; i++)
                    AssertCode(to, to.Encode(from.Values[i], saturate: true), codes[i], from.Values[i]);
            }
    }

    private static NarrowOracle Oracle(int type) => NarrowOracle.All.Single(o => o.Type == type);

    private static byte[] Codes(NarrowOracle oracle) => oracle.Width == 16
        ? Bytes<ushort>([.. Enumerable.Range(0, 65536).Select(i => (ushort)i)])
        : [.. Enumerable.Range(0, oracle.Values.Length).Select(i => (byte)i)];

    private static int[] Read(byte[] codes, int width) => width == 16
        ? [.. MemoryMarshal.Cast<byte, ushort>(codes).ToArray().Select(c => (int)c)]
        : [.. codes.Select(c => (int)c)];

    private static IEnumerable<long> Widened(byte[] elements, bool signed) =>
        elements.Select(e => signed ? unchecked((sbyte)e) : (long)e);

    private static void AssertEncodes<T>(NarrowOracle oracle, T[] values, double[] exact, int from, int saturate)
        where T : unmanaged
    {
        int[] codes = Read(Convert(Bytes(values), values.Length, from, oracle.Type, saturate), oracle.Width);
        for (int i = 0; i < values.Length; i++)
            AssertCode(oracle, oracle.Encode(exact[i], saturate != 0), codes[i], exact[i]);
    }

    private static void AssertCode(NarrowOracle oracle, int expected, int actual, double value) => Assert.True(
        expected < 0 ? double.IsNaN(oracle.Values[actual]) : expected == actual,
        $"format {oracle.Type}: {value:R} became {actual:X} instead of {expected:X}");

    private static byte[] Bytes<T>(T[] values)
        where T : unmanaged => MemoryMarshal.AsBytes<T>(values).ToArray();

    private static T[] Cast<T>(byte[] elements, int count, int from, int to)
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(Convert(elements, count, from, to)).ToArray();

    // Through the kernel, with guard bytes behind the output.
    private static byte[] Convert(byte[] elements, int count, int from, int to, int saturate = 1, int rounding = NarrowFormat.RoundUp)
    {
        int size = to switch
        {
            NumericType.Float64 or NumericType.Int64 or NumericType.UInt64 => 8,
            NumericType.Float32 or NumericType.Int32 or NumericType.UInt32 => 4,
            NumericType.Float16 or NumericType.BFloat16 or NumericType.Int16 or NumericType.UInt16 => 2,
            _ => 1,
        };
        var w = new Workspace(PackedWeights.Of(elements), (count * size) + 16);
        w.ArenaSpan<byte>(0, w.ArenaBytes).Fill(0xA5);
        NarrowCast.Run(w, ~0, 0, count, from, to, saturate, rounding);
        Assert.False(w.ArenaSpan<byte>(count * size, 16).ContainsAnyExcept((byte)0xA5));
        return w.ArenaSpan<byte>(0, count * size).ToArray();
    }
}
