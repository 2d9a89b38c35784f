using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>RNN: the state is an activation of a product with the input plus one with the state before (J. L. Elman, 1990).</summary>
[RewrittenOperator("RNN")]
internal sealed class RnnExpansion : RecurrentLayer
{
    /// <inheritdoc/>
    protected override int Gates => 1;

    /// <inheritdoc/>
    protected override string[] DefaultActivations => ["Tanh"];

    /// <inheritdoc/>
    protected override string[] Step(ExpansionContext context, RecurrentCell cell, string input, string[] states)
    {
        string sum = context.Add("Add", input, context.Add("MatMul", states[0], cell.StateWeights));
        return [cell.Activate(context, 0, sum)];
    }
}
