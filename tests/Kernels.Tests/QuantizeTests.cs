using FsCheck;
using FsCheck.Fluent;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Kernels.Tests;

/// <summary>The fused step of quantisation without the instruction is the instruction.</summary>
public sealed class QuantizeTests
{
    [Fact]
    public void Fused_step_in_float64_is_rounded_once()
    {
        // Any bits, and products close to midpoints between two float32 numbers next to the zero point.
        Gen<(float, float, int)> anything =
            from a in Gen.Choose(int.MinValue, int.MaxValue)
            from b in Gen.Choose(int.MinValue, int.MaxValue)
            from z in Gen.Choose(0, 255)
            select (BitConverter.Int32BitsToSingle(a), BitConverter.Int32BitsToSingle(b), z);
        Gen<(float, float, int)> midpoints =
            from mantissa in Gen.Choose(1 << 23, (1 << 24) - 1)
            from other in Gen.Choose(1 << 23, (1 << 24) - 1)
            from exponent in Gen.Choose(-60, 0)
            from z in Gen.Choose(0, 255)
            from sign in Gen.Elements(1f, -1f)
            select (sign * MathF.ScaleB(mantissa, exponent), MathF.ScaleB(other, -24), z);
        PropertyCheck.Holds(
            Arb.From(Gen.OneOf(anything, midpoints), large => ArbMap.Default.ArbFor<(float, float)>().Shrinker((large.Item1, large.Item2))
                .Select(pair => (pair.Item1, pair.Item2, large.Item3))
                .Concat(Shrinking.Number(large.Item3).Select(z => (large.Item1, large.Item2, z)))),
            t =>
            {
                float expected = MathF.FusedMultiplyAdd(t.Item1, t.Item2, t.Item3);
                float actual = Quantize.FusedInFloat64(t.Item1, t.Item2, t.Item3);
                Assert.True(
                    BitConverter.SingleToInt32Bits(expected) == BitConverter.SingleToInt32Bits(actual)
                        || (float.IsNaN(expected) && float.IsNaN(actual)), $"{actual:R} instead of {expected:R}");
            }, 20000);
    }
}
