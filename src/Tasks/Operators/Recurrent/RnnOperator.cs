using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Recurrent;

/// <summary>
/// RNN behind the products with its inputs (internal operator RNN): the state is an activation of a product with the input plus one with
/// the state before (J. L. Elman, 1990).
/// </summary>
[Operator("RNN", Domain = Node.InternalDomain)]
internal sealed class RnnOperator : RecurrentOperator
{
    /// <inheritdoc/>
    public override int Gates => 1;

    /// <inheritdoc/>
    public override string[] DefaultActivations => ["Tanh"];

    /// <inheritdoc/>
    protected override void Step(RecurrentDirection direction, ReadOnlySpan<float> input, Span<float> hidden, Span<float> cell)
    {
        float[] sums = input.ToArray();
        direction.Multiply(0, hidden, sums);
        direction.Activate(0, sums);
        sums.CopyTo(hidden);
    }

    /// <inheritdoc/>
    protected internal override void StepForward<T>(RecurrentUnroll<T> unroll, int step)
    {
        unroll.Multiply(0, 1, unroll.Before(step), unroll.Sums(step), 0);
        unroll.Activate(step, 0, 0);
        for (int b = 0; b < unroll.Batch; b++)
            if (unroll.Runs(b, step))
                unroll.Gate(unroll.Activated(step), b, 0).CopyTo(unroll.Row(unroll.Before(step + 1), b));
    }

    /// <inheritdoc/>
    protected internal override void StepBackward<T>(RecurrentUnroll<T> unroll, int step)
    {
        for (int b = 0; b < unroll.Batch; b++)
        {
            if (!unroll.Runs(b, step))
                continue;
            Span<T> hidden = unroll.Row(unroll.HiddenGradient, b);
            hidden.CopyTo(unroll.Gate(unroll.SumGradient, b, 0));
            hidden.Clear();
            unroll.Deactivate(step, b, 0, 0);
        }
        unroll.MultiplyBack(0, 1, unroll.Before(step), unroll.SumGradient, 0, unroll.HiddenGradient);
    }
}
