using System.Numerics;
using System.Runtime.InteropServices;

namespace OptimizerBuild.Training;

/// <summary>
/// The step from gradients to weights, element by element: the same on every machine, whatever the width of its vectors. No operation is
/// fused into another.
/// </summary>
internal static class Optimizer
{
    private const float Epsilon = 1e-8f;

    /// <summary>Changes some numbers of a parameter by their gradients.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="range">Which of its numbers.</param>
    /// <param name="gradient">The mean gradient of the step's samples, of all numbers.</param>
    /// <param name="options">How.</param>
    /// <param name="step">The step, from 0.</param>
    /// <param name="scale">The factor of the gradient, by which it is clipped.</param>
    public static void Step(
        TrainedParameter parameter, Range range, float[] gradient, TrainerOptions options, int step, float scale)
    {
        Span<float> values = parameter.Values.AsSpan(range), first = parameter.First.AsSpan(range);
        double rate = options.RateAt(step);
        float decay = parameter.Decays ? (float)(1 - (rate * options.WeightDecay)) : 1;
        if (options.Optimizer == OptimizerKind.AdamW)
        {
            Span<float> second = parameter.Second.AsSpan(range);
            ReadOnlySpan<float> slopes = gradient.AsSpan(range);
            (int from, int length) = range.GetOffsetAndLength(parameter.Values.Length);
            int weights = Math.Clamp(parameter.Count - from, 0, length);
            Adam(values[..weights], first[..weights], second[..weights], slopes[..weights], options, step, scale,
                rate * parameter.Unit, decay);
            Adam(values[weights..], first[weights..], second[weights..], slopes[weights..], options, step, scale,
                rate * parameter.UnitOfExtra, decay);
        }
        else
            Momentum(values, first, gradient.AsSpan(range), (float)options.Momentum, scale, (float)rate, decay);
        Average(values, parameter.Average.AsSpan(range), (float)Math.Min(options.AverageDecay, (1.0 + step) / (10.0 + step)));
    }

    private static void Adam(Span<float> values, Span<float> m, Span<float> v, ReadOnlySpan<float> gradient, TrainerOptions options,
        int step, float scale, double rate, float decay)
    {
        (double b1, double b2) = (options.Momentum, options.SecondMoment);
        // The corrections of the moments' bias are part of the rate and of ε.
        double second = Math.Sqrt(1 - Power(b2, step + 1));
        float by = (float)(rate * second / (1 - Power(b1, step + 1))), epsilon = (float)(Epsilon * second);
        (float keep1, float add1, float keep2, float add2) = ((float)b1, (float)(1 - b1), (float)b2, (float)(1 - b2));
        int width = Vector<float>.Count, at = 0;
        for (; at <= values.Length - width; at += width)
        {
            Vector<float> g = Load(gradient, at) * scale;
            Vector<float> first = (Load(m, at) * keep1) + (g * add1), squares = (Load(v, at) * keep2) + (g * g * add2);
            first.CopyTo(m[at..]);
            squares.CopyTo(v[at..]);
            ((Load(values, at) * decay) - (first * by / (Vector.SquareRoot(squares) + new Vector<float>(epsilon)))).CopyTo(values[at..]);
        }
        for (; at < values.Length; at++)
        {
            float g = gradient[at] * scale;
            m[at] = (m[at] * keep1) + (g * add1);
            v[at] = (v[at] * keep2) + (g * g * add2);
            values[at] = (values[at] * decay) - (m[at] * by / (MathF.Sqrt(v[at]) + epsilon));
        }
    }

    private static void Momentum(
        Span<float> values, Span<float> m, ReadOnlySpan<float> gradient, float momentum, float scale, float rate, float decay)
    {
        for (int i = 0; i < values.Length; i++)
        {
            m[i] = (m[i] * momentum) + (gradient[i] * scale);
            values[i] = (values[i] * decay) - (m[i] * rate);
        }
    }

    private static void Average(Span<float> values, Span<float> average, float keep)
    {
        float add = 1 - keep;
        int width = Vector<float>.Count, at = 0;
        for (; at <= values.Length - width; at += width)
            ((Load(average, at) * keep) + (Load(values, at) * add)).CopyTo(average[at..]);
        for (; at < values.Length; at++)
            average[at] = (average[at] * keep) + (values[at] * add);
    }

    private static Vector<float> Load(ReadOnlySpan<float> from, int at) =>
        Vector.LoadUnsafe(ref MemoryMarshal.GetReference(from), (nuint)at);

    // By squaring: Math.Pow differs by platform.
    private static double Power(double x, int exponent)
    {
        double result = 1;
        for (; exponent > 0; exponent >>= 1, x *= x)
            if ((exponent & 1) != 0)
                result *= x;
        return result;
    }
}
