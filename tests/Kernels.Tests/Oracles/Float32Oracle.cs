using System.Buffers.Binary;

namespace OptimizerBuild.Kernels.Tests.Oracles;

/// <summary>The float32 part of docs/arithmetic.md as plain code: one accumulator, k ascending, one fused multiply-add each.</summary>
internal static class Float32Oracle
{
    /// <summary>Sums of products of all rows and outputs, bounded.</summary>
    public static float[] Product(
        int rows,
        int outputs,
        int inner,
        Func<int, int, float> x,
        Func<int, int, float> w,
        Func<int, float> bias,
        float low,
        float high)
    {
        var result = new float[rows * outputs];
        for (int r = 0; r < rows; r++)
        {
            for (int o = 0; o < outputs; o++)
            {
                float sum = bias(o);
                for (int k = 0; k < inner; k++)
                    sum = MathF.FusedMultiplyAdd(x(r, k), w(o, k), sum);
                result[(r * outputs) + o] = sum < low ? low : sum > high ? high : sum;
            }
        }
        return result;
    }

    /// <summary>Panels of 16 outputs, k-major, for each group.</summary>
    public static float[] Pack(int groups, int outputs, int inner, Func<int, int, int, float> weight)
    {
        int panels = (outputs + 15) / 16;
        var packed = new float[groups * panels * inner * 16];
        for (int g = 0; g < groups; g++)
            for (int o = 0; o < outputs; o++)
                for (int k = 0; k < inner; k++)
                    packed[(((((g * panels) + (o / 16)) * inner) + k) * 16) + (o % 16)] = weight(g, o, k);
        return packed;
    }

    /// <summary>Biases, each group filled up to whole panels.</summary>
    public static float[] PackBias(int groups, int outputs, float[] bias)
    {
        int rounded = (outputs + 15) / 16 * 16;
        var packed = new float[groups * rounded];
        for (int i = 0; i < groups * outputs; i++)
            packed[(i / outputs * rounded) + (i % outputs)] = bias[i];
        return packed;
    }

    /// <summary>Softmax or its logarithm over the middle dimension.</summary>
    public static float[] Softmax(float[] x, int outer, int count, int inner, bool logarithm)
    {
        var result = new float[x.Length];
        for (int o = 0; o < outer; o++)
        {
            for (int i = 0; i < inner; i++)
            {
                int At(int k) => (((o * count) + k) * inner) + i;
                float greatest = float.NegativeInfinity;
                for (int k = 0; k < count; k++)
                    greatest = Math.Max(greatest, x[At(k)]);
                float sum = 0;
                for (int k = 0; k < count; k++)
                    sum += Float32Exponential.Of(x[At(k)] - greatest);
                for (int k = 0; k < count; k++)
                {
                    result[At(k)] = logarithm
                        ? x[At(k)] - greatest - Float32Math.Log<float, Float32Lanes1>(sum)
                        : Float32Exponential.Of(x[At(k)] - greatest) / sum;
                }
            }
        }
        return result;
    }

    /// <summary>Layer normalisation over the middle dimension: outputs, means, inverse deviations.</summary>
    public static (float[] Y, float[] Means, float[] Inverses) LayerNormalization(
        float[] x, float[] scale, float[] bias, int outer, int length, int inner, float epsilon, bool centred)
    {
        var y = new float[x.Length];
        var means = new float[outer * inner];
        var inverses = new float[outer * inner];
        for (int row = 0; row < outer * inner; row++)
        {
            int At(int k) => (((row / inner * length) + k) * inner) + (row % inner);
            float mean = centred ? Sum(length, inner == 1, (k, sum) => sum + x[At(k)]) / length : 0;
            float variance = Sum(length, inner == 1, (k, sum) => MathF.FusedMultiplyAdd(x[At(k)] - mean, x[At(k)] - mean, sum)) / length;
            float inverse = 1 / MathF.Sqrt(variance + epsilon);
            for (int k = 0; k < length; k++)
                y[At(k)] = MathF.FusedMultiplyAdd((x[At(k)] - mean) * inverse, scale[k], bias[k]);
            means[row] = mean;
            inverses[row] = inverse;
        }
        return (y, means, inverses);
    }

    // In order, or in 8 lanes.
    private static float Sum(int length, bool lanes, Func<int, float, float> add)
    {
        var sums = new float[8];
        for (int k = 0; k < length; k++)
        {
            int lane = lanes ? k % 8 : 0;
            sums[lane] = add(k, sums[lane]);
        }
        float even = (sums[0] + sums[4]) + (sums[2] + sums[6]);
        return even + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
    }

    /// <summary>Writes floats into an arena.</summary>
    public static void Write(byte[] arena, int offset, float[] values)
    {
        for (int i = 0; i < values.Length; i++)
            BinaryPrimitives.WriteSingleLittleEndian(arena.AsSpan(offset + (i * 4)), values[i]);
    }
}
