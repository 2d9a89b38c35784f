using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// GRU (K. Cho et al., 2014); with <c>linear_before_reset</c> the reset gate meets the product with the state instead of the state. The
/// gates' weights lie in the order update, reset, hidden.
/// </summary>
[RewrittenOperator("GRU")]
[Parameter("linear_before_reset", ParameterKind.Int, From = 3)]
internal sealed class GruExpansion : RecurrentLayer
{
    /// <inheritdoc/>
    protected override int Gates => 3;

    /// <inheritdoc/>
    protected override string[] DefaultActivations => ["Sigmoid", "Tanh"];

    /// <inheritdoc/>
    protected override string InputBias(ExpansionContext context, RecurrentCell cell, string inputBias, string stateBias)
    {
        if (!IsLinearBeforeReset(context))
            return context.Add("Add", inputBias, stateBias);
        // The hidden gate's second bias stands inside of what the reset gate multiplies.
        string gates = context.Add("Add", cell.Gate(context, inputBias, 0, 2), cell.Gate(context, stateBias, 0, 2));
        return context.Add(ExpansionContext.New("Concat", gates, cell.Gate(context, inputBias, 2)).With("axis", 0));
    }

    /// <inheritdoc/>
    protected override string[] Step(ExpansionContext context, RecurrentCell cell, string input, string[] states)
    {
        string before = states[0];
        bool linear = IsLinearBeforeReset(context);
        string weights = linear ? cell.StateWeights : cell.Gate(context, cell.StateWeights, 0, 2);
        string product = context.Add("MatMul", before, weights);
        string gates = cell.Activate(context, 0, context.Add("Add", cell.Gate(context, input, 0, 2), cell.Gate(context, product, 0, 2)));
        (string update, string reset) = (cell.Gate(context, gates, 0), cell.Gate(context, gates, 1));
        string hidden;
        if (linear)
        {
            string part = cell.Gate(context, product, 2);
            if (cell.StateBias is not null)
                part = context.Add("Add", part, cell.Gate(context, cell.StateBias, 2));
            hidden = context.Add("Mul", reset, part);
        }
        else
        {
            hidden = context.Add("MatMul", context.Add("Mul", reset, before), cell.Gate(context, cell.StateWeights, 2));
        }
        string candidate = cell.Activate(context, 1, context.Add("Add", cell.Gate(context, input, 2), hidden));
        // (1 − z) · candidate + z · before
        string kept = context.Add("Mul", update, context.Add("Sub", before, candidate));
        return [context.Add("Add", candidate, kept)];
    }

    private static bool IsLinearBeforeReset(ExpansionContext context) => context.Node.Int("linear_before_reset", 0) != 0;
}
