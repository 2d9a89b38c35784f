using System.Numerics;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Gradients;

/// <summary>Gradients of elementwise operators from their derivatives.</summary>
internal static class ElementwiseGradients
{
    /// <summary>The gradient of a function of one value.</summary>
    /// <param name="function">The function.</param>
    /// <param name="context">The node.</param>
    /// <param name="step">Values and gradients.</param>
    /// <typeparam name="T">float or double.</typeparam>
    public static void OfOneValue<T>(IFunctionOfOneValue function, OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        if (step.Gradient(0) is not { } dx)
            return;
        T[] x = step.Input(0), dy = step.OutputGradient;
        for (int i = 0; i < x.Length; i++)
            if (dy[i] != T.Zero)
                dx[i] += dy[i] * T.CreateTruncating(function.Derivative(context, double.CreateTruncating(x[i])));
    }

    /// <summary>The gradient of a function of two values that broadcast.</summary>
    /// <param name="function">The function.</param>
    /// <param name="context">The node.</param>
    /// <param name="step">Values and gradients.</param>
    /// <typeparam name="T">float or double.</typeparam>
    public static void OfTwoValues<T>(IFunctionOfTwoValues function, OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        T[] a = step.Converted(0), b = step.Converted(1), dy = step.OutputGradient;
        T[]? da = step.Gradient(0), db = step.Gradient(1);
        Broadcasting.Walk(context.Type(0).Dimensions.AsSpan(), context.Type(1).Dimensions.AsSpan(),
            context.OutputTypes[0].Dimensions.AsSpan(), (i, iStep, j, jStep, o, length) =>
        {
            for (int n = 0; n < length; n++, i += iStep, j += jStep)
            {
                (double byA, double byB) = function.Derivatives(context.Node, double.CreateTruncating(a[i]), double.CreateTruncating(b[j]));
                if (da is not null)
                    da[i] += dy[o + n] * T.CreateTruncating(byA);
                if (db is not null)
                    db[j] += dy[o + n] * T.CreateTruncating(byB);
            }
        });
    }

    /// <summary>The gradient of a sum of inputs that broadcast, each with a factor.</summary>
    /// <param name="context">The node.</param>
    /// <param name="step">Values and gradients.</param>
    /// <param name="factor">The factor of an input.</param>
    /// <typeparam name="T">float or double.</typeparam>
    public static void OfSum<T>(OperatorContext context, TrainingStep<T> step, Func<int, T> factor)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        T[] dy = step.OutputGradient;
        int[] shape = [.. context.OutputTypes[0].Dimensions];
        for (int input = 0; input < step.InputGradients.Length; input++)
        {
            if (step.InputGradients[input] is not { } dx)
                continue;
            T by = factor(input);
            Broadcasting.Walk(context.Type(input).Dimensions.AsSpan(), shape, shape, (i, iStep, _, _, o, length) =>
            {
                if (iStep == 0)
                    dx[i] += by * LaneSums.Sum<T>(dy.AsSpan(o, length));
                else
                    GradientSums.AddScaled(dy.AsSpan(o, length), by, dx.AsSpan(i, length));
            });
        }
    }

    /// <summary>The gradient of an extremum of inputs that broadcast: all of it goes to the first input that has the result.</summary>
    /// <param name="context">The node.</param>
    /// <param name="step">Values and gradients.</param>
    /// <typeparam name="T">float or double.</typeparam>
    public static void OfExtremum<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        // Before the activation that may be fused in: the extremum itself is found again.
        ReadOnlySpan<int> shape = context.OutputTypes[0].Dimensions.AsSpan();
        T[] dy = step.OutputGradient;
        T[][] expanded = new T[step.Inputs.Length][];
        for (int i = 0; i < expanded.Length; i++)
            expanded[i] = TensorMove.Expand(step.Inputs[i]!, shape).Values<T>();
        bool greatest = context.Node.As<IExtremumOfTwoValues>()!.IsGreatest;
        var chosen = new int[dy.Length];
        for (int o = 0; o < chosen.Length; o++)
            for (int i = 1; i < expanded.Length; i++)
                if (greatest ? expanded[i][o] > expanded[chosen[o]][o] : expanded[i][o] < expanded[chosen[o]][o])
                    chosen[o] = i;
        for (int i = 0; i < expanded.Length; i++)
        {
            if (step.InputGradients[i] is not { } dx)
                continue;
            var part = new T[dy.Length];
            for (int o = 0; o < part.Length; o++)
                part[o] = chosen[o] == i ? dy[o] : T.Zero;
            GradientSums.AddBroadcast(part, shape, dx, context.Type(i).Dimensions.AsSpan());
        }
    }
}
