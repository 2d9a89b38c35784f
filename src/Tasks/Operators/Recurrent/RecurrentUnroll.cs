using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;

namespace OptimizerBuild.Operators.Recurrent;

/// <summary>
/// One direction of a recurrent layer laid out over its steps: what each step computed for all sequences of a batch, and the gradients of
/// the step that the way back is at. Rows are sequences; a row of sums holds the gates one after the other.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
internal sealed class RecurrentUnroll<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly int _direction;
    private readonly int _gates;
    private readonly bool _reverse;
    private readonly double _clip;
    private readonly RecurrentFunction[] _functions;
    private readonly T[][] _sums;
    private readonly T[][] _activated;
    private readonly T[][] _hidden;
    private readonly T[][] _cells;
    private readonly T[][] _kept;

    /// <summary>Prepares a direction.</summary>
    /// <param name="layer">The operator.</param>
    /// <param name="node">The layer.</param>
    /// <param name="direction">The number of the direction.</param>
    /// <param name="steps">The number of steps.</param>
    /// <param name="batch">The number of sequences.</param>
    /// <param name="size">The elements of a state.</param>
    public RecurrentUnroll(RecurrentOperator layer, Node node, int direction, int steps, int batch, int size)
    {
        (Node, _direction, Batch, Size, _gates) = (node, direction, batch, size, layer.Gates);
        _reverse = RecurrentOperator.IsReverse(node, direction);
        _clip = RecurrentOperator.Clip(node);
        _functions = RecurrentFunction.Of(node, direction, layer.DefaultActivations.Length);
        bool hasCells = layer.States > 1;
        _sums = Arrays(steps, batch * _gates * size);
        _activated = Arrays(steps, batch * _gates * size);
        _hidden = Arrays(steps + 1, batch * size);
        _cells = Arrays(hasCells ? steps + 1 : 0, batch * size);
        _kept = Arrays(layer.Gates > 1 ? steps : 0, batch * size);
        SumGradient = new T[batch * _gates * size];
        HiddenGradient = new T[batch * size];
        CellGradient = new T[batch * size];
        KeptGradient = new T[batch * size];
        Lengths = new int[batch];
    }

    /// <summary>The layer.</summary>
    public Node Node { get; }

    /// <summary>The number of sequences.</summary>
    public int Batch { get; }

    /// <summary>The elements of a state.</summary>
    public int Size { get; }

    /// <summary>The number of steps of each sequence.</summary>
    public int[] Lengths { get; }

    /// <summary>The bytes that it holds.</summary>
    public long Bytes => ((T[][])[.. _sums, .. _activated, .. _hidden, .. _cells, .. _kept, SumGradient, HiddenGradient, CellGradient,
        KeptGradient]).Sum(a => (long)a.Length * ElementTypes.Of<T>().Size());

    /// <summary>The weights of the state, of all directions.</summary>
    public T[] Weights { get; set; } = [];

    /// <summary>Biases beside the products with the state, of all directions; null where there are none.</summary>
    public T[]? Bias { get; set; }

    /// <summary>This direction's weights of the second state in the gates; null where there are none.</summary>
    public T[]? Peepholes { get; set; }

    /// <summary>The gradient of the weights that is added to; null where none is asked for.</summary>
    public T[]? WeightGradient { get; set; }

    /// <summary>The gradient of the biases; null where none is asked for.</summary>
    public T[]? BiasGradient { get; set; }

    /// <summary>The gradient of the peepholes of all directions; null where none is asked for.</summary>
    public T[]? PeepholeGradient { get; set; }

    /// <summary>The gradient of a step's sums: [batch, gates · size].</summary>
    public T[] SumGradient { get; }

    /// <summary>The gradient of the hidden state behind, then before a step: [batch, size].</summary>
    public T[] HiddenGradient { get; }

    /// <summary>The gradient of the second state behind, then before a step: [batch, size].</summary>
    public T[] CellGradient { get; }

    /// <summary>Room for the gradient of what <see cref="Kept"/> holds: [batch, size].</summary>
    public T[] KeptGradient { get; }

    /// <summary>The sums of a step before bound and activation: [batch, gates · size].</summary>
    public T[] Sums(int step) => _sums[step];

    /// <summary>What activations made of them.</summary>
    public T[] Activated(int step) => _activated[step];

    /// <summary>The hidden states before a step: [batch, size].</summary>
    public T[] Before(int step) => _hidden[step];

    /// <summary>The second states before a step: [batch, size].</summary>
    public T[] CellBefore(int step) => _cells[step];

    /// <summary>What else the operator keeps of a step: [batch, size].</summary>
    public T[] Kept(int step) => _kept[step];

    /// <summary>Whether a sequence is so long that it has a step.</summary>
    public bool Runs(int sequence, int step) => step < Lengths[sequence];

    /// <summary>The place in the sequence that a step is at.</summary>
    public int Time(int sequence, int step) => !_reverse ? step : Math.Max(Lengths[sequence] - 1 - step, 0);

    /// <summary>A sequence's row of states.</summary>
    public Span<T> Row(T[] states, int sequence) => states.AsSpan(sequence * Size, Size);

    /// <summary>A gate of a sequence's row of sums.</summary>
    public Span<T> Gate(T[] sums, int sequence, int gate) => sums.AsSpan(((sequence * _gates) + gate) * Size, Size);

    /// <summary>Adds the products of the weights of some gates with states to the sums of gates.</summary>
    /// <param name="gate">The first gate whose weights are taken.</param>
    /// <param name="count">How many gates.</param>
    /// <param name="states">The states: [batch, size].</param>
    /// <param name="sums">The sums: [batch, gates · size].</param>
    /// <param name="to">The first gate of the sums.</param>
    public void Multiply(int gate, int count, T[] states, T[] sums, int to) => GradientSums.AddMatrixProduct(Batch, count * Size, Size,
        states, Size, 1, Weights.AsSpan(First(gate)), 1, Size, sums.AsSpan(to * Size), _gates * Size);

    /// <summary>The gradient of <see cref="Multiply"/>: that of the weights, and what is added to that of the states.</summary>
    /// <param name="gate">The first gate.</param>
    /// <param name="count">How many gates.</param>
    /// <param name="states">The states.</param>
    /// <param name="sumGradient">The gradient of the sums.</param>
    /// <param name="from">The first gate of the sums.</param>
    /// <param name="stateGradient">Is added the gradient of the states.</param>
    public void MultiplyBack(int gate, int count, T[] states, T[] sumGradient, int from, T[] stateGradient) =>
        Back(gate, count, states, sumGradient.AsSpan(from * Size), _gates * Size, stateGradient);

    /// <summary>The product of the weights of one gate with states, and the bias beside it where there is one.</summary>
    /// <param name="gate">The gate.</param>
    /// <param name="states">The states.</param>
    /// <param name="sums">Receives the sums: [batch, size].</param>
    public void MultiplyAlone(int gate, T[] states, T[] sums)
    {
        Array.Clear(sums);
        for (int b = 0; b < Batch; b++)
            Bias?.AsSpan(_direction * Size, Size).CopyTo(Row(sums, b));
        GradientSums.AddMatrixProduct(Batch, Size, Size, states, Size, 1, Weights.AsSpan(First(gate)), 1, Size, sums, Size);
    }

    /// <summary>The gradient of <see cref="MultiplyAlone"/>.</summary>
    /// <param name="gate">The gate.</param>
    /// <param name="states">The states.</param>
    /// <param name="sumGradient">The gradient of the sums: [batch, size].</param>
    /// <param name="stateGradient">Is added the gradient of the states.</param>
    public void MultiplyAloneBack(int gate, T[] states, T[] sumGradient, T[] stateGradient)
    {
        if (BiasGradient is not null)
            for (int b = 0; b < Batch; b++)
                GradientSums.Add(Row(sumGradient, b), BiasGradient.AsSpan(_direction * Size));
        Back(gate, 1, states, sumGradient, Size, stateGradient);
    }

    /// <summary>Puts a gate's sums through the bound, where the node has one, and an activation.</summary>
    /// <param name="step">The step.</param>
    /// <param name="gate">The gate.</param>
    /// <param name="activation">The activation's number in the direction.</param>
    public void Activate(int step, int gate, int activation)
    {
        for (int b = 0; b < Batch; b++)
        {
            Span<T> from = Gate(_sums[step], b, gate), to = Gate(_activated[step], b, gate);
            for (int k = 0; k < from.Length; k++)
                to[k] = T.CreateTruncating(_functions[activation].Of(Math.Clamp(double.CreateTruncating(from[k]), -_clip, _clip)));
        }
    }

    /// <summary>Turns the gradient of what an activation gave into that of its sums, in place, for one sequence.</summary>
    /// <param name="step">The step.</param>
    /// <param name="sequence">The sequence.</param>
    /// <param name="gate">The gate.</param>
    /// <param name="activation">The activation's number in the direction.</param>
    public void Deactivate(int step, int sequence, int gate, int activation)
    {
        Span<T> sums = Gate(_sums[step], sequence, gate), values = Gate(_activated[step], sequence, gate);
        Span<T> gradient = Gate(SumGradient, sequence, gate);
        for (int k = 0; k < gradient.Length; k++)
        {
            double x = double.CreateTruncating(sums[k]);
            gradient[k] = Math.Abs(x) > _clip ? T.Zero : gradient[k] * Derivative(activation, sums[k], values[k]);
        }
    }

    /// <summary>An activation of one value without a bound.</summary>
    public T Apply(int activation, T x) => T.CreateTruncating(_functions[activation].Of(double.CreateTruncating(x)));

    /// <summary>The derivative of an activation.</summary>
    /// <param name="activation">The activation's number in the direction.</param>
    /// <param name="x">The value.</param>
    /// <param name="y">What the activation made of it.</param>
    public T Derivative(int activation, T x, T y) =>
        T.CreateTruncating(_functions[activation].Derivative(double.CreateTruncating(x), double.CreateTruncating(y)));

    /// <summary>The gradient of a gate's look at the second state: that of the weights, and what is added to that of the state.</summary>
    /// <param name="sequence">The sequence.</param>
    /// <param name="gate">The gate, whose gradient is that of its sums.</param>
    /// <param name="part">The place of its weights among the peepholes.</param>
    /// <param name="cell">The state it looked at.</param>
    /// <param name="cellGradient">Is added the state's gradient.</param>
    public void PeepBack(int sequence, int gate, int part, ReadOnlySpan<T> cell, Span<T> cellGradient)
    {
        if (Peepholes is null)
            return;
        ReadOnlySpan<T> gradient = Gate(SumGradient, sequence, gate);
        GradientSums.AddProducts(gradient, Peepholes.AsSpan(part * Size, Size), cellGradient);
        if (PeepholeGradient is not null)
            GradientSums.AddProducts(gradient, cell, PeepholeGradient.AsSpan(((_direction * 3) + part) * Size));
    }

    private void Back(int gate, int count, T[] states, ReadOnlySpan<T> sumGradient, int row, T[] stateGradient)
    {
        GradientSums.AddMatrixProduct(Batch, Size, count * Size, sumGradient, row, 1, Weights.AsSpan(First(gate)), Size, 1, stateGradient,
            Size);
        if (WeightGradient is not null)
            GradientSums.AddMatrixProduct(count * Size, Size, Batch, sumGradient, 1, row, states, Size, 1,
                WeightGradient.AsSpan(First(gate)), Size);
    }

    private int First(int gate) => ((_direction * _gates) + gate) * Size * Size;

    private static T[][] Arrays(int count, int length) => [.. Enumerable.Range(0, count).Select(_ => new T[length])];
}
