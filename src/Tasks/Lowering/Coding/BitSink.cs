namespace OptimizerBuild.Lowering.Coding;

/// <summary>Writes bits, the lowest bit of a byte first: what <see cref="Kernels.BitSource"/> reads.</summary>
internal sealed class BitSink
{
    private readonly List<byte> _bytes = [];
    private ulong _bits;
    private int _count;

    /// <summary>Writes the lowest bits of a number, the lowest one first.</summary>
    /// <param name="value">The number, without bits above those.</param>
    /// <param name="count">How many bits: 0 to 32.</param>
    public void Add(uint value, int count)
    {
        _bits |= (ulong)value << _count;
        _count += count;
        while (_count >= 8)
        {
            _bytes.Add((byte)_bits);
            _bits >>= 8;
            _count -= 8;
        }
    }

    /// <summary>Writes zero bits.</summary>
    public void AddZeros(int count)
    {
        for (; count > 32; count -= 32)
            Add(0, 32);
        Add(0, count);
    }

    /// <summary>What was written, the last byte filled up with zeros.</summary>
    public byte[] ToArray() => _count == 0 ? [.. _bytes] : [.. _bytes, (byte)_bits];
}
