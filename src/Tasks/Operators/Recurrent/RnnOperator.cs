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
}
