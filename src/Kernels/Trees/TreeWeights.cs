namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>Weights of leaves in the type of the output, in which they are added up one after the other.</summary>
/// <typeparam name="T">The type: float32 or double.</typeparam>
internal struct TreeWeights<T> : ITreeWeights<T, T>
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T At(ref byte weights, nint index) => Unsafe.Add(ref Unsafe.As<byte, T>(ref weights), index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Several(ref byte weights, nint index) =>
        Vector128.LoadUnsafe(ref Unsafe.As<byte, T>(ref weights), (nuint)index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Real(T sum, float scale) => sum;
}
