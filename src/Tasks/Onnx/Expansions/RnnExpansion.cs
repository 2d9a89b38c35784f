using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Recurrent;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>RNN: the state is an activation of a product with the input plus one with the state before.</summary>
[RewrittenOperator("RNN")]
internal sealed class RnnExpansion : RecurrentExpansion<RnnOperator>;
