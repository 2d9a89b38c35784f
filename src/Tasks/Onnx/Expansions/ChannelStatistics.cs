using OptimizerBuild.Graphs;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>What normalisations by the statistics of channels or of groups of them have in common.</summary>
internal static class ChannelStatistics
{
    /// <summary>The first input with mean 0 and variance 1 in each group of channels of each image, in its own shape.</summary>
    public static string Normalise(ExpansionContext context, long groups, float epsilon)
    {
        TensorType x = context.Type(0);
        long row = x.Count / Math.Max(x.Dimensions[0] * groups, 1);
        if (row == 0)
            return context[0];
        string rows = context.Reshape(context[0], x.Dimensions[0] * groups, row);
        string ones = context.Cast(context.Add(Tensor.Of([.. Enumerable.Repeat(1f, (int)row)], (int)row)), x.Element);
        string normalised = context.Add(ExpansionContext.New("LayerNormalization", rows, ones)
            .With("epsilon", new AttributeValue.Float(epsilon)).With("axis", -1));
        return context.Reshape(normalised, x.Dimensions.AsSpan());
    }

    /// <summary>A value times one factor for each channel, plus one summand.</summary>
    public static string ScaleChannels(ExpansionContext context, string value, string scale, string bias)
    {
        TensorType type = context.TypeOf(value);
        long[] shape = [type.Dimensions[1], .. Enumerable.Repeat(1L, type.Rank - 2)];
        return context.Add("Add", context.Add("Mul", value, context.Reshape(scale, shape)), context.Reshape(bias, shape));
    }
}
