using System.Numerics;
using OptimizerBuild.Operators.Gradients;

namespace OptimizerBuild.Operators.Recurrent;

/// <summary>
/// A recurrent layer forward and backward through time (P. Werbos 1990, "Backpropagation Through Time"): sequences of a batch run step by
/// step together, each up to its own length. Belongs to one tape.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
internal sealed class RecurrentTraining<T> : IHoldsBuffers
    where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
{
    private readonly RecurrentOperator _layer;
    private readonly RecurrentUnroll<T>[] _directions;
    private readonly int _steps;
    private readonly int _batch;
    private readonly int _size;
    private readonly int _gates;

    /// <summary>Prepares a layer.</summary>
    /// <param name="layer">The operator.</param>
    /// <param name="context">The node.</param>
    public RecurrentTraining(RecurrentOperator layer, OperatorContext context)
    {
        _layer = layer;
        (_steps, _batch, _size) = (context.Type(0).Dimensions[0], context.Type(0).Dimensions[1], context.Type(1).Dimensions[2]);
        _gates = layer.Gates * _size;
        _directions = [.. Enumerable.Range(0, RecurrentOperator.Directions(context.Node)).Select(d =>
            new RecurrentUnroll<T>(layer, context.Node, d, _steps, _batch, _size))];
    }

    /// <inheritdoc/>
    public long Bytes => _directions.Sum(d => d.Bytes);

    /// <summary>Computes the outputs that are read.</summary>
    /// <param name="step">Values.</param>
    public void Forward(TrainingStep<T> step)
    {
        T[] x = step.Input(0);
        if (step.Outputs[0] is { } y)
            Array.Clear(y.Values<T>());
        for (int d = 0; d < _directions.Length; d++)
        {
            RecurrentUnroll<T> unroll = _directions[d];
            Begin(unroll, d, step);
            for (int i = 0; i < _steps; i++)
            {
                for (int b = 0; b < _batch; b++)
                    x.AsSpan(Products(unroll, d, b, i), _gates).CopyTo(unroll.Sums(i).AsSpan(b * _gates));
                // States of sequences that have ended stay.
                unroll.Before(i).CopyTo(unroll.Before(i + 1), 0);
                if (_layer.States > 1)
                    unroll.CellBefore(i).CopyTo(unroll.CellBefore(i + 1), 0);
                _layer.StepForward(unroll, i);
                for (int b = 0; b < _batch; b++)
                    if (step.Outputs[0] is { } states && unroll.Runs(b, i))
                        unroll.Row(unroll.Before(i + 1), b).CopyTo(states.Values<T>().AsSpan(Place(unroll, d, b, i)));
            }
            Last(step, 1, d, unroll.Before(_steps));
            if (_layer.States > 1)
                Last(step, 2, d, unroll.CellBefore(_steps));
        }
    }

    /// <summary>Adds the gradients.</summary>
    /// <param name="step">Values and gradients.</param>
    public void Backward(TrainingStep<T> step)
    {
        T[]? dx = step.Gradient(0), dy = step.OutputGradients[0];
        for (int d = 0; d < _directions.Length; d++)
        {
            RecurrentUnroll<T> unroll = _directions[d];
            unroll.WeightGradient = step.Gradient(1);
            unroll.BiasGradient = step.Gradient(2);
            unroll.PeepholeGradient = _layer.States > 1 ? step.Gradient(6) : null;
            Take(step, 1, d, unroll.HiddenGradient);
            Take(step, 2, d, unroll.CellGradient);
            for (int i = _steps - 1; i >= 0; i--)
            {
                Array.Clear(unroll.SumGradient);
                for (int b = 0; b < _batch; b++)
                    if (dy is not null && unroll.Runs(b, i))
                        GradientSums.Add(dy.AsSpan(Place(unroll, d, b, i), _size), unroll.Row(unroll.HiddenGradient, b));
                _layer.StepBackward(unroll, i);
                for (int b = 0; b < _batch; b++)
                    if (dx is not null && unroll.Runs(b, i))
                        GradientSums.Add(unroll.SumGradient.AsSpan(b * _gates, _gates), dx.AsSpan(Products(unroll, d, b, i)));
            }
            Give(step, 4, d, unroll.HiddenGradient);
            if (_layer.States > 1)
                Give(step, 5, d, unroll.CellGradient);
        }
    }

    private void Begin(RecurrentUnroll<T> unroll, int d, TrainingStep<T> step)
    {
        int[]? lengths = step.Inputs.ElementAtOrDefault(3)?.Values<int>();
        for (int b = 0; b < _batch; b++)
            unroll.Lengths[b] = lengths is null ? _steps : Math.Clamp(lengths[b], 0, _steps);
        unroll.Weights = step.Input(1);
        unroll.Bias = step.Inputs.ElementAtOrDefault(2)?.Values<T>();
        Initial(4, unroll.Before(0));
        if (_layer.States == 1)
            return;
        unroll.Peepholes = step.Inputs.ElementAtOrDefault(6)?.Values<T>().AsSpan(d * 3 * _size, 3 * _size).ToArray();
        Initial(5, unroll.CellBefore(0));

        void Initial(int input, T[] state)
        {
            if (step.Inputs.ElementAtOrDefault(input) is { } given)
                given.Values<T>().AsSpan(d * state.Length, state.Length).CopyTo(state);
            else
                Array.Clear(state);
        }
    }

    private static void Last(TrainingStep<T> step, int output, int d, T[] state)
    {
        if (step.Outputs.ElementAtOrDefault(output) is { } last)
            state.CopyTo(last.Values<T>(), d * state.Length);
    }

    private static void Take(TrainingStep<T> step, int output, int d, T[] gradient)
    {
        if (step.OutputGradients.ElementAtOrDefault(output) is { } given)
            given.AsSpan(d * gradient.Length, gradient.Length).CopyTo(gradient);
        else
            Array.Clear(gradient);
    }

    private static void Give(TrainingStep<T> step, int input, int d, T[] gradient)
    {
        if (step.Gradient(input) is { } to)
            GradientSums.Add(gradient, to.AsSpan(d * gradient.Length));
    }

    private int Products(RecurrentUnroll<T> unroll, int d, int b, int i) =>
        ((((unroll.Time(b, i) * _batch) + b) * _directions.Length) + d) * _gates;

    private int Place(RecurrentUnroll<T> unroll, int d, int b, int i) =>
        ((((unroll.Time(b, i) * _directions.Length) + d) * _batch) + b) * _size;
}
