using System.Buffers.Binary;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Lowering.Coding;

/// <summary>
/// The elements that are not zero, and how many zeros stand before each in a Rice code (S. Golomb, "Run-length encodings", 1966): how
/// pruned weights are stored.
/// </summary>
internal sealed class SparseWeightCode : WeightCode
{
    /// <inheritdoc/>
    public override string Name => "sparse";

    /// <inheritdoc/>
    public override string Kernel => nameof(SparseCode);

    /// <inheritdoc/>
    public override int Rank => 2;

    /// <inheritdoc/>
    public override byte[]? Encode(WeightRun run)
    {
        // Bytes of larger elements are no numbers of which zero is one.
        if (!run.IsWhole || run.Width == 0)
            return null;

        // Where most elements are values, this code cannot be the shortest.
        int count = 0;
        for (int i = 0; i < run.Count; i++)
            if (run[i] != 0)
                count++;
        if (count > run.Count * 3L / 4)
            return null;
        var runs = new List<int>(count);
        var values = new List<uint>(count);
        int last = -1;
        for (int i = 0; i < run.Count; i++)
        {
            uint value = run[i];
            if (value == 0)
                continue;
            runs.Add(i - last - 1);
            values.Add(value);
            last = i;
        }
        int parameter = Enumerable.Range(0, SparseCode.GreatestParameter + 1)
            .MinBy(p => runs.Sum(r => (long)(r >> p) + 1 + p));
        var bits = new BitSink();
        foreach (int zeros in runs)
        {
            bits.AddZeros(zeros >> parameter);
            bits.Add(1, 1);
            bits.Add((uint)(zeros & ((1 << parameter) - 1)), parameter);
        }
        byte[] runBytes = bits.ToArray();

        uint[] list = [.. values.Distinct().Order()];
        int width = PackedWeightCode.Bits(list.Length);
        bool isListed = list.Length is > 0 and <= 256
            && (list.Length * run.Width) + (((long)values.Count * width) + 7) / 8 < (long)values.Count * run.Width;
        if (!isListed)
            (list, width) = ([], 0);
        var code = new byte[SparseCode.HeaderBytes];
        code[0] = (byte)parameter;
        code[1] = (byte)width;
        BinaryPrimitives.WriteUInt16LittleEndian(code.AsSpan(2), (ushort)list.Length);
        BinaryPrimitives.WriteInt32LittleEndian(code.AsSpan(4), values.Count);
        BinaryPrimitives.WriteInt32LittleEndian(code.AsSpan(8), runBytes.Length);
        var rest = new BitSink();
        foreach (uint value in values)
            if (isListed)
                rest.Add((uint)Array.BinarySearch(list, value), width);
            else
                rest.Add(value, 8 * run.Width);
        return [.. code, .. runBytes, .. isListed ? WeightRun.Listed(list, run.Width) : [], .. rest.ToArray()];
    }
}
