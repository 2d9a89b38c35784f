using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// GroupNormalization: groups of channels of each image on their own, as a layer normalisation of rows (Y. Wu and K. He, "Group
/// Normalization", 2018). Scale and bias are one for each group before opset 21, since then one for each channel.
/// </summary>
[RewrittenOperator("GroupNormalization")]
[Input(0, "X", Elements.Floats, Variable = "T")]
[Input(1, "scale", Elements.Floats, Variable = "T")]
[Input(2, "bias", Elements.Floats, Variable = "T")]
[Output(0, "Y")]
[Parameter("epsilon", ParameterKind.Float)]
[Parameter("num_groups", ParameterKind.Int, Required = true, Minimum = 1)]
[Parameter("stash_type", ParameterKind.Int)]
internal sealed class GroupNormalizationExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType x = context.Type(0);
        long groups = context.Node.Int("num_groups", 1);
        if (x.Rank < 2 || x.Dimensions[1] % groups != 0)
            throw context.Invalid($"its input is {x}, whose channels are no {groups} groups of equal size");
        long channels = x.Dimensions[1];
        string rows = ChannelStatistics.Normalise(context, groups, context.Node.Float("epsilon", 1e-5f));
        context.Return(0, ChannelStatistics.ScaleChannels(context, rows, ForChannels(1), ForChannels(2)));

        string ForChannels(int input)
        {
            int count = context.Type(input).Count;
            if (count == channels)
                return context[input];
            if (count != groups)
                throw context.Invalid($"its input {input} is {context.Type(input)} for {channels} channels in {groups} groups");
            string column = context.Reshape(context[input], groups, 1);
            return context.Reshape(context.Add("Expand", column, context.Ints(groups, channels / groups)), channels);
        }
    }
}
