using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Gradients;

/// <summary>Values and gradients of reductions over whole axes.</summary>
internal static class ReductionGradients
{
    /// <summary>For each element of the input the place of the result that it goes into.</summary>
    /// <param name="Of">The places.</param>
    /// <param name="Results">The number of results.</param>
    internal sealed record Places(int[] Of, int Results) : IHoldsBuffers
    {
        /// <inheritdoc/>
        public long Bytes => (long)Of.Length * sizeof(int);
    }

    /// <summary>The places of a reduction; made once.</summary>
    /// <param name="context">The node.</param>
    /// <param name="step">Where they are kept.</param>
    /// <typeparam name="T">float or double.</typeparam>
    public static Places PlacesOf<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T> => step.Keep(() =>
    {
        TensorType x = context.Type(0);
        int[] reduced = context.Node.As<IAxisReduction>()!.ReducedAxes(context);
        int[] kept = [.. x.Dimensions.Select((d, axis) => reduced.Contains(axis) ? 1 : d)];
        int results = Shapes.Count(kept);
        Tensor numbers = Tensor.Of([.. Enumerable.Range(0, results)], kept);
        return new Places(TensorMove.Expand(numbers, x.Dimensions.AsSpan()).Values<int>(), results);
    });

    /// <summary>The gradient of a sum or mean.</summary>
    /// <param name="context">The node.</param>
    /// <param name="step">Values and gradients.</param>
    /// <typeparam name="T">float or double.</typeparam>
    public static void OfSum<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        if (step.Gradient(0) is not { } dx)
            return;
        (int[] places, int results) = PlacesOf(context, step);
        T[] dy = step.OutputGradient;
        T by = context.Node.As<IAxisReduction>()!.IsMean ? T.CreateTruncating(results) / T.CreateTruncating(places.Length) : T.One;
        for (int i = 0; i < places.Length; i++)
            dx[i] += dy[places[i]] * by;
    }

    /// <summary>The gradient of a greatest or least element: all of it goes to the first element that is the result.</summary>
    /// <param name="context">The node.</param>
    /// <param name="step">Values and gradients.</param>
    /// <typeparam name="T">float or double.</typeparam>
    public static void OfExtremum<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        if (step.Gradient(0) is not { } dx)
            return;
        (int[] places, int results) = PlacesOf(context, step);
        T[] x = step.Input(0), y = step.Output(0), dy = step.OutputGradient;
        var found = new bool[results];
        for (int i = 0; i < places.Length; i++)
        {
            int place = places[i];
            if (found[place] || x[i] != y[place])
                continue;
            found[place] = true;
            dx[i] += dy[place];
        }
    }

    /// <summary>The gradient of a product: that of the others.</summary>
    /// <param name="context">The node.</param>
    /// <param name="step">Values and gradients.</param>
    /// <typeparam name="T">float or double.</typeparam>
    public static void OfProduct<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        if (step.Gradient(0) is not { } dx)
            return;
        (int[] places, int results) = PlacesOf(context, step);
        T[] x = step.Input(0), dy = step.OutputGradient;
        // Products of what comes before and of what comes behind each element: no division, so that zeros do no harm.
        var before = new T[x.Length];
        var product = new T[results];
        Array.Fill(product, T.One);
        for (int i = 0; i < x.Length; i++)
        {
            before[i] = product[places[i]];
            product[places[i]] *= x[i];
        }
        Array.Fill(product, T.One);
        for (int i = x.Length - 1; i >= 0; i--)
        {
            dx[i] += dy[places[i]] * before[i] * product[places[i]];
            product[places[i]] *= x[i];
        }
    }
}
