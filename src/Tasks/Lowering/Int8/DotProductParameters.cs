using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Lowering.Int8;

/// <summary>
/// The constants of an integer dot product as its kernel reads them (docs/arithmetic.md, Dot products and Requantisation): biases with
/// the zero-point correction folded in, multipliers and shift.
/// </summary>
/// <param name="Biases">One bias for each output channel, correction included.</param>
/// <param name="Multipliers">One multiplier for each output channel.</param>
/// <param name="Shift">The shift they share.</param>
/// <param name="Minimum">The least output of a u8 layer.</param>
/// <param name="Maximum">The greatest output of a u8 layer.</param>
internal sealed record DotProductParameters(long[] Biases, int[] Multipliers, int Shift, int Minimum, int Maximum)
{
    /// <summary>Derives the constants, and proves that the layout's sums are wide enough.</summary>
    /// <param name="node">The node, for the fused activation and for messages.</param>
    /// <param name="weights">The quantised weights.</param>
    /// <param name="layout">Their layout.</param>
    /// <param name="input">The input's quantisation.</param>
    /// <param name="output">The output's quantisation.</param>
    /// <exception cref="InvalidOperationException">Sums that the layout takes for 32-bit ones may be larger.</exception>
    public static DotProductParameters Of(
        Node node, WeightQuantization weights, WeightLayout layout, ActivationQuantization input, ActivationQuantization output)
    {
        int channels = weights.Scales.Length;
        int length = layout.Length;
        ReadOnlySpan<sbyte> rows = layout.Rows(weights.Values);
        var biases = new long[channels];
        var magnitudes = new long[channels];
        for (int c = 0; c < channels; c++)
        {
            long sum = 0;
            long absolute = 0;
            foreach (sbyte w in rows.Slice(c * length, length))
            {
                sum += w;
                absolute += Math.Abs((int)w);
            }
            biases[c] = weights.Bias[c] - (input.ZeroPoint * sum);
            magnitudes[c] = Math.Abs(biases[c]) + (255 * absolute);
            if (magnitudes[c] >= AccumulatorBound.Limit && !layout.AddsBlocks)
                throw new InvalidOperationException($"the sums of channel {c} of node '{node.Name}' may leave 32 bits");
        }

        // |acc · M| must stay below 2^62, so that the rounding constant can be added: fewer bits of multiplier where sums are huge.
        FixedPointMultipliers multipliers = FixedPointMultipliers.Of([.. weights.Scales.Select(s => input.Scale * s / output.Scale)])
            .For(magnitudes);
        if (!multipliers.Suit(magnitudes))
            throw LoweringContext.NoKernel(node, "its sums leave the 64 bits of requantisation");
        var levels = new OutputLevels(output, node.ActivationBounds());
        return new(biases, multipliers.Multipliers, multipliers.Shift, levels.Minimum, levels.Maximum);
    }

    /// <summary>Writes biases and multipliers into the weights, in the order and number that the layout's kernel reads.</summary>
    /// <param name="weights">The weights.</param>
    /// <param name="layout">The layout.</param>
    /// <returns>Offsets of the biases and the multipliers.</returns>
    public (int Bias, int Multipliers) Store(WeightsBlob weights, WeightLayout layout)
    {
        if (layout.Order == WeightOrder.Depthwise)
            return StoreDepthwise(weights);
        int padded = Int8Packing.PaddedOutputs(layout.Outputs);
        var multipliers = new int[layout.Groups * padded];
        var wide = new long[multipliers.Length];
        for (int c = 0; c < Biases.Length; c++)
        {
            int at = (c / layout.Outputs * padded) + (c % layout.Outputs);
            multipliers[at] = Multipliers[c];
            wide[at] = Biases[c];
        }
        int bias = layout.AddsBlocks ? weights.Add<long>(wide) : weights.Add<int>(Array.ConvertAll(wide, b => checked((int)b)));
        return (bias, weights.Add<int>(multipliers));
    }

    // Channels in the order of the kernel's lanes.
    private (int Bias, int Multipliers) StoreDepthwise(WeightsBlob weights)
    {
        var biases = new int[Int8DepthwiseLayout.PaddedChannels(Biases.Length)];
        var multipliers = new int[biases.Length];
        for (int c = 0; c < Biases.Length; c++)
        {
            int lane = Int8DepthwiseLayout.Lane(c, Biases.Length);
            biases[lane] = checked((int)Biases[c]);
            multipliers[lane] = Multipliers[c];
        }
        return (weights.Add<int>(biases), weights.Add<int>(multipliers));
    }
}
