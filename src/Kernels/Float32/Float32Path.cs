namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.Arm;
using global::System.Runtime.Intrinsics.Wasm;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// Which vectors the float32 kernels use in this process. The properties are constants to the JIT compiler, so that the branches
/// on them cost nothing. Vectors are used only where they have fused multiply-add (or where nothing has, on WebAssembly), because
/// the results must not depend on the choice.
/// </summary>
internal static class Float32Path
{
    /// <summary>Whether vectors of 16 lanes are used.</summary>
    public static bool Is512
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512.IsHardwareAccelerated && Avx512F.IsSupported;
    }

    /// <summary>Whether vectors of 8 lanes are used.</summary>
    public static bool Is256
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => !Is512 && Vector256.IsHardwareAccelerated && Fma.IsSupported;
    }

    /// <summary>Whether vectors of 4 lanes are used.</summary>
    public static bool Is128
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => !Is512 && !Is256 && (AdvSimd.IsSupported || PackedSimd.IsSupported || Fma.IsSupported);
    }

    /// <summary>The path's name for reports and tests.</summary>
    public static string Name => Is512 ? "Float32Lanes512" : Is256 ? "Float32Lanes256" : Is128 ? "Float32Lanes128" : "Float32Lanes1";
}
