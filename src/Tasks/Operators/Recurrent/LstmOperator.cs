using OptimizerBuild.Graphs;

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
}
