using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;

namespace OptimizerBuild.Operators.Recurrent;

/// <summary>
/// GRU (K. Cho et al., 2014) behind the products with its inputs (internal operator GRU); with <c>linear_before_reset</c> the reset gate
/// meets the product with the state, to which input B [directions, size] is added, instead of the state. The gates lie in the order update,
/// reset, candidate.
/// </summary>
[Operator("GRU", Domain = Node.InternalDomain)]
[Parameter("linear_before_reset", ParameterKind.Int)]
internal sealed class GruOperator : RecurrentOperator
{
    /// <inheritdoc/>
    public override int Gates => 3;

    /// <inheritdoc/>
    public override string[] DefaultActivations => ["Sigmoid", "Tanh"];

    /// <summary>Whether the reset gate meets the product with the state (attribute <c>linear_before_reset</c>).</summary>
    public static bool IsLinear(Node node) => node.Int("linear_before_reset", 0) != 0;

    /// <inheritdoc/>
    protected override void Step(RecurrentDirection direction, ReadOnlySpan<float> input, Span<float> hidden, Span<float> cell)
    {
        int size = direction.Size;
        float[] gates = input[..(2 * size)].ToArray();
        float[] candidate;
        if (IsLinear(direction.Node))
        {
            candidate = direction.Bias is null ? new float[size] : (float[])direction.Bias.Clone();
            direction.Multiply(0, hidden, gates);
            direction.Multiply(2 * size, hidden, candidate);
            direction.Activate(0, gates);
            for (int k = 0; k < size; k++)
                candidate[k] = MathF.FusedMultiplyAdd(gates[size + k], candidate[k], input[(2 * size) + k]);
        }
        else
        {
            candidate = input[(2 * size)..].ToArray();
            direction.Multiply(0, hidden, gates);
            direction.Activate(0, gates);
            var kept = new float[size];
            for (int k = 0; k < size; k++)
                kept[k] = gates[size + k] * hidden[k];
            direction.Multiply(2 * size, kept, candidate);
        }
        direction.Activate(1, candidate);
        for (int k = 0; k < size; k++)
            hidden[k] = MathF.FusedMultiplyAdd(gates[k], hidden[k] - candidate[k], candidate[k]);
    }

    /// <inheritdoc/>
    protected internal override void StepForward<T>(RecurrentUnroll<T> unroll, int step)
    {
        bool linear = IsLinear(unroll.Node);
        T[] kept = unroll.Kept(step);
        unroll.Multiply(0, 2, unroll.Before(step), unroll.Sums(step), 0);
        unroll.Activate(step, 0, 0);
        unroll.Activate(step, 1, 0);
        // What the reset gate meets: the product with the state, or the state itself.
        if (linear)
            unroll.MultiplyAlone(2, unroll.Before(step), kept);
        for (int b = 0; b < unroll.Batch; b++)
        {
            ReadOnlySpan<T> r = unroll.Gate(unroll.Activated(step), b, 1), before = unroll.Row(unroll.Before(step), b);
            Span<T> row = unroll.Row(kept, b);
            if (linear)
                GradientSums.AddProducts(r, row, unroll.Gate(unroll.Sums(step), b, 2));
            else
                for (int k = 0; k < row.Length; k++)
                    row[k] = r[k] * before[k];
        }
        if (!linear)
            unroll.Multiply(2, 1, kept, unroll.Sums(step), 2);
        unroll.Activate(step, 2, 1);
        for (int b = 0; b < unroll.Batch; b++)
        {
            if (!unroll.Runs(b, step))
                continue;
            ReadOnlySpan<T> z = unroll.Gate(unroll.Activated(step), b, 0), candidate = unroll.Gate(unroll.Activated(step), b, 2);
            ReadOnlySpan<T> before = unroll.Row(unroll.Before(step), b);
            Span<T> hidden = unroll.Row(unroll.Before(step + 1), b);
            for (int k = 0; k < hidden.Length; k++)
                hidden[k] = T.FusedMultiplyAdd(z[k], before[k] - candidate[k], candidate[k]);
        }
    }

    /// <inheritdoc/>
    protected internal override void StepBackward<T>(RecurrentUnroll<T> unroll, int step)
    {
        bool linear = IsLinear(unroll.Node);
        T[] kept = unroll.Kept(step), product = unroll.KeptGradient;
        Array.Clear(product);
        for (int b = 0; b < unroll.Batch; b++)
        {
            if (!unroll.Runs(b, step))
                continue;
            Span<T> hidden = unroll.Row(unroll.HiddenGradient, b);
            ReadOnlySpan<T> z = unroll.Gate(unroll.Activated(step), b, 0), candidate = unroll.Gate(unroll.Activated(step), b, 2);
            ReadOnlySpan<T> before = unroll.Row(unroll.Before(step), b);
            Span<T> dz = unroll.Gate(unroll.SumGradient, b, 0), dCandidate = unroll.Gate(unroll.SumGradient, b, 2);
            for (int k = 0; k < hidden.Length; k++)
            {
                dz[k] = hidden[k] * (before[k] - candidate[k]);
                dCandidate[k] = hidden[k] * (T.One - z[k]);
                hidden[k] *= z[k];
            }
            unroll.Deactivate(step, b, 0, 0);
            unroll.Deactivate(step, b, 2, 1);
        }
        if (!linear)
            unroll.MultiplyBack(2, 1, kept, unroll.SumGradient, 2, product);
        for (int b = 0; b < unroll.Batch; b++)
        {
            if (!unroll.Runs(b, step))
                continue;
            ReadOnlySpan<T> r = unroll.Gate(unroll.Activated(step), b, 1), dCandidate = unroll.Gate(unroll.SumGradient, b, 2);
            ReadOnlySpan<T> before = unroll.Row(unroll.Before(step), b);
            Span<T> dr = unroll.Gate(unroll.SumGradient, b, 1), row = unroll.Row(product, b), held = unroll.Row(kept, b);
            for (int k = 0; k < dr.Length; k++)
            {
                dr[k] = linear ? dCandidate[k] * held[k] : row[k] * before[k];
                row[k] = linear ? dCandidate[k] * r[k] : row[k] * r[k];
            }
            unroll.Deactivate(step, b, 1, 0);
        }
        if (linear)
            unroll.MultiplyAloneBack(2, unroll.Before(step), product, unroll.HiddenGradient);
        else
            GradientSums.Add<T>(product, unroll.HiddenGradient);
        unroll.MultiplyBack(0, 2, unroll.Before(step), unroll.SumGradient, 0, unroll.HiddenGradient);
    }
}
