using System.Runtime.InteropServices;

namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>
/// Float32 weights some blocks of which are zero, and those that are not in the order of the sparse kernels: 16 outputs times four
/// neighbouring inputs of a tap. A tap's last block begins four inputs before its end.
/// </summary>
internal sealed class Float32Blocks
{
    private readonly List<float> _blocks = [];
    private readonly List<ushort> _columns = [];
    private readonly List<int> _starts = [];

    /// <summary>Sets blocks to zero and packs the others.</summary>
    /// <param name="weights">The weights; changed.</param>
    /// <param name="groups">Number of groups.</param>
    /// <param name="outputs">Outputs of a group.</param>
    /// <param name="taps">Number of taps.</param>
    /// <param name="run">Inputs of a tap, at least four.</param>
    /// <param name="index">Where the weight of a group, output and product lies.</param>
    /// <param name="percent">How many of a hundred blocks become zero.</param>
    /// <param name="random">Which.</param>
    public Float32Blocks(
        float[] weights, int groups, int outputs, int taps, int run, Func<int, int, int, int> index, int percent, Random random)
    {
        for (int panel = 0; panel < groups * ((outputs + 15) / 16); panel++)
        {
            int group = panel / ((outputs + 15) / 16), first = panel % ((outputs + 15) / 16) * 16;
            for (int tap = 0; tap < taps; tap++)
            {
                _starts.Add(_columns.Count);
                for (int k = 0; k < run; k += 4)
                {
                    bool isKept = random.Next(100) >= percent;
                    int column = Math.Min(k, run - 4);
                    var block = new float[64];
                    for (int i = k; i < Math.Min(k + 4, run); i++)
                        for (int o = first; o < Math.Min(first + 16, outputs); o++)
                        {
                            ref float weight = ref weights[index(group, o, (tap * run) + i)];
                            weight = isKept ? weight : 0;
                            block[((i - column) * 16) + o - first] = weight;
                        }
                    if (!isKept)
                        continue;
                    _blocks.AddRange(block);
                    _columns.Add((ushort)column);
                }
            }
        }
        _starts.Add(_columns.Count);
    }

    /// <summary>The blocks.</summary>
    public float[] Blocks => [.. _blocks];

    /// <summary>Their first inputs.</summary>
    public ushort[] Columns => [.. _columns];

    /// <summary>For each group, panel and tap the number of its first block, and that of all.</summary>
    public int[] Starts => [.. _starts];

    /// <summary>Adds blocks, places and bounds to a case's weights and returns their offsets.</summary>
    public (int Blocks, int Columns, int Starts) AddTo(CaseData data) =>
        (data.AddWeights(MemoryMarshal.AsBytes<float>(Blocks)), data.AddWeights(MemoryMarshal.AsBytes<ushort>(Columns)),
            data.AddWeights(Starts));
}
