namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>The weights of a case in four bits, perhaps times a factor for each output and group of inputs.</summary>
internal sealed class NibbleWeights
{
    private readonly int _groups;
    private readonly int _outputs;
    private readonly int _quads;
    private readonly int _tapQuads;

    /// <summary>Brings weights into the range of four bits.</summary>
    /// <param name="weights">[groups · outputs][inputs][taps]; changed.</param>
    /// <param name="groups">Number of groups of channels.</param>
    /// <param name="outputs">Output channels of a group.</param>
    /// <param name="inputs">Input channels of a group, a multiple of 4.</param>
    /// <param name="taps">The window's taps.</param>
    /// <param name="groupInputs">Inputs that share a factor; 0: no factors.</param>
    /// <param name="random">Which factors.</param>
    public NibbleWeights(sbyte[] weights, int groups, int outputs, int inputs, int taps, int groupInputs, Random random)
    {
        (_groups, _outputs, _quads, _tapQuads, GroupInputs) = (groups, outputs, inputs * taps / 4, inputs / 4, groupInputs);
        for (int o = 0; o < groups * outputs; o++)
        {
            int[] factors = [.. Enumerable.Range(0, (inputs / Math.Max(groupInputs, 1)) + 1)
                .Select(_ => groupInputs == 0 ? 1 : random.Next(4) == 0 ? 9 : random.Next(1, 10))];
            for (int i = 0; i < inputs; i++)
                for (int t = 0; t < taps; t++)
                {
                    ref sbyte weight = ref weights[(((o * inputs) + i) * taps) + t];
                    int level = Math.Abs((int)weight) >= 64 ? 7 * Math.Sign(weight) : weight % 8;
                    weight = (sbyte)(level * factors[groupInputs == 0 ? 0 : i / groupInputs]);
                }
        }
    }

    /// <summary>Inputs that share a factor; 0: there are no factors.</summary>
    public int GroupInputs { get; }

    /// <summary>Adds codes and factors to a case's weights and returns their offsets.</summary>
    /// <param name="data">The case.</param>
    /// <param name="dense">The layer in the layout of s8 panels.</param>
    public (int Codes, int Factors) AddTo(CaseData data, byte[] dense)
    {
        if (!Int4Packing.TryPack(dense, _groups, _outputs, _quads, _tapQuads, GroupInputs / 4, out byte[] codes, out byte[] factors)
            || !Int4Packing.Unpack(codes, factors, _groups, _outputs, _quads, _tapQuads, GroupInputs / 4).SequenceEqual(dense))
            throw new InvalidOperationException("weights of four bits are packed wrongly");
        return (data.AddWeights(codes), factors.Length == 0 ? 0 : data.AddWeights(factors));
    }

    /// <summary>The layer.</summary>
    public Int4Product Of(Int8Product product, int factors) =>
        new() { Product = product, Factors = factors, GroupQuads = GroupInputs / 4, TapQuads = _tapQuads };
}
