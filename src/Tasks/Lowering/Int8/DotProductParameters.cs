using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Lowering.Int8;

/// <summary>
/// The constants of an integer dot product as its kernel reads them (docs/arithmetic.md, Dot products and Requantisation): biases with
/// the zero-point correction folded in, multipliers and shift, and whether 32-bit sums are proved safe.
/// </summary>
/// <param name="Biases">One bias for each output channel, correction included.</param>
/// <param name="Multipliers">One multiplier for each output channel.</param>
/// <param name="Shift">The shift they share.</param>
/// <param name="NeedsBlocks">Whether the sums may leave 32 bits, so that the kernel that adds blocks in 64 bits is needed.</param>
/// <param name="Minimum">The least output of a u8 layer.</param>
/// <param name="Maximum">The greatest output of a u8 layer.</param>
internal sealed record DotProductParameters(long[] Biases, int[] Multipliers, int Shift, bool NeedsBlocks, int Minimum, int Maximum)
{
    /// <summary>Derives the constants.</summary>
    /// <param name="node">The node, for the fused activation and for messages.</param>
    /// <param name="weights">The quantised weights.</param>
    /// <param name="rows">The weights as [channel][k], in s8.</param>
    /// <param name="input">The input's quantisation.</param>
    /// <param name="output">The output's quantisation.</param>
    public static DotProductParameters Of(
        Node node, WeightQuantization weights, ReadOnlySpan<sbyte> rows, ActivationQuantization input, ActivationQuantization output)
    {
        int channels = weights.Scales.Length;
        int length = rows.Length / channels;
        var biases = new long[channels];
        var magnitudes = new long[channels];
        bool blocks = false;
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
            blocks |= magnitudes[c] >= 1L << 31;
        }

        FixedPointMultipliers multipliers = FixedPointMultipliers.Of([.. weights.Scales.Select(s => input.Scale * s / output.Scale)]);
        int[] values = [.. multipliers.Multipliers];
        int shift = multipliers.Shift;
        while (!Bounded(magnitudes, values) && shift > 1)
        {
            // |acc · M| must stay below 2^62, so that the rounding constant can be added: fewer bits of multiplier where sums are huge.
            shift--;
            values = Array.ConvertAll(values, m => (int)((m + 1L) >> 1));
        }
        if (!Bounded(magnitudes, values))
            throw LoweringContext.NoKernel(node, "its sums leave the 64 bits of requantisation");
        (int minimum, int maximum) = ConstantQuantizer.ActivationLevels(node, output);
        return new(biases, values, shift, blocks, minimum, maximum);
    }

    /// <summary>Writes biases and multipliers into the weights, rounded up as the kernel wants them.</summary>
    /// <param name="weights">The weights.</param>
    /// <param name="groups">The number of groups of channels.</param>
    /// <param name="padded">Channels of a group, rounded up.</param>
    /// <returns>Offsets of the biases and the multipliers.</returns>
    public (int Bias, int Multipliers) Store(WeightsBlob weights, int groups, int padded)
    {
        int perGroup = Biases.Length / groups;
        var multipliers = new int[groups * padded];
        var wide = new long[groups * padded];
        for (int c = 0; c < Biases.Length; c++)
        {
            int at = (c / perGroup * padded) + (c % perGroup);
            multipliers[at] = Multipliers[c];
            wide[at] = Biases[c];
        }
        int bias = NeedsBlocks ? weights.Add<long>(wide) : weights.Add<int>(Array.ConvertAll(wide, b => checked((int)b)));
        return (bias, weights.Add<int>(multipliers));
    }

    /// <summary>Writes biases and multipliers of a depthwise convolution into the weights, in the order of its kernel's lanes.</summary>
    /// <param name="weights">The weights.</param>
    /// <returns>Offsets of the biases and the multipliers.</returns>
    public (int Bias, int Multipliers) StoreDepthwise(WeightsBlob weights)
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

    private static bool Bounded(long[] magnitudes, int[] multipliers)
    {
        for (int c = 0; c < magnitudes.Length; c++)
            if ((Int128)magnitudes[c] * multipliers[c] >= (Int128)1 << 62)
                return false;
        return true;
    }
}
