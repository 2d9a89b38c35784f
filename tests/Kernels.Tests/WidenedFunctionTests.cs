using System.Numerics;
using System.Runtime.Intrinsics;
using OptimizerBuild.Kernels.Tests.Cases;

namespace OptimizerBuild.Kernels.Tests;

/// <summary>
/// Functions of float32 values that are computed in double precision: the kernels on the paths of this machine against the library's
/// functions in double precision, and all vector widths against one lane.
/// </summary>
public sealed class WidenedFunctionTests
{
    private const int Count = 4096;

    private static readonly float[] Special =
    [
        0, -0f, 1, -1, 2, -2, 3, -3, 0.5f, -0.5f, 1.5f, -1.5f, 64, -64, 65, 0.99999994f, -0.99999994f, 1.0000001f, float.NaN,
        float.PositiveInfinity, float.NegativeInfinity, float.Epsilon, -float.Epsilon, float.MaxValue, float.MinValue, 16777215, 16777216,
        -16777215, 8388609, -33554432, 1.1754944e-38f, -1e-40f, 1048576, 1647099.2f, 2.1474836e9f,
    ];

    public static TheoryData<string> Functions => [.. Float32Function.All.Where(f => f.IsWidened).Select(f => f.Kernel)];

    /// <summary>A million numbers of all magnitudes, with the sign of zeros.</summary>
    [Theory]
    [MemberData(nameof(Functions))]
    public void The_error_is_within_the_documented_bound_for_all_magnitudes(string kernel)
    {
        Float32Function function = Float32Function.All.Single(f => f.Kernel == kernel);
        uint bits = 0;
        for (int block = 0; block < 256; block++)
        {
            float[] x = [.. Enumerable.Range(0, Count).Select(_ => BitConverter.UInt32BitsToSingle(bits += 4099))];
            Special.CopyTo(x, 0);
            float[] y = Run(x, x, (w, a, _, to) => function.Run(w, a, to, Count), isStarting: block % 16 == 1);
            for (int i = 0; i < Count; i++)
                AssertWithin(function.Exact(x[i]), y[i], function.Ulps, $"{kernel} of {x[i]:R}");
        }
    }

    [Fact]
    public void Powers_are_within_the_documented_bound_and_have_the_special_cases_of_C()
    {
        var random = new Random(5);
        for (int block = 0; block < 100; block++)
        {
            float[] x = [.. Enumerable.Range(0, Count).Select(_ => Number(random))];
            float[] y = [.. Enumerable.Range(0, Count).Select(_ => Number(random))];
            float[] power = Run(x, y, (w, a, b, to) => Float32Binary.Pow(
                w, a, b, to, float.NegativeInfinity, float.PositiveInfinity, [Count], [1], [1]), isStarting: block % 16 == 1);
            for (int i = 0; i < Count; i++)
                AssertWithin(Math.Pow(x[i], y[i]), power[i], 0.5001, $"{x[i]:R} to the power of {y[i]:R}");
        }
    }

    [Fact]
    public void Powers_that_float32_can_hold_are_exact()
    {
        float[] x = [.. Enumerable.Range(0, Count).Select(i => (float)(i - 2048))];
        foreach (float exponent in (float[])[2, 0.5f, -1])
        {
            float[] power = Run(x, [.. x.Select(_ => exponent)], (w, a, b, to) => Float32Binary.Pow(
                w, a, b, to, float.NegativeInfinity, float.PositiveInfinity, [Count], [1], [0]), isStarting: false);
            for (int i = 0; i < Count; i++)
            {
                float expected = exponent == 2 ? x[i] * x[i] : exponent == 0.5f ? MathF.Sqrt(x[i]) : 1 / x[i];
                Assert.True(Same(expected, power[i]), $"{x[i]} to the power of {exponent}: {power[i]:R} instead of {expected:R}");
            }
        }
    }

    [Fact]
    public void Remainders_are_those_of_the_language()
    {
        var random = new Random(6);
        for (int block = 0; block < 100; block++)
        {
            float[] x = [.. Enumerable.Range(0, Count).Select(_ => Number(random))];
            float[] y = [.. Enumerable.Range(0, Count).Select(_ => Number(random))];
            bool isStarting = block % 16 == 1;
            float[] truncated = Run(x, y, (w, a, b, to) => Float32Binary.Fmod(
                w, a, b, to, float.NegativeInfinity, float.PositiveInfinity, [Count], [1], [1]), isStarting);
            float[] floored = Run(x, y, (w, a, b, to) => Float32Binary.Mod(
                w, a, b, to, float.NegativeInfinity, float.PositiveInfinity, [Count], [1], [1]), isStarting);
            for (int i = 0; i < Count; i++)
            {
                float rest = x[i] % y[i];
                Assert.True(Same(rest, truncated[i]), $"{x[i]:R} % {y[i]:R}: {truncated[i]:R} instead of {rest:R}");
                if (rest != 0 && float.IsNegative(rest) != float.IsNegative(y[i]))
                    rest += y[i];
                Assert.True(Same(rest, floored[i]), $"{x[i]:R} modulo {y[i]:R}: {floored[i]:R} instead of {rest:R}");
            }
        }
    }

    /// <summary>Against whole numbers of 400 bits, with π by Machin's formula.</summary>
    [Fact]
    public void Large_angles_keep_the_rest_of_a_quarter_turn()
    {
        const int Bits = 400;
        BigInteger quarter = ((16 * ArcTangentOfInverse(5, Bits)) - (4 * ArcTangentOfInverse(239, Bits))) / 2;
        var random = new Random(7);
        for (int i = 0; i < 20_000; i++)
        {
            float x = BitConverter.Int32BitsToSingle(random.Next(0x49800000, 0x7F800000) | (random.Next(2) << 31));
            BigInteger angle = new BigInteger(x * 1024.0) << (Bits - 10);
            BigInteger turns = BigInteger.Divide((2 * angle) + (quarter * angle.Sign), 2 * quarter);
            double expected = Math.ScaleB((double)((angle - (turns * quarter)) >> (Bits - 250)), -250);

            int actualTurns = QuarterTurns.Of(x, out double rest);

            Assert.True(((int)(turns & 3) - actualTurns) % 4 == 0, $"{x:R}");
            Assert.True(Math.Abs(rest - expected) <= Math.Abs(expected) * Math.ScaleB(1, -50), $"{x:R}: {rest:R} instead of {expected:R}");
        }
        QuarterTurns.Of(float.NegativeInfinity, out double none);
        Assert.True(double.IsNaN(none));
    }

    [Fact]
    public void Every_vector_width_gives_the_bits_of_one_lane()
    {
        AssertLanes<Float32Trigonometry.SineFunction>();
        AssertLanes<Float32Trigonometry.CosineFunction>();
        AssertLanes<Float32Trigonometry.TangentFunction>();
        AssertLanes<Float32Inverse.AsinFunction>();
        AssertLanes<Float32Inverse.AcosFunction>();
        AssertLanes<Float32Inverse.AtanFunction>();
        AssertLanes<Float32Inverse.SinhFunction>();
        AssertLanes<Float32Inverse.CoshFunction>();
        AssertLanes<Float32Inverse.AsinhFunction>();
        AssertLanes<Float32Inverse.AcoshFunction>();
        AssertLanes<Float32Inverse.AtanhFunction>();
        AssertLanes<Float32Power>();
        AssertLanes<Float32Modulo.Floored>();
        AssertLanes<Float32Modulo.Truncated>();
    }

    private static void AssertLanes<TFunction>()
        where TFunction : struct, IFloat64Function
    {
        var random = new Random(8);
        for (int i = 0; i < 3000; i++)
        {
            double[] x = [.. Enumerable.Range(0, 8).Select(_ => (double)Number(random))];
            double[] y = [.. Enumerable.Range(0, 8).Select(_ => (double)Number(random))];
            double[] expected = [.. x.Zip(y, TFunction.Apply<double, Float64Lanes1>)];
            Vector512<double> eight = TFunction.Apply<Vector512<double>, Float64Lanes512>(Vector512.Create(x), Vector512.Create(y));
            Vector256<double> four = TFunction.Apply<Vector256<double>, Float64Lanes256>(Vector256.Create(x), Vector256.Create(y));
            Vector128<double> two = TFunction.Apply<Vector128<double>, Float64Lanes128>(Vector128.Create(x), Vector128.Create(y));
            for (int lane = 0; lane < 8; lane++)
            {
                AssertSame(expected[lane], eight[lane]);
                if (lane < 4)
                    AssertSame(expected[lane], four[lane]);
                if (lane < 2)
                    AssertSame(expected[lane], two[lane]);

                void AssertSame(double one, double vector) => Assert.True(
                    BitConverter.DoubleToInt64Bits(one) == BitConverter.DoubleToInt64Bits(vector)
                        || (double.IsNaN(one) && double.IsNaN(vector)),
                    $"{typeof(TFunction).Name} of {x[lane]:R}, {y[lane]:R}: {vector:R} instead of {one:R}");
            }
        }
    }

    // Numbers that are whole, common, of all magnitudes, or special.
    private static float Number(Random random) => random.Next(5) switch
    {
        0 => Special[random.Next(Special.Length)],
        1 => random.Next(-70, 70) / 2f,
        2 => (random.NextSingle() * 4) - 2,
        3 => (random.NextSingle() - 0.5f) * 200,
        _ => BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue)),
    };

    private static float[] Run(float[] x, float[] y, Action<Workspace, int, int, int> kernel, bool isStarting)
    {
        var w = new Workspace(PackedWeights.Of([]), Count * 12) { IsStarting = isStarting };
        x.CopyTo(w.ArenaSpan<float>(0, Count));
        y.CopyTo(w.ArenaSpan<float>(Count * 4, Count));
        kernel(w, 0, Count * 4, Count * 8);
        return w.ArenaSpan<float>(Count * 8, Count).ToArray();
    }

    private static void AssertWithin(double exact, float actual, double ulps, string what)
    {
        var nearest = (float)exact;
        if (Same(nearest, actual))
            return;
        // A unit beyond the greatest number where the result is infinite, the least one where it is zero.
        float magnitude = MathF.Min(MathF.Abs(nearest), float.MaxValue);
        double ulp = MathF.BitIncrement(0.5f * magnitude) == float.Epsilon || magnitude < 2.4e-38f
            ? float.Epsilon
            : 2 * (MathF.BitIncrement(0.5f * magnitude) - (double)(0.5f * magnitude));
        double error = Math.Abs(exact - actual) / ulp;
        Assert.True(nearest != 0 && actual != 0 && error <= ulps, $"{what}: {actual:R}, but exactly {exact:R}");
    }

    private static bool Same(float a, float b) =>
        BitConverter.SingleToInt32Bits(a) == BitConverter.SingleToInt32Bits(b) || (float.IsNaN(a) && float.IsNaN(b));

    // arctan(1/n) · 2^bits
    private static BigInteger ArcTangentOfInverse(int n, int bits)
    {
        BigInteger power = (BigInteger.One << bits) / n;
        BigInteger sum = power;
        for (int k = 3; !power.IsZero; k += 2)
        {
            power /= -n * n;
            sum += power / k;
        }
        return sum;
    }
}
