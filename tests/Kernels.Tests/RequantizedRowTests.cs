using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace OptimizerBuild.Kernels.Tests;

/// <summary>
/// Requantisation by upper halves is the same as requantisation in 64 bits, for every shift it takes and sums of every size, on vectors
/// of every width (those the machine lacks go through narrower ones) and in blocks.
/// </summary>
public sealed class RequantizedRowTests
{
    [Theory]
    [InlineData(0, 0, 255)]
    [InlineData(3, 3, 255)]
    [InlineData(128, 0, 255)]
    [InlineData(255, 17, 201)]
    public void Upper_halves_round_and_saturate_like_64_bits(int zeroPoint, int minimum, int maximum)
    {
        var random = new Random(zeroPoint);
        int taken = 0;
        for (int shift = 1; shift <= 62; shift++)
        {
            for (int round = 0; round < 200; round++)
            {
                var multipliers = new int[16];
                var sums = new int[16];
                for (int i = 0; i < 16; i++)
                {
                    multipliers[i] = round % 3 == 0 ? random.Next(1 << 30, int.MaxValue)
                        : random.Next(4) == 0 ? 0
                        : random.Next(1 << 11, int.MaxValue);
                    sums[i] = Sum(random, multipliers[i], shift);
                }

                Requantization requantization = ToUInt8(shift, zeroPoint, minimum, maximum, multipliers);
                if (!requantization.FitsUpperHalves)
                    continue;
                taken++;
                byte[] expected = [.. sums.Select((s, i) => (byte)requantization.Apply((long)s * multipliers[i]))];
                Check(expected, sums, multipliers, in requantization);
            }
        }

        Assert.Equal(200 * (54 - 21 + 1), taken);
    }

    [Fact]
    public void Small_multipliers_forbid_shifting_sums_left()
    {
        Assert.False(ToUInt8(30, 0, 0, 255, [1 << 30, 100]).FitsUpperHalves);
        Assert.True(ToUInt8(30, 0, 0, 255, [1 << 30, 0]).FitsUpperHalves);
        Assert.True(ToUInt8(40, 0, 0, 255, [1 << 30, 100]).FitsUpperHalves);
    }

    private static Requantization ToUInt8(int shift, int zeroPoint, int minimum, int maximum, int[] multipliers)
    {
        Requantization.ToUInt8(
            out Requantization requantization, shift, zeroPoint, minimum, maximum, ref MemoryMarshal.AsBytes(multipliers.AsSpan())[0],
            multipliers.Length);
        return requantization;
    }

    private static void Check(byte[] expected, int[] sums, int[] multipliers, in Requantization requantization)
    {
        Vector512<int> m = Vector512.Create(multipliers);
        Vector256<int> s0 = Raised(Vector256.Create(sums.AsSpan(0, 8)), in requantization);
        Vector256<int> s1 = Raised(Vector256.Create(sums.AsSpan(8, 8)), in requantization);
        Assert.Equal(expected, First(RequantizedRow.Bytes(s0, s1, m.GetLower(), m.GetUpper(), in requantization).ToVector512Unsafe(), 16));
        Assert.Equal(
            expected[..8],
            First(
                RequantizedRow.Bytes(
                    s0.GetLower(), s0.GetUpper(), m.GetLower().GetLower(), m.GetLower().GetUpper(), in requantization)
                    .ToVector256Unsafe().ToVector512Unsafe(),
                8));
        CheckBlocks(expected, sums, multipliers, in requantization);
    }

    /// <summary>Blocks of every width, of so many rows that there are some left of every group, whole and in part.</summary>
    private static void CheckBlocks(byte[] expected, int[] sums, int[] multipliers, in Requantization requantization)
    {
        const int Rows = 13;
        var left = new int[(Rows + 8) * 32];
        var factors = new int[32];
        var offsets = new int[Rows];
        var output = new byte[Rows * 40];
        foreach (int columns in (int[])[8, 16, 32])
        {
            foreach (int count in (int[])[columns, columns - 1, columns - 5])
            {
                for (int i = 0; i < columns; i++)
                    factors[i] = multipliers[i % 16];
                for (int row = 0; row < Rows; row++)
                {
                    offsets[row] = row * 40;
                    for (int i = 0; i < columns; i++)
                        left[(row * columns) + i] = sums[i % 16];
                }

                Array.Fill(output, (byte)77);
                RequantizedBlock.Run(
                    ref left[0], columns, Rows, count, ref MemoryMarshal.AsBytes(factors.AsSpan())[0], in requantization, ref output[0],
                    ref offsets[0]);
                for (int row = 0; row < Rows; row++)
                {
                    byte[] stored = output[(row * 40)..((row + 1) * 40)];
                    Assert.Equal([.. Enumerable.Range(0, count).Select(i => expected[i % 16])], stored[..count]);
                    Assert.All(stored[count..], b => Assert.Equal(77, b));
                }
            }
        }
    }

    private static Vector256<int> Raised(Vector256<int> sums, in Requantization requantization) =>
        requantization.LeftShift > 0 ? RequantizedRow.Raise(sums, in requantization) : sums;

    private static byte[] First(Vector512<int> bytes, int count) => [.. Enumerable.Range(0, count).Select(i => bytes.AsByte()[i])];

    /// <summary>Any sum, the greatest ones, or one whose output lies near a rounding boundary between 0 and 255.</summary>
    private static int Sum(Random random, int multiplier, int shift) => random.Next(4) switch
    {
        0 => random.Next(int.MinValue, int.MaxValue),
        1 => random.Next(2) == 0 ? int.MaxValue - random.Next(3) : int.MinValue + 1 + random.Next(3),
        _ => (int)Math.Clamp(
            ((random.Next(-300, 300) + 0.5) * Math.Pow(2, shift) / Math.Max(multiplier, 1)) + random.Next(-1, 2),
            int.MinValue + 1.0, int.MaxValue),
    };
}
