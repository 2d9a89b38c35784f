namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>Weights of leaves as signed 16-bit steps of one scale, a power of two: sums are integers, and exact in float32.</summary>
internal struct TreeWeights16 : ITreeWeights<float, int>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int At(ref byte weights, nint index) => Unsafe.Add(ref Unsafe.As<byte, short>(ref weights), index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Several(ref byte weights, nint index) => Vector128.WidenLower(
        Vector128.CreateScalar(Unsafe.ReadUnaligned<long>(ref Unsafe.AddByteOffset(ref weights, 2 * index))).AsInt16());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Real(int sum, float scale) => sum * scale;
}
