using System.Runtime.Intrinsics;
using OptimizerBuild.Kernels.Tests.Cases;

namespace OptimizerBuild.Kernels.Tests;

/// <summary>The polynomials against double precision, and all vector widths against one lane.</summary>
public sealed class Float32MathTests
{
    public static TheoryData<string> Functions => [.. Float32Function.All.Select(f => f.Kernel)];

    [Theory]
    [MemberData(nameof(Functions))]
    public void Error_is_within_the_documented_bound(string kernel)
    {
        Float32Function function = Float32Function.All.Single(f => f.Kernel == kernel);
        double worst = 0;
        float worstAt = 0;
        foreach (float x in Arguments())
        {
            double exact = function.Exact(x);
            float actual = function.Scalar(x);
            if (double.IsNaN(exact) || Math.Abs(exact) > float.MaxValue || Math.Abs(exact) < 1.2e-38)
                continue;
            double ulp = MathF.BitIncrement((float)Math.Abs(exact)) - (double)(float)Math.Abs(exact);
            double error = Math.Abs(actual - exact) / ulp;
            if (error > worst)
                (worst, worstAt) = (error, x);
        }
        Assert.True(
            worst <= function.Ulps, $"{kernel}: {worst:0.000} units in the last place at {worstAt:R}, documented are {function.Ulps}");
    }

    [Fact]
    public void Special_values_are_those_of_the_functions()
    {
        Assert.Equal(1f, Float32Exponential.Of(0f));
        Assert.Equal(float.PositiveInfinity, Float32Exponential.Of(89f));
        Assert.Equal(float.PositiveInfinity, Float32Exponential.Of(float.PositiveInfinity));
        Assert.Equal(0f, Float32Exponential.Of(float.NegativeInfinity));
        Assert.Equal(float.NaN, Float32Exponential.Of(float.NaN));
        Assert.InRange(Float32Exponential.Of(-100f), 3.6e-44f, 3.9e-44f);
        Assert.Equal(float.NegativeInfinity, Float32Math.Log<float, Float32Lanes1>(0f));
        Assert.Equal(float.NegativeInfinity, Float32Math.Log<float, Float32Lanes1>(-0f));
        Assert.Equal(float.NaN, Float32Math.Log<float, Float32Lanes1>(-1f));
        Assert.Equal(float.NaN, Float32Math.Log<float, Float32Lanes1>(float.NaN));
        Assert.Equal(float.PositiveInfinity, Float32Math.Log<float, Float32Lanes1>(float.PositiveInfinity));
        Assert.Equal(MathF.Log(1e-42f), Float32Math.Log<float, Float32Lanes1>(1e-42f), 1e-5f);
        Assert.Equal(1f, Float32Math.Tanh<float, Float32Lanes1>(float.PositiveInfinity));
        Assert.Equal(-1f, Float32Math.Tanh<float, Float32Lanes1>(float.NegativeInfinity));
        Assert.Equal(float.NaN, Float32Math.Tanh<float, Float32Lanes1>(float.NaN));
        Assert.True(float.IsNegative(Float32Math.Tanh<float, Float32Lanes1>(-0f)));
        Assert.Equal(0f, Float32Math.Sigmoid<float, Float32Lanes1>(float.NegativeInfinity));
        Assert.Equal(1f, Float32Math.Sigmoid<float, Float32Lanes1>(float.PositiveInfinity));
        Assert.Equal(1f, Float32Math.Erf<float, Float32Lanes1>(float.PositiveInfinity));
        Assert.Equal(-1f, Float32Math.Erf<float, Float32Lanes1>(float.NegativeInfinity));
        Assert.Equal(float.NaN, Float32Math.Erf<float, Float32Lanes1>(float.NaN));
    }

    [Fact]
    public void The_exponential_of_one_number_has_the_bits_of_a_lane()
    {
        foreach (float x in Arguments())
        {
            Assert.Equal(
                BitConverter.SingleToInt32Bits(Float32Math.Exp<float, Float32Lanes1>(x)),
                BitConverter.SingleToInt32Bits(Float32Exponential.Of(x)));
        }
    }

    [Fact]
    public void Every_vector_width_gives_the_bits_of_one_lane()
    {
        AssertLanes<Vector128<float>, Float32Lanes128>();
        AssertLanes<Vector256<float>, Float32Lanes256>();
        AssertLanes<Vector512<float>, Float32Lanes512>();
    }

    [Fact]
    public void Every_vector_width_gives_the_bits_of_one_lane_in_products()
    {
        var random = new Random(3);
        foreach (int outputs in (int[])[1, 7, 16, 17, 31, 32, 33, 64, 65, 80, 96, 112, 130])
        {
            foreach (int rows in (int[])[1, 2, 3, 4, 5, 6, 7, 8, 9, 101])
            {
                const int Inner = 5;
                int padded = ((outputs + 15) / 16 * 16) + 64;
                float[] x = [.. Enumerable.Range(0, rows * Inner).Select(_ => random.NextSingle() - 0.5f)];
                float[] w = [.. Enumerable.Range(0, padded * Inner).Select(_ => random.NextSingle() - 0.5f)];
                float[] bias = [.. Enumerable.Range(0, padded).Select(_ => random.NextSingle())];
                float[] expected = Product<float, Float32Lanes1>(x, w, bias, rows, Inner, outputs);
                Assert.Equal(expected, Product<Vector128<float>, Float32Lanes128>(x, w, bias, rows, Inner, outputs));
                Assert.Equal(expected, Product<Vector256<float>, Float32Lanes256>(x, w, bias, rows, Inner, outputs));
                Assert.Equal(expected, Product<Vector512<float>, Float32Lanes512>(x, w, bias, rows, Inner, outputs));
            }
        }
    }

    [Fact]
    public void Every_vector_width_gives_the_dense_bits_in_products_without_zero_blocks()
    {
        var random = new Random(4);
        foreach (int outputs in (int[])[1, 7, 16, 17, 32, 33, 48, 64, 70])
        {
            foreach (int rows in (int[])[1, 2, 3, 5, 6, 7, 8, 9, 101])
            {
                int inner = 4 + ((outputs + rows) % 30), padded = (outputs + 15) / 16 * 16;
                float[] x = [.. Enumerable.Range(0, rows * inner).Select(_ => random.NextSingle() - 0.5f)];
                float[] weights = [.. Enumerable.Range(0, outputs * inner).Select(_ => random.NextSingle() - 0.5f)];
                float[] bias = [.. Enumerable.Range(0, padded + 64).Select(_ => random.NextSingle())];
                var blocks = new Float32Blocks(
                    weights, 1, outputs, 1, inner, (_, o, k) => (o * inner) + k, 10 * ((rows + outputs) % 10), random);
                var w = new float[(padded + 64) * inner];
                for (int o = 0; o < outputs; o++)
                    for (int k = 0; k < inner; k++)
                        w[(((o / 16 * inner) + k) * 16) + (o % 16)] = weights[(o * inner) + k];
                float[] expected = Product<float, Float32Lanes1>(x, w, bias, rows, inner, outputs);
                Assert.Equal(expected, Sparse<float, Float32Lanes1>(x, blocks, bias, rows, inner, outputs));
                Assert.Equal(expected, Sparse<Vector128<float>, Float32Lanes128>(x, blocks, bias, rows, inner, outputs));
                Assert.Equal(expected, Sparse<Vector256<float>, Float32Lanes256>(x, blocks, bias, rows, inner, outputs));
                Assert.Equal(expected, Sparse<Vector512<float>, Float32Lanes512>(x, blocks, bias, rows, inner, outputs));
            }
        }
    }

    // A product with zero that is not carried out lets nothing through.
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public void Infinite_inputs_do_not_pass_blocks_that_are_left_out(int rows)
    {
        const int Inner = 8;
        float[] weights = [.. Enumerable.Repeat(0.5f, 16 * Inner)];
        var blocks = new Float32Blocks(weights, 1, 16, 1, Inner, (_, o, k) => (o * Inner) + k, 100, new(1));
        float[] x = [.. Enumerable.Repeat(float.PositiveInfinity, rows * Inner)];
        float[] bias = [.. Enumerable.Repeat(0.25f, 16)];
        Assert.All(Sparse<float, Float32Lanes1>(x, blocks, bias, rows, Inner, 16), y => Assert.Equal(0.25f, y));
        Assert.All(Sparse<Vector256<float>, Float32Lanes256>(x, blocks, bias, rows, Inner, 16), y => Assert.Equal(0.25f, y));
    }

    private static float[] Sparse<TVector, TLanes>(float[] x, Float32Blocks blocks, float[] bias, int rows, int inner, int outputs)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        var y = new float[rows * outputs];
        float[] weights = [.. blocks.Blocks, 0];
        ushort[] columns = [.. blocks.Columns, 0];
        int[] starts = blocks.Starts;
        Float32SparseProduct.Run<TVector, TLanes>(
            new Workspace(PackedWeights.Of([]), 0), ref System.Runtime.CompilerServices.Unsafe.As<float, byte>(ref x[0]),
            ref System.Runtime.CompilerServices.Unsafe.As<float, byte>(ref weights[0]), ref columns[0], ref starts[0], ref bias[0],
            ref System.Runtime.CompilerServices.Unsafe.As<float, byte>(ref y[0]), outputs, [rows], [inner * 4], [outputs * 4], [0],
            -1f, 1f);
        return y;
    }

    private static float[] Product<TVector, TLanes>(float[] x, float[] w, float[] bias, int rows, int inner, int outputs)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        var y = new float[rows * outputs];
        Float32Product.Run<TVector, TLanes>(
            ref System.Runtime.CompilerServices.Unsafe.As<float, byte>(
                ref x[0]), ref System.Runtime.CompilerServices.Unsafe.As<float, byte>(ref w[0]),
            inner * 64, ref bias[0], oneBias: false, ref System.Runtime.CompilerServices.Unsafe.As<float, byte>(ref y[0]), outputs,
            [rows], [inner * 4], [outputs * 4], [0], inner, 64, -1f, 1f);
        return y;
    }

    private static void AssertLanes<TVector, TLanes>()
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        float[] arguments = [.. Arguments(
            ).Where((_, i) => i % 37 == 0), float.NaN, float.PositiveInfinity, float.NegativeInfinity, 0f, -0f, 1e-42f];
        for (int i = 0; i + TLanes.Count <= arguments.Length; i += TLanes.Count)
        {
            TVector x = TLanes.Load(ref arguments[i]);
            Same(arguments.AsSpan(i, TLanes.Count), Float32Math.Exp<TVector, TLanes>(x), Float32Math.Exp<float, Float32Lanes1>);
            Same(arguments.AsSpan(
                i, TLanes.Count), Float32Math.ExpMinusOne<TVector, TLanes>(x), Float32Math.ExpMinusOne<float, Float32Lanes1>);
            Same(arguments.AsSpan(i, TLanes.Count), Float32Math.Log<TVector, TLanes>(x), Float32Math.Log<float, Float32Lanes1>);
            Same(arguments.AsSpan(
                i, TLanes.Count), Float32Math.LogOnePlus<TVector, TLanes>(x), Float32Math.LogOnePlus<float, Float32Lanes1>);
            Same(arguments.AsSpan(i, TLanes.Count), Float32Math.Tanh<TVector, TLanes>(x), Float32Math.Tanh<float, Float32Lanes1>);
            Same(arguments.AsSpan(i, TLanes.Count), Float32Math.Sigmoid<TVector, TLanes>(x), Float32Math.Sigmoid<float, Float32Lanes1>);
            Same(arguments.AsSpan(i, TLanes.Count), Float32Math.Erf<TVector, TLanes>(x), Float32Math.Erf<float, Float32Lanes1>);
        }

        static void Same(ReadOnlySpan<float> x, TVector actual, Func<float, float> one)
        {
            for (int i = 0; i < x.Length; i++)
            {
                float expected = one(x[i]);
                float lane = TLanes.Lane(actual, i);
                Assert.True(
                    BitConverter.SingleToInt32Bits(
                        expected) == BitConverter.SingleToInt32Bits(lane) || (float.IsNaN(expected) && float.IsNaN(lane)),
                    $"{typeof(TLanes).Name}: {lane:R} instead of {expected:R} for {x[i]:R}");
            }
        }
    }

    // Dense around the interesting places, and over all magnitudes.
    private static IEnumerable<float> Arguments()
    {
        for (int i = -20000; i <= 20000; i++)
            yield return i / 2000f * 1.0009766f;
        for (int i = -4500; i <= 4500; i++)
            yield return i / 50f;
        for (int e = -126; e <= 127; e++)
        {
            for (int m = 0; m < 16; m++)
            {
                float x = MathF.ScaleB(1 + (m / 16.3f), e);
                if (MathF.Abs(x) < 1e5f)
                {
                    yield return x;
                    yield return -x;
                }
            }
        }
    }
}
