namespace OptimizerBuild.Lowering.Float32;

/// <summary>Packs constant weights as the float32 products read them: panels of 16 outputs, k-major, filled up with zeros.</summary>
internal static class Float32Packing
{
    /// <summary>Outputs in a panel.</summary>
    public const int Panel = 16;

    /// <summary>A number of outputs rounded up to whole panels.</summary>
    public static int Rounded(int outputs) => (outputs + Panel - 1) / Panel * Panel;

    /// <summary>Packs the weights of several groups.</summary>
    /// <param name="groups">The number of groups.</param>
    /// <param name="outputs">Outputs of a group.</param>
    /// <param name="inputs">The number of products in a sum.</param>
    /// <param name="weight">The weight of a group, an output and a k.</param>
    public static float[] Weights(int groups, int outputs, int inputs, Func<int, int, int, float> weight)
    {
        int rounded = Rounded(outputs);
        var packed = new float[checked(groups * rounded * inputs)];
        int at = 0;
        for (int g = 0; g < groups; g++)
        {
            for (int panel = 0; panel < rounded; panel += Panel)
            {
                for (int k = 0; k < inputs; k++)
                {
                    for (int o = panel; o < panel + Panel; o++, at++)
                        if (o < outputs)
                            packed[at] = weight(g, o, k);
                }
            }
        }
        return packed;
    }

    /// <summary>Packs the biases of several groups.</summary>
    public static float[] Biases(int groups, int outputs, ReadOnlySpan<float> bias)
    {
        int rounded = Rounded(outputs);
        var packed = new float[groups * rounded];
        for (int g = 0; g < groups && bias.Length > 0; g++)
            bias.Slice(g * outputs, outputs).CopyTo(packed.AsSpan(g * rounded));
        return packed;
    }
}
