namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>Places of 3 bytes; behind the last one is a byte more.</summary>
internal struct TreePlaces3 : ITreePlaces
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Load(ref byte places, nint at) =>
        Unsafe.ReadUnaligned<uint>(ref Unsafe.AddByteOffset(ref places, at * 3)) & 0xFFFFFF;
}
