using OptimizerBuild.Graphs;

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
}
