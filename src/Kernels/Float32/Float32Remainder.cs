namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// Room for one of the widest vectors for each row of a tile: kernels compute whole vectors, and where fewer outputs remain, the vectors
/// go here first, because what follows in memory belongs to somebody else.
/// </summary>
[InlineArray(8 * 16)]
internal struct Float32Remainder
{
    private float _first;

    /// <summary>Copies the first floats of a vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(ref byte from, ref byte to, int floats)
    {
        nint i = 0;
        nint bytes = (nint)floats * sizeof(float);
        for (; i <= bytes - Vector128<byte>.Count; i += Vector128<byte>.Count)
            Vector128.LoadUnsafe(ref from, (nuint)i).StoreUnsafe(ref to, (nuint)i);
        for (; i < bytes; i += sizeof(float))
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, i), Unsafe.ReadUnaligned<float>(ref Unsafe.Add(ref from, i)));
    }
}
