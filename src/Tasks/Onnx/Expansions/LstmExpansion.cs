using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Recurrent;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>LSTM, with peepholes and with input and forget gate coupled where the node says so.</summary>
[RewrittenOperator("LSTM")]
[Input(6, "initial_c", Elements.Floats, Variable = "T", Optional = true)]
[Input(7, "P", Elements.Floats, Variable = "T", Optional = true)]
[Output(2, "Y_c", Optional = true)]
[Parameter("input_forget", ParameterKind.Int)]
internal sealed class LstmExpansion : RecurrentExpansion<LstmOperator>
{
    /// <inheritdoc/>
    protected override Node With(ExpansionContext context, Node loop) =>
        context.Node.Int("input_forget", 0) != 0 ? loop.With("input_forget", 1) : loop;
}
