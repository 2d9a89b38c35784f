using FsCheck.Fluent;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>Fixed-point multipliers and powers.</summary>
public class FixedPointTests
{
    [Fact]
    public void MultipliersApproximateTheirFactors() => PropertyCheck.Holds(ArbMap.Default.ArbFor<(uint, uint)>(), drawn =>
    {
        (uint a, uint b) = drawn;
        double first = (a + 1.0) / 1e6;
        double second = first * ((b % 1000) + 1) / 1000;
        FixedPointMultipliers m = FixedPointMultipliers.Of(first, second);
        Assert.InRange(m.Shift, 1, 62);
        Assert.True(m.Multipliers[0] >= 1 << 30);
        Assert.InRange(m.Multipliers[0] / Math.Pow(2, m.Shift), first * (1 - 1e-9), first * (1 + 1e-9));
        Assert.InRange(m.Multipliers[1] / Math.Pow(2, m.Shift), second - (first * 1e-9), second + (first * 1e-9));
    }, 100);

    [Theory]
    [InlineData(5, 1, 3)]
    [InlineData(-5, 1, -2)]
    [InlineData(4, 1, 2)]
    [InlineData(7, 1, 4)]
    public void HalvesGoUp(long value, int shift, long expected) =>
        Assert.Equal(expected, new FixedPointMultipliers([1], shift).Apply(value));

    [Fact]
    public void PowersAreAccurate()
    {
        FixedPointMultipliers factor = FixedPointPower.Factor(0.001);
        for (int d = 0; d < 20000; d += 7)
        {
            double exact = Math.Exp(-0.001 * d);
            Assert.InRange(FixedPointPower.Of(d, factor) / (double)FixedPointPower.One, exact - 2e-5, exact + 2e-5);
        }
    }
}
