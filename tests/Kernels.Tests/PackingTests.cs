using FsCheck;
using FsCheck.Fluent;

namespace OptimizerBuild.Kernels.Tests;

/// <summary>Packing keeps every weight: unpacking gives back what was packed, and everything else is zero.</summary>
public sealed class PackingTests
{
    private static readonly Gen<int> Seeds = Gen.Choose(0, int.MaxValue);

    [Fact]
    public void Unpacking_panels_inverts_packing() => Check(random =>
    {
        int outputs = random.Next(1, 70);
        int segments = random.Next(1, 6);
        int length = random.Next(1, 30);
        sbyte[] weights = Weights(random, outputs * segments * length);
        var packed = new byte[Int8Packing.PackedBytes(outputs, segments, length)];
        packed.AsSpan().Fill(0xCC);
        Int8Packing.Pack(weights, outputs, segments, length, packed);
        var back = new sbyte[weights.Length];
        Int8Packing.Unpack(packed, outputs, segments, length, back);
        return weights.AsSpan().SequenceEqual(back) && SameSum(weights, packed);
    });

    [Fact]
    public void Unpacking_convolutions_inverts_packing() => Check(random =>
    {
        int groups = random.Next(1, 4);
        int outputs = random.Next(1, 20);
        int inputs = random.Next(1, 9);
        int height = random.Next(1, 4);
        int width = random.Next(1, 5);
        int pixelStride = (groups * inputs) + (random.Next(2) * 3);
        int dilation = random.Next(1, 3);
        sbyte[] weights = Weights(random, groups * outputs * inputs * height * width);
        var packed = new byte[Int8Packing.ConvolutionBytes(groups, outputs, inputs, height, width, pixelStride, dilation)];
        Int8Packing.PackConvolution(weights, groups, outputs, inputs, height, width, pixelStride, dilation, packed);
        var back = new sbyte[weights.Length];
        Int8Packing.UnpackConvolution(packed, groups, outputs, inputs, height, width, pixelStride, dilation, back);
        return weights.AsSpan().SequenceEqual(back) && SameSum(weights, packed);
    });

    [Fact]
    public void Unpacking_depthwise_weights_inverts_packing() => Check(random =>
    {
        int channels = random.Next(1, 70);
        int height = random.Next(1, 8);
        int width = random.Next(1, 8);
        sbyte[] weights = Weights(random, channels * height * width);
        var packed = new byte[Int8Packing.DepthwiseBytes(channels, height, width)];
        packed.AsSpan().Fill(0xCC);
        Int8Packing.PackDepthwise(weights, channels, height, width, packed);
        var back = new sbyte[weights.Length];
        Int8Packing.UnpackDepthwise(packed, channels, height, width, back);
        return weights.AsSpan().SequenceEqual(back) && SameSum(weights, packed);
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

    private static void Check(Func<Random, bool> property) =>
        FsCheck.Fluent.Prop.ForAll(Arb.From(Seeds), seed => property(new Random(seed))).QuickCheckThrowOnFailure();

    private static sbyte[] Weights(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (sbyte)random.Next(-127, 128))];

    private static bool SameSum(sbyte[] weights, byte[] packed) =>
        weights.Sum(v => (long)v * v) == packed.Sum(v => (long)(sbyte)v * (sbyte)v);
}
