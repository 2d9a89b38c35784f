namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>Places of 4 bytes.</summary>
internal struct TreePlaces4 : ITreePlaces
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Load(ref byte places, nint at) => Unsafe.Add(ref Unsafe.As<byte, uint>(ref places), at);
}
