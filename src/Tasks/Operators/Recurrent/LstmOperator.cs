using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;

namespace OptimizerBuild.Operators.Recurrent;

/// <summary>
/// LSTM (S. Hochreiter and J. Schmidhuber, 1997) behind the products with its inputs (internal operator LSTM), with peepholes (F. Gers and
/// J. Schmidhuber, 2000) and with input and forget gate coupled where the node says so. The gates lie in the order input, output, forget,
/// cell.
/// </summary>
[Operator("LSTM", Domain = Node.InternalDomain)]
[Input(5, "initial_c", Elements.Float32, Optional = true)]
[Input(6, "P", Elements.Float32, Optional = true)]
[Output(2, "Y_c")]
[Parameter("input_forget", ParameterKind.Int)]
internal sealed class LstmOperator : RecurrentOperator
{
    /// <inheritdoc/>
    public override int Gates => 4;

    /// <inheritdoc/>
    public override int States => 2;

    /// <inheritdoc/>
    public override string[] DefaultActivations => ["Sigmoid", "Tanh", "Tanh"];

    /// <summary>Whether the forget gate is one minus the input gate (attribute <c>input_forget</c>).</summary>
    public static bool IsCoupled(Node node) => node.Int("input_forget", 0) != 0;

    // The candidates make the cell's state, which the last activation bounds.
    /// <inheritdoc/>
    protected override bool DecidesHiddenState(int activation) => activation != 1;

    /// <inheritdoc/>
    protected override void Step(RecurrentDirection direction, ReadOnlySpan<float> input, Span<float> hidden, Span<float> cell)
    {
        int size = direction.Size;
        float[] sums = input.ToArray();
        direction.Multiply(0, hidden, sums);
        Span<float> i = sums.AsSpan(0, size), o = sums.AsSpan(size, size), f = sums.AsSpan(2 * size, size), g = sums.AsSpan(3 * size);
        if (direction.Peepholes is { } p)
        {
            Peep(p.AsSpan(0, size), cell, i);
            Peep(p.AsSpan(2 * size), cell, f);
        }
        direction.Activate(0, i);
        direction.Activate(0, f);
        direction.Activate(1, g);
        bool coupled = IsCoupled(direction.Node);
        for (int k = 0; k < size; k++)
            cell[k] = MathF.FusedMultiplyAdd(coupled ? 1 - i[k] : f[k], cell[k], i[k] * g[k]);
        if (direction.Peepholes is { } later)
            Peep(later.AsSpan(size, size), cell, o);
        direction.Activate(0, o);
        for (int k = 0; k < size; k++)
            hidden[k] = o[k] * direction.Apply(2, cell[k]);
    }

    // A gate that sees the cell's state, weighted element by element.
    private static void Peep(ReadOnlySpan<float> weights, ReadOnlySpan<float> cell, Span<float> sums)
    {
        for (int k = 0; k < sums.Length; k++)
            sums[k] = MathF.FusedMultiplyAdd(weights[k], cell[k], sums[k]);
    }

    /// <inheritdoc/>
    protected internal override void StepForward<T>(RecurrentUnroll<T> unroll, int step)
    {
        unroll.Multiply(0, 4, unroll.Before(step), unroll.Sums(step), 0);
        Peep(unroll, step, 0, 0, unroll.CellBefore(step));
        Peep(unroll, step, 2, 2, unroll.CellBefore(step));
        unroll.Activate(step, 0, 0);
        unroll.Activate(step, 2, 0);
        unroll.Activate(step, 3, 1);
        bool coupled = IsCoupled(unroll.Node);
        for (int b = 0; b < unroll.Batch; b++)
        {
            if (!unroll.Runs(b, step))
                continue;
            ReadOnlySpan<T> i = unroll.Gate(unroll.Activated(step), b, 0), f = unroll.Gate(unroll.Activated(step), b, 2);
            ReadOnlySpan<T> g = unroll.Gate(unroll.Activated(step), b, 3), before = unroll.Row(unroll.CellBefore(step), b);
            Span<T> cell = unroll.Row(unroll.CellBefore(step + 1), b);
            for (int k = 0; k < cell.Length; k++)
                cell[k] = T.FusedMultiplyAdd(coupled ? T.One - i[k] : f[k], before[k], i[k] * g[k]);
        }
        Peep(unroll, step, 1, 1, unroll.CellBefore(step + 1));
        unroll.Activate(step, 1, 0);
        for (int b = 0; b < unroll.Batch; b++)
        {
            if (!unroll.Runs(b, step))
                continue;
            ReadOnlySpan<T> o = unroll.Gate(unroll.Activated(step), b, 1), cell = unroll.Row(unroll.CellBefore(step + 1), b);
            Span<T> hidden = unroll.Row(unroll.Before(step + 1), b), bounded = unroll.Row(unroll.Kept(step), b);
            for (int k = 0; k < hidden.Length; k++)
            {
                bounded[k] = unroll.Apply(2, cell[k]);
                hidden[k] = o[k] * bounded[k];
            }
        }
    }

    /// <inheritdoc/>
    protected internal override void StepBackward<T>(RecurrentUnroll<T> unroll, int step)
    {
        bool coupled = IsCoupled(unroll.Node);
        for (int b = 0; b < unroll.Batch; b++)
        {
            if (!unroll.Runs(b, step))
                continue;
            Span<T> hidden = unroll.Row(unroll.HiddenGradient, b), change = unroll.Row(unroll.CellGradient, b);
            ReadOnlySpan<T> bounded = unroll.Row(unroll.Kept(step), b), cell = unroll.Row(unroll.CellBefore(step + 1), b);
            ReadOnlySpan<T> before = unroll.Row(unroll.CellBefore(step), b);
            ReadOnlySpan<T> i = unroll.Gate(unroll.Activated(step), b, 0), o = unroll.Gate(unroll.Activated(step), b, 1);
            ReadOnlySpan<T> f = unroll.Gate(unroll.Activated(step), b, 2), g = unroll.Gate(unroll.Activated(step), b, 3);
            Span<T> di = unroll.Gate(unroll.SumGradient, b, 0), @do = unroll.Gate(unroll.SumGradient, b, 1);
            Span<T> df = unroll.Gate(unroll.SumGradient, b, 2), dg = unroll.Gate(unroll.SumGradient, b, 3);
            for (int k = 0; k < hidden.Length; k++)
                @do[k] = hidden[k] * bounded[k];
            unroll.Deactivate(step, b, 1, 0);
            unroll.PeepBack(b, 1, 1, cell, change);
            for (int k = 0; k < hidden.Length; k++)
            {
                change[k] += hidden[k] * o[k] * unroll.Derivative(2, cell[k], bounded[k]);
                di[k] = change[k] * (coupled ? g[k] - before[k] : g[k]);
                df[k] = coupled ? T.Zero : change[k] * before[k];
                dg[k] = change[k] * i[k];
                change[k] *= coupled ? T.One - i[k] : f[k];
            }
            hidden.Clear();
            unroll.Deactivate(step, b, 0, 0);
            unroll.Deactivate(step, b, 2, 0);
            unroll.Deactivate(step, b, 3, 1);
            unroll.PeepBack(b, 0, 0, before, change);
            unroll.PeepBack(b, 2, 2, before, change);
        }
        unroll.MultiplyBack(0, 4, unroll.Before(step), unroll.SumGradient, 0, unroll.HiddenGradient);
    }

    private static void Peep<T>(RecurrentUnroll<T> unroll, int step, int gate, int part, T[] cell)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (unroll.Peepholes is null)
            return;
        for (int b = 0; b < unroll.Batch; b++)
            GradientSums.AddProducts(unroll.Peepholes.AsSpan(part * unroll.Size, unroll.Size), unroll.Row(cell, b),
                unroll.Gate(unroll.Sums(step), b, gate));
    }
}
