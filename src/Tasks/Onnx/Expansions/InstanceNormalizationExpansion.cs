using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// InstanceNormalization: each channel of each image on its own, as a layer normalisation of rows (D. Ulyanov et al., "Instance
/// Normalization", 2016).
/// </summary>
[RewrittenOperator("InstanceNormalization")]
[Input(0, "input", Elements.Floats, Variable = "T")]
[Input(1, "scale", Elements.Floats, Variable = "T")]
[Input(2, "B", Elements.Floats, Variable = "T")]
[Output(0, "output")]
[Parameter("consumed_inputs", ParameterKind.Ints, Until = 5)]
[Parameter("epsilon", ParameterKind.Float)]
internal sealed class InstanceNormalizationExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType x = context.Type(0);
        if (x.Rank < 2 || context.Type(1).Count != x.Dimensions[1] || context.Type(2).Count != x.Dimensions[1])
            throw context.Invalid($"its input is {x}, its scale {context.Type(1)} and its bias {context.Type(2)}");
        string rows = ChannelStatistics.Normalise(context, x.Dimensions[1], context.Node.Float("epsilon", 1e-5f));
        context.Return(0, ChannelStatistics.ScaleChannels(context, rows, context[1], context[2]));
    }
}
