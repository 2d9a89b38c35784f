using System.Buffers.Binary;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Lowering.Coding;

/// <summary>
/// Bytes of two different values, a bit each, and runs of zeros between them: how binary weights are stored, whose layout is filled up with
/// zeros.
/// </summary>
internal sealed class SignWeightCode : WeightCode
{
    /// <inheritdoc/>
    public override string Name => "signs";

    /// <inheritdoc/>
    public override string Kernel => nameof(SignCode);

    /// <inheritdoc/>
    public override int Rank => 7;

    /// <inheritdoc/>
    public override byte[]? Encode(WeightRun run)
    {
        if (run.Width != 1 || !run.IsWhole || run.Symbols is not ({ Length: 3 } values, { } symbols) || values[0] != 0)
            return null;
        var runs = new List<(int Signs, int Zeros, int Repetitions)>();
        var bits = new BitSink();

        // Zeros that are no filling come so often that runs of them take more than they save.
        int most = Math.Min(run.Count / (8 * SignCode.RunBytes), ushort.MaxValue);
        for (int i = 0; i < symbols.Length;)
        {
            (int signs, int zeros) = (0, 0);
            for (; i < symbols.Length && symbols[i] != 0; i++, signs++)
                bits.Add((uint)symbols[i] - 1, 1);
            for (; i < symbols.Length && symbols[i] == 0; i++)
                zeros++;
            if (runs.Count > 0 && runs[^1] is var last && (last.Signs, last.Zeros) == (signs, zeros))
                runs[^1] = last with { Repetitions = last.Repetitions + 1 };
            else if (runs.Count < most)
                runs.Add((signs, zeros, 1));
            else
                return null;
        }
        var code = new byte[SignCode.HeaderBytes + (runs.Count * SignCode.RunBytes)];
        (code[0], code[1]) = ((byte)values[1], (byte)values[2]);
        BinaryPrimitives.WriteUInt16LittleEndian(code.AsSpan(2), (ushort)runs.Count);
        for (int r = 0; r < runs.Count; r++)
        {
            Span<byte> fields = code.AsSpan(SignCode.HeaderBytes + (r * SignCode.RunBytes));
            BinaryPrimitives.WriteInt32LittleEndian(fields, runs[r].Signs);
            BinaryPrimitives.WriteInt32LittleEndian(fields[4..], runs[r].Zeros);
            BinaryPrimitives.WriteInt32LittleEndian(fields[8..], runs[r].Repetitions);
        }
        return [.. code, .. bits.ToArray()];
    }
}
