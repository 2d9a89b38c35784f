using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Recurrent;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>GRU; with <c>linear_before_reset</c> the reset gate meets the product with the state instead of the state.</summary>
[RewrittenOperator("GRU")]
[Parameter("linear_before_reset", ParameterKind.Int, From = 3)]
internal sealed class GruExpansion : RecurrentExpansion<GruOperator>
{
    /// <inheritdoc/>
    protected override Node With(ExpansionContext context, Node loop) => IsLinear(context) ? loop.With("linear_before_reset", 1) : loop;

    // The candidate's second bias stands inside of what the reset gate multiplies.
    /// <inheritdoc/>
    protected override int KeptRows(ExpansionContext context, int size) => IsLinear(context) ? size : 0;

    private static bool IsLinear(ExpansionContext context) => context.Node.Int("linear_before_reset", 0) != 0;
}
