namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>The weights of a case some blocks of which are zero: 16 outputs times four neighbouring inputs.</summary>
internal sealed class SparseWeights
{
    private readonly byte[] _dense;
    private readonly int _groups;
    private readonly int _outputs;
    private readonly int _segments;
    private readonly int _quads;

    /// <summary>Sets blocks of packed weights to zero.</summary>
    /// <param name="dense">The layer in the layout of dense panels; changed.</param>
    /// <param name="groups">Number of groups.</param>
    /// <param name="outputs">Output channels of a group.</param>
    /// <param name="segments">Segments to an output.</param>
    /// <param name="length">Inputs of a segment.</param>
    /// <param name="percent">How many of a hundred blocks become zero.</param>
    /// <param name="random">Which.</param>
    public SparseWeights(byte[] dense, int groups, int outputs, int segments, int length, int percent, Random random)
    {
        (_dense, _groups, _outputs, _segments, _quads) = (dense, groups, outputs, segments, (length + 3) / 4);
        int at = 0;
        for (int panel = 0; panel < groups * ((outputs + 15) / 16); panel++)
        {
            int left = Int8Packing.PaddedOutputs(outputs) - (panel % ((outputs + 15) / 16) * 16);
            int bytes = left >= 16 ? 64 : 32;
            for (int quad = 0; quad < segments * _quads; quad++, at += bytes)
                if (random.Next(100) < percent)
                    dense.AsSpan(at, bytes).Clear();
        }
    }

    /// <summary>Adds blocks, places and bounds to a case's weights and returns their offsets.</summary>
    public (int Blocks, int Columns, int Starts) AddTo(CaseData data)
    {
        Int8SparsePacking.Pack(
            _dense, _groups, _outputs, _segments, _quads, out byte[] blocks, out ushort[] columns, out int[] starts);
        return (data.AddWeights(blocks), data.AddWeights(System.Runtime.InteropServices.MemoryMarshal.AsBytes<ushort>(columns)),
            data.AddWeights(starts));
    }
}
