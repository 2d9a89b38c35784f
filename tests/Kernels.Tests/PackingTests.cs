using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using FsCheck;
using FsCheck.Fluent;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Kernels.Tests;

/// <summary>Packing keeps every weight: unpacking gives back what was packed, and everything else is zero.</summary>
public sealed class PackingTests
{
    // So many numbers as the sizes ask for are taken from them, over and over: a prime, so that no size divides it.
    private static readonly Gen<int[]> Numbers = Gen.Choose(-127, 127).ArrayOf(251);

    [Fact]
    public void Unpacking_panels_inverts_packing() => Check([(1, 69), (1, 5), (1, 29)], (sizes, take) =>
    {
        (int outputs, int segments, int length) = (sizes[0], sizes[1], sizes[2]);
        sbyte[] weights = take(outputs * segments * length);
        var packed = new byte[Int8Packing.PackedBytes(outputs, segments, length)];
        packed.AsSpan().Fill(0xCC);
        Int8Packing.Pack(weights, outputs, segments, length, packed);
        var back = new sbyte[weights.Length];
        Int8Packing.Unpack(packed, outputs, segments, length, back);
        AssertKept(weights, packed, back);
    });

    [Fact]
    public void Unpacking_convolutions_inverts_packing() =>
        Check([(1, 3), (1, 19), (1, 8), (1, 3), (1, 4), (0, 1), (1, 2)], (sizes, take) =>
        {
            (int groups, int outputs, int inputs, int height, int width) = (sizes[0], sizes[1], sizes[2], sizes[3], sizes[4]);
            int pixelStride = (groups * inputs) + (sizes[5] * 3);
            int dilation = sizes[6];
            sbyte[] weights = take(groups * outputs * inputs * height * width);
            var packed = new byte[Int8Packing.ConvolutionBytes(groups, outputs, inputs, height, width, pixelStride, dilation)];
            Int8Packing.PackConvolution(weights, groups, outputs, inputs, height, width, pixelStride, dilation, packed);
            var back = new sbyte[weights.Length];
            Int8Packing.UnpackConvolution(packed, groups, outputs, inputs, height, width, pixelStride, dilation, back);
            AssertKept(weights, packed, back);
        });

    [Fact]
    public void Unpacking_depthwise_weights_inverts_packing() => Check([(1, 69), (1, 7), (1, 7)], (sizes, take) =>
    {
        (int channels, int height, int width) = (sizes[0], sizes[1], sizes[2]);
        sbyte[] weights = take(channels * height * width);
        var packed = new byte[Int8Packing.DepthwiseBytes(channels, height, width)];
        packed.AsSpan().Fill(0xCC);
        Int8Packing.PackDepthwise(weights, channels, height, width, packed);
        var back = new sbyte[weights.Length];
        Int8Packing.UnpackDepthwise(packed, channels, height, width, back);
        AssertKept(weights, packed, back);
    });

    [Theory]
    [InlineData(1, 8)]
    [InlineData(8, 8)]
    [InlineData(9, 16)]
    [InlineData(16, 16)]
    [InlineData(17, 24)]
    [InlineData(25, 32)]
    public void Last_panel_is_eight_wide_when_at_most_eight_remain(int outputs, int padded) =>
        Assert.Equal(padded, Int8Packing.PaddedOutputs(outputs));

    [Fact]
    public void Panels_are_output_major_with_four_inputs_side_by_side()
    {
        // 17 outputs of 5 inputs: a panel of 16, then one of 8; two groups of four inputs each.
        sbyte[] weights = [.. Enumerable.Range(0, 17 * 5).Select(i => (sbyte)((i % 100) + 1))];
        var packed = new byte[Int8Packing.PackedBytes(17, 1, 5)];
        Int8Packing.Pack(weights, 17, 1, 5, packed);
        Assert.Equal(24 * 8, packed.Length);
        Assert.Equal(weights[0..4].Select(v => (byte)v), packed[0..4]);
        Assert.Equal(weights[5..9].Select(v => (byte)v), packed[4..8]);
        Assert.Equal([(byte)weights[4], 0, 0, 0], packed[64..68]);
        Assert.Equal(weights[80..84].Select(v => (byte)v), packed[128..132]);
        Assert.Equal([(byte)weights[84], 0, 0, 0], packed[160..164]);
    }

    // A property of sizes between bounds and of weights.
    private static void Check(
        (int Least, int Most)[] bounds, Action<ImmutableArray<int>, Func<int, sbyte[]>> property, [CallerMemberName] string test = "")
    {
        Gen<ImmutableArray<int>> sizes = Gen.CollectToArray(bounds, b => Gen.Choose(b.Least, b.Most)).Select(a => a.ToImmutableArray());
        Arbitrary<(ImmutableArray<int> Sizes, ImmutableArray<int> Numbers)> inputs = Arb.From(
            from s in sizes
            from n in Numbers
            select (s, n.ToImmutableArray()),
            large =>
            [
                .. large.Item1.SelectMany((size, i) => Shrinking.Number(size, bounds[i].Least).Select(s =>
                    (large.Item1.SetItem(i, s), large.Item2))),
                .. Shrinking.List(large.Item2, 1, n => Shrinking.Number(n)).Select(n => (large.Item1, n)),
            ]);
        PropertyCheck.Holds(inputs, drawn => property(drawn.Sizes, count =>
            [.. Enumerable.Range(0, count).Select(i => (sbyte)drawn.Numbers[i % drawn.Numbers.Length])]), 100, test: test);
    }

    private static void AssertKept(sbyte[] weights, byte[] packed, sbyte[] back)
    {
        Assert.Equal(weights, back);
        Assert.Equal(weights.Sum(v => (long)v * v), packed.Sum(v => (long)(sbyte)v * (sbyte)v));
    }
}
