using OptimizerBuild.Kernels;

namespace OptimizerBuild.Lowering.Coding;

/// <summary>The elements as they are.</summary>
internal sealed class PlainWeightCode : WeightCode
{
    /// <inheritdoc/>
    public override string Name => "plain";

    /// <inheritdoc/>
    public override string Kernel => nameof(PlainCode);

    /// <inheritdoc/>
    public override int Rank => 0;

    /// <inheritdoc/>
    public override byte[] Encode(WeightRun run)
    {
        if (run.IsWhole)
            return run.Memory.AsSpan(run.Offset, CodedWeights.Bytes(run.Count, run.Width, run.Step)).ToArray();
        var bytes = new byte[run.Count];
        for (int i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)run[i];
        return bytes;
    }
}
