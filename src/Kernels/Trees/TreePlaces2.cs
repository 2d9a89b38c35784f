namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>Places of 2 bytes.</summary>
internal struct TreePlaces2 : ITreePlaces
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Load(ref byte places, nint at) => Unsafe.Add(ref Unsafe.As<byte, ushort>(ref places), at);
}
