using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OptimizerBuild.Bench.Measurement;

/// <summary>How fast one core reads memory that it has read before, by the size of what it reads.</summary>
internal static class Bandwidth
{
    private static readonly Dictionary<int, double> Known = [];

    /// <summary>A size that no cache of a core holds.</summary>
    public const int Memory = 256 << 20;

    /// <summary>GB/s of reading a stretch of that many bytes again and again.</summary>
    public static double Of(int bytes)
    {
        int rounded = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(bytes, 1 << 13, Memory));
        if (Known.TryGetValue(rounded, out double known))
            return known;
        byte[] data = GC.AllocateArray<byte>(rounded, pinned: true);
        data.AsSpan().Fill(1);
        var results = new Vector<byte>[1];
        double fastest = Stopwatches.Fastest(() => results[0] = Sum(data), rounded == Memory ? 0.6 : 0.15);
        GC.KeepAlive(results);
        return Known[rounded] = rounded / fastest / 1e3;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static Vector<byte> Sum(byte[] data)
    {
        ref byte p = ref MemoryMarshal.GetArrayDataReference(data);
        nuint v = (nuint)Vector<byte>.Count;
        Vector<byte> a = default, b = default, c = default, d = default;
        for (nuint i = 0; i < (nuint)data.Length; i += 4 * v)
        {
            a ^= Vector.LoadUnsafe(ref p, i);
            b ^= Vector.LoadUnsafe(ref p, i + v);
            c ^= Vector.LoadUnsafe(ref p, i + (2 * v));
            d ^= Vector.LoadUnsafe(ref p, i + (3 * v));
        }
        return a ^ b ^ c ^ d;
    }
}
