using System.Runtime.InteropServices;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Kernels;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Lowering.Coding;

/// <summary>Coded weights: what is decoded is what was coded, codes are as short as they can be, and hostile ones do no harm.</summary>
public sealed class WeightCoderTests
{
    public static TheoryData<string> Codes => [.. WeightCode.All.Select(c => c.Name)];

    /// <summary>Contents of sections, by name: bytes with the size of an element.</summary>
    private static IEnumerable<(string Name, byte[] Bytes, int Element)> Contents()
    {
        var random = new Random(5);
        double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        byte[] Bytes(int count, Func<byte> next) => [.. Enumerable.Range(0, count).Select(_ => next())];
        byte[] Floats(int count, Func<float> next) =>
            MemoryMarshal.AsBytes<float>([.. Enumerable.Range(0, count).Select(_ => next())]).ToArray();

        yield return ("one", [7], 1);
        yield return ("equal", Bytes(100, () => 9), 1);
        yield return ("two", Bytes(1003, () => (byte)(random.Next(2) * 200)), 1);
        yield return ("three skewed", Bytes(777, () => (byte)(random.Next(20) == 0 ? 1 : random.Next(9) == 0 ? 255 : 0)), 1);
        yield return ("ternary", Bytes(9998, () => (byte)(sbyte)(random.Next(3) - 1)), 1);
        foreach (int panels in (int[])[40, 3])
            yield return ("binary", [.. Enumerable.Range(0, panels).SelectMany(_ =>
                Bytes(193, () => (byte)((random.Next(2) * 254) + 1)).Concat(new byte[3]))], 1);
        yield return ("weights", Bytes(20_001, () => (byte)(sbyte)Math.Clamp(Math.Round(30 * Normal()), -127, 127)), 1);
        yield return ("nibbles", Bytes(30_000, () => (byte)(sbyte)Math.Clamp(Math.Round(2.5 * Normal()), -7, 7)), 1);
        yield return ("sparse", Bytes(40_000, () => random.Next(10) > 0 ? (byte)0 : (byte)random.Next(256)), 1);
        yield return ("very sparse", Bytes(40_000, () => random.Next(1000) > 0 ? (byte)0 : (byte)random.Next(256)), 1);
        yield return ("noise", Bytes(5000, () => (byte)random.Next(256)), 1);
        yield return ("floats", Floats(5000, () => (float)(0.05 * Normal())), 4);
        yield return ("shared floats", Floats(9001, () => (random.Next(16) - 8) / 10f), 4);
        yield return ("sparse floats", Floats(9000, () => random.Next(8) > 0 ? 0 : (float)Normal()), 4);
        yield return ("one float", Floats(3, () => 0.5f), 4);
        yield return ("integers", Floats(300, () => BitConverter.Int32BitsToSingle(random.Next(-3000, 3000))), 4);
        yield return ("halves", Bytes(64, () => (byte)random.Next(3)), 2);
        // Two weights to a byte, each plus 8.
        int Four() => (int)Math.Clamp(Math.Round(2.5 * Normal()), -7, 7) + 8;
        yield return ("four bits", Bytes(9000, () => (byte)(Four() | (Four() << 4))), 0);
        yield return ("equal four bits", Bytes(2500, () => 0x88), 0);
        yield return ("two of four bits", Bytes(33, () => (byte)(7 + (2 * random.Next(2)) + ((7 + (2 * random.Next(2))) << 4))), 0);
        foreach (int range in (int[])[256, 15])
            yield return ("two of four", [.. Enumerable.Range(0, 2003).SelectMany(_ =>
            {
                var quad = new byte[4];
                int first = random.Next(4);
                quad[first] = (byte)random.Next(1, range);
                quad[(first + random.Next(1, 4)) % 4] = (byte)random.Next(1, range);
                return quad;
            })], 1);
    }

    [Fact]
    public void WhatIsCodedIsDecoded()
    {
        var used = new HashSet<string>();
        foreach (WeightCoding coding in Enum.GetValues<WeightCoding>())
        {
            var all = new WeightsBlob();
            foreach ((string name, byte[] bytes, int element) in Contents())
            {
                all.Add<byte>(bytes, element);
                var blob = new WeightsBlob();
                blob.Add<byte>([1, 2, 3], 1);
                blob.Add<byte>(bytes, element);
                blob.Add<byte>([4], 1);
                StoredWeights stored = WeightCoder.Code(blob, coding);
                Assert.True(stored.Bytes.Length <= stored.MemoryBytes, name);
                Assert.True(Expand(stored).AsSpan().SequenceEqual(blob.ToArray()), $"{name} under {coding}");
                used.UnionWith(stored.Sections.Values.SelectMany(s => s.Code.Split('+')));
            }
            StoredWeights together = WeightCoder.Code(all, coding);
            Assert.Equal(all.ToArray(), Expand(together));
            Assert.Equal(coding == WeightCoding.None, !together.IsCoded);
            Assert.Equal(together.Bytes, WeightCoder.Code(all, coding).Bytes);
        }
        Assert.Equal(WeightCode.All.Select(c => c.Name).Order(), used.Order());
    }

    /// <summary>Halves of other statistics have codes of their own, alike ones have one, and all comes back.</summary>
    [Fact]
    public void SectionsAreDividedWhereTheirPartsDiffer()
    {
        var random = new Random(8);
        byte[] Part(int count, double scale) => [.. Enumerable.Range(0, count).Select(_ =>
            (byte)(sbyte)Math.Clamp(Math.Round(scale * (Enumerable.Range(0, 12).Sum(_ => random.NextDouble()) - 6)), -127, 127))];
        foreach ((byte[] bytes, int parts) in ((byte[], int)[])
            [(Part(40_000, 20), 1), ([.. Part(20_000, 4), .. Part(20_000, 40)], 2), ([.. Part(10_000, 4), .. Part(30_000, 40)], 3),
                ([.. Part(5_000, 4), .. Part(2_000, 40)], 1)])
        {
            var blob = new WeightsBlob();
            blob.Add<byte>(bytes);
            StoredWeights stored = WeightCoder.Code(blob, WeightCoding.Entropy);
            Assert.Equal(parts, stored.Expansion.Sum(c =>
                c.Arguments.OfType<PlanArgument.Integers>().Single().Values.Count / CodedWeights.Fields));
            Assert.Equal(blob.ToArray(), Expand(stored));
            Assert.Equal(stored.Bytes.Length, stored.Sections.Values.Single().Bytes);
        }
    }

    /// <summary>A code is compiled by each process that starts: one that saves next to nothing is not there.</summary>
    [Fact]
    public void CodesThatSaveNextToNothingAreNotUsed()
    {
        byte[] weights = Contents().Single(c => c.Name == "weights").Bytes, sparse = Contents().Single(c => c.Name == "very sparse").Bytes;
        byte[] large = [.. Enumerable.Repeat(weights, 10).SelectMany(w => w)];
        string code = Assert.Single(Codes(large, sparse[..1000]).Except(["plain"]));
        Assert.Contains(code, (string[])["huffman", "rans"]);
        byte[] pairs = Contents().First(c => c.Name == "two of four").Bytes;
        Assert.Contains("2:4", Codes(large, [.. Enumerable.Repeat(pairs, 20).SelectMany(w => w)]));

        static IEnumerable<string> Codes(params byte[][] sections)
        {
            var all = new WeightsBlob();
            long alone = 0;
            foreach (byte[] section in sections)
            {
                all.Add<byte>(section);
                var blob = new WeightsBlob();
                blob.Add<byte>(section);
                alone += WeightCoder.Code(blob, WeightCoding.Entropy).Bytes.Length;
            }
            StoredWeights stored = WeightCoder.Code(all, WeightCoding.Entropy);
            Assert.InRange(stored.Bytes.Length, alone, (long)(alone * 1.0025));
            Assert.Equal(all.ToArray(), Expand(stored));
            return stored.Sections.Values.SelectMany(s => s.Code.Split('+')).Distinct().Order(StringComparer.Ordinal);
        }
    }

    /// <summary>What is stored beside the order-0 entropy of the bytes, tables included.</summary>
    [Theory]
    [InlineData("weights", 1.02)]
    [InlineData("nibbles", 1.02)]
    [InlineData("sparse", 1.02)]
    [InlineData("two", 1.3)]
    public void EntropyCodesTakeLittleMoreThanTheEntropy(string name, double factor)
    {
        byte[] bytes = Contents().Single(c => c.Name == name).Bytes;
        bytes = [.. Enumerable.Repeat(bytes, 200_000 / bytes.Length).SelectMany(b => b)];
        double entropy = bytes.GroupBy(b => b).Sum(g => -g.Count() * Math.Log2((double)g.Count() / bytes.Length)) / 8;
        var blob = new WeightsBlob();
        blob.Add<byte>(bytes);
        int stored = WeightCoder.Code(blob, WeightCoding.Entropy).Bytes.Length;
        Assert.InRange(stored, entropy * 0.9999, entropy * factor);
        Assert.InRange(WeightCode.All.Single(c => c.Name == "rans").Encode(new(bytes, 0, bytes.Length, 1, 1))!.Length, 0, entropy * 1.02);
    }

    /// <summary>Short sections are decoded faster as rANS, unless Huffman's code is shorter by more than a hundredth.</summary>
    [Fact]
    public void OfCodesAsShortTheFasterOneIsTaken()
    {
        byte[] weights = Contents().Single(c => c.Name == "weights").Bytes;
        WeightCode huffman = WeightCode.All.Single(c => c.Name == "huffman"), rans = WeightCode.All.Single(c => c.Name == "rans");
        byte[] few = weights[..4000];
        int ofHuffman = huffman.Encode(new(few, 0, few.Length, 1, 1))!.Length, ofRans = rans.Encode(new(few, 0, few.Length, 1, 1))!.Length;
        Assert.InRange(ofRans, ofHuffman, ofHuffman * 1.01);
        Assert.Equal("rans", CodeOf(few));

        // A half, a quarter and two eighths: Huffman's lengths are exact, and its table is shorter.
        Assert.Equal("huffman", CodeOf([.. Enumerable.Range(0, 300).Select(i => (byte)(5 + Math.Min(int.TrailingZeroCount(i + 1), 3)))]));

        static string CodeOf(byte[] bytes)
        {
            var blob = new WeightsBlob();
            blob.Add<byte>(bytes);
            return WeightCoder.Code(blob, WeightCoding.Entropy).Sections.Values.Single().Code;
        }
    }

    /// <summary>No symbol costs more than a bit beyond the entropy, and Kraft's sum is exactly 1 however skewed the counts are.</summary>
    [Fact]
    public void HuffmanLengthsFillTheCode()
    {
        var random = new Random(3);
        for (int trial = 0; trial < 200; trial++)
        {
            int[] counts = [.. Enumerable.Range(0, random.Next(2, 257)).Select(_ => 1 + (int)Math.Pow(2, random.Next(0, 20)))];
            int[] lengths = HuffmanWeightCode.Lengths(counts);
            Assert.All(lengths, l => Assert.InRange(l, 1, HuffmanCode.LongestCode));
            Assert.Equal(1 << HuffmanCode.LongestCode, lengths.Sum(l => 1 << (HuffmanCode.LongestCode - l)));
            Assert.Equal(1 << 12, RansWeightCode.Frequencies(counts, 12).Sum());
            Assert.All(RansWeightCode.Frequencies(counts, 12), f => Assert.InRange(f, 1, 1 << 12));
        }
    }

    /// <summary>
    /// Bytes of a code are changed, cut off and drawn at random: the decoder either finds it out or gives other weights, and writes nothing
    /// beside its section.
    /// </summary>
    [Theory]
    [MemberData(nameof(Codes))]
    public void HostileCodesAreFoundOutOrHarmless(string name)
    {
        WeightCode code = WeightCode.All.Single(c => c.Name == name);
        var random = new Random(17);
        int found = 0, decoded = 0;
        foreach ((_, byte[] bytes, int element) in Contents().Where(c => c.Bytes.Length < 25_000))
        {
            int width = element is 4 or 0 ? element : 1, count = width == 0 ? 2 * bytes.Length : bytes.Length / width;
            if (code.Encode(new(bytes, 0, count, width, width)) is not { } good)
                continue;
            Assert.Equal(bytes, Decode(good));
            for (int trial = 0; trial < 300; trial++)
            {
                byte[] bad = (trial % 4) switch
                {
                    0 => good[..random.Next(good.Length)],
                    1 => [.. good.Take(random.Next(40)), .. Enumerable.Range(0, random.Next(600)).Select(_ => (byte)random.Next(256))],
                    2 => [.. good, .. new byte[random.Next(1, 20)]],
                    _ => [.. good],
                };
                for (int change = trial % 4 == 3 ? random.Next(1, 8) : 0; change > 0; change--)
                    bad[random.Next(Math.Min(bad.Length, change % 2 == 0 ? 300 : bad.Length))] = (byte)random.Next(256);
                if (name == "plain")
                    continue;
                try
                {
                    Decode(bad);
                    decoded++;
                }
                catch (InvalidDataException)
                {
                    found++;
                }
            }

            byte[] Decode(byte[] source)
            {
                // What lies around the section stays as it is, and so does what lies around its code.
                byte[] around = [.. Enumerable.Repeat((byte)0xA5, 256)];
                var workspace = new Workspace(PackedWeights.Of([.. around, .. source, .. around]), bytes.Length + 512);
                Span<byte> arena = workspace.ArenaSpan<byte>(0, workspace.ArenaBytes);
                arena[..256].Fill(0x5A);
                arena[^256..].Fill(0x5A);
                try
                {
                    KernelBinder.Bind(new PlanCall(code.Kernel, "Decode", "", "", 0, new(
                        [new PlanArgument.Integers("sections", new([256, source.Length, 256, count, width, width]))])))(workspace);
                }
                finally
                {
                    arena = workspace.ArenaSpan<byte>(0, workspace.ArenaBytes);
                    Assert.False(arena[..256].ContainsAnyExcept((byte)0x5A));
                    Assert.False(arena[^256..].ContainsAnyExcept((byte)0x5A));
                }
                return arena[256..^256].ToArray();
            }
        }
        if (name != "plain")
            Assert.True(found > 300, $"{found} of {found + decoded} hostile codes found out");
    }

    /// <summary>A code that is right but for one thing: what a decoder would not notice where it only looks at what it needs.</summary>
    [Fact]
    public void CodesThatNoEncoderWritesAreFoundOut()
    {
        // Two of four, without a list: pairs of six, three quads to a byte, and two values a quad.
        Assert.Equal([1, 0, 2, 0, 0, 3, 4, 0], Decoded("2:4", 8, 8, 0, 1 + (6 * 3), 1, 2, 3, 4));
        Damaged("2:4", 8, 8, 0, 1 + (6 * 3) + 36, 1, 2, 3, 4);
        Damaged("2:4", 8, 8, 0, 216, 1, 2, 3, 4);
        Damaged("2:4", 8, 0, 0, 0, 1, 2, 3, 4);
        Damaged("2:4", 8, 9, 0, 0, 1, 2, 3, 4);
        Damaged("2:4", 6, 8, 0, 0, 1, 2, 3);
        // With a list of three values, in two bits each: the fourth number is none, a list of five has no place in two bits.
        Assert.Equal([7, 8, 0, 0, 9, 7, 0, 0], Decoded("2:4", 8, 2, 2, 0, 7, 8, 9, 0b_00_10_01_00));
        Damaged("2:4", 8, 2, 2, 0, 7, 8, 9, 0b_00_10_11_00);
        Damaged("2:4", 8, 2, 4, 0, 7, 8, 9, 10, 11, 0);

        Assert.Equal([7, 8, 9, 7, 8, 9, 8], Decoded("ternary", 7, 7, 8, 9, 0 + 3 + 18 + 0 + 81, 2 + 3));
        Damaged("ternary", 7, 7, 8, 9, 243, 0);
        Damaged("ternary", 7, 7, 8, 9, 0, 9);
        Damaged("ternary", 7, 7, 8, 9, 0);

        // Two values and a zero, twice.
        Assert.Equal([1, 255, 0, 255, 255, 0], Decoded("signs", 6, [1, 255, 1, 0, .. Run(2, 1, 2), 0b_1110]));
        Damaged("signs", 6, [1, 255, 1, 0, .. Run(2, 1, 2), 0b_11110]);
        Damaged("signs", 6, [1, 255, 1, 0, .. Run(2, 1, 2), 0, 0]);
        Damaged("signs", 6, [1, 255, 1, 0, .. Run(2, 1, 1), 0]);
        Damaged("signs", 6, [1, 255, 1, 0, .. Run(2, 1, 3), 0]);
        Damaged("signs", 6, [1, 255, 1, 0, .. Run(6, 0, 2), 0]);
        Damaged("signs", 6, [1, 255, 2, 0, .. Run(2, 1, 2), .. Run(0, 0, int.MaxValue), 0]);
        Damaged("signs", 6, [1, 255, 1, 0, .. Run(-1, 7, 1), 0]);
        Damaged("signs", 6, [1, 255, 1, 0, .. Run(int.MaxValue, int.MaxValue, 1), 0]);

        // A map of 33 bytes, 2, 4, … up to 66, in six bits each; one bit more or less than there are bytes is none.
        byte[] map = [0b01010100, .. Enumerable.Repeat((byte)0b01010101, 7), 0b00000101, .. new byte[23]];
        Assert.Equal([2, 4, 66, 6], Decoded("packed", 4, [32, .. map, 0b01_000000, 0b0000_0000, 0b000010_10]));
        Damaged("packed", 4, [33, .. map, 0b01_000000, 0b0000_0000, 0b000010_10]);
        Damaged("packed", 4, [31 + 2, .. map[..31]]);

        // Two values whose frequencies are 128 of 256: from 6 bits to 8 are four zeros and a one; then seven zeros.
        byte[] states = [.. Enumerable.Repeat((byte[])[0, 0, 1, 0], 4).SelectMany(b => b)];
        Damaged("rans", 4, [1, 5, 6, 8, 0b0001_0000, 0b0000_0000, .. states]);
        Damaged("rans", 4, [1, 5, 6, 8, 0, 0, 0, 0, 0, 0, .. states]);

        static byte[] Run(params int[] fields) => MemoryMarshal.AsBytes<int>(fields).ToArray();
        static void Damaged(string name, int count, params byte[] source) =>
            Assert.Throws<InvalidDataException>(() => Decoded(name, count, source));
        static byte[] Decoded(string name, int count, params byte[] source)
        {
            var workspace = new Workspace(PackedWeights.Of(source), count);
            KernelBinder.Bind(new PlanCall(WeightCode.All.Single(c => c.Name == name).Kernel, "Decode", "", "", 0, new(
                [new PlanArgument.Integers("sections", new([0, source.Length, 0, count, 1, 1]))])))(workspace);
            return workspace.ArenaSpan<byte>(0, count).ToArray();
        }
    }

    private static byte[] Expand(StoredWeights stored) =>
        PlanExecutor.Expand(stored.Describe("r"), stored.Bytes).Bytes.ToArray();
}
