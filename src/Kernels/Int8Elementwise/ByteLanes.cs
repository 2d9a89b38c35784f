namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.Arm;
using global::System.Runtime.Intrinsics.Wasm;
using global::System.Runtime.Intrinsics.X86;

/// <summary>Which <see cref="IByteLanes{TVector}"/> this process can use; constants to the JIT.</summary>
internal static class ByteLanes
{
    /// <summary>Whether <see cref="ByteLanes512"/> can be used, and .NET does not advise against 512 bits on this processor.</summary>
    public static bool Has512
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512.IsHardwareAccelerated && Avx512BW.IsSupported;
    }

    /// <summary>Whether <see cref="ByteLanes256"/> can be used.</summary>
    public static bool Has256
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Avx2.IsSupported;
    }

    /// <summary>Whether <see cref="ByteLanes128"/> can be used.</summary>
    public static bool Has128
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Sse41.IsSupported || AdvSimd.Arm64.IsSupported || PackedSimd.IsSupported;
    }
}
