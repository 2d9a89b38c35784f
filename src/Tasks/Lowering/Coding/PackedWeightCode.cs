using System.Numerics;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Lowering.Coding;

/// <summary>
/// A list of the different elements and their numbers in as few bits as hold them all: how shared weights (S. Han, H. Mao, W. Dally, "Deep
/// Compression", arXiv 1510.00149, section 3) and weights of four bits are stored.
/// </summary>
internal sealed class PackedWeightCode : WeightCode
{
    /// <inheritdoc/>
    public override string Name => "packed";

    /// <inheritdoc/>
    public override string Kernel => nameof(PackedCode);

    /// <inheritdoc/>
    public override int Rank => 1;

    /// <summary>The bits that number so many different elements.</summary>
    public static int Bits(int different) => different <= 1 ? 0 : 32 - BitOperations.LeadingZeroCount((uint)different - 1);

    /// <inheritdoc/>
    public override byte[]? Encode(WeightRun run)
    {
        if (run.Symbols is not ({ } values, { } symbols))
            return null;
        int bits = Bits(values.Length);
        var sink = new BitSink();
        foreach (byte symbol in symbols)
            sink.Add(symbol, bits);
        return [.. WeightRun.Header(values, run.Width), .. sink.ToArray()];
    }
}
