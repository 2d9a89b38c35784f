namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.Arm;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// The instruction-set path that this process uses for integer dot products. All conditions are constants to the JIT, so that the branches
/// not taken disappear; the results are the same bytes on every path.
/// </summary>
/// <remarks>
/// VNNI on 256 bits comes before AVX-512, whose exact dot product has to widen first and is several times slower. Processors for which
/// .NET advises against 512-bit vectors report <see cref="Vector512.IsHardwareAccelerated"/> as false and take the AVX2 path.
/// </remarks>
internal static class KernelPath
{
    /// <summary>
    /// Whether AVX-VNNI is used: VPDPBUSD on 256 bits. Its C# interface is stable since .NET 9 only. Where there is AVX-512 without its own
    /// VNNI, .NET 11.0 gives the instruction registers that its encoding does not have.
    /// </summary>
    public static bool UsesAvxVnni
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
#if NET11_0_OR_GREATER
        get => AvxVnni.IsSupported && Avx2.IsSupported && (AvxVnni.V512.IsSupported || !Avx512F.IsSupported);
#elif NET9_0_OR_GREATER
        get => AvxVnni.IsSupported && Avx2.IsSupported;
#else
        get => false;
#endif
    }

    /// <summary>
    /// Whether AVX-512 VNNI is used for whole panels and for depthwise kernels: VPDPBUSD on 512 bits, in .NET from version 11 on, which
    /// takes that extension's 256 bits for AVX-VNNI, too. What is narrower is left to that.
    /// </summary>
    public static bool UsesAvx512Vnni
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
#if NET11_0_OR_GREATER
        get => UsesAvxVnni && AvxVnni.V512.IsSupported && Vector512.IsHardwareAccelerated && Avx512BW.IsSupported;
#else
        get => false;
#endif
    }

    /// <summary>
    /// Whether AVX10.2 is used for whole panels: VPDPBSUD on 512 bits, in .NET from version 10 on. What is narrower is left to AVX-VNNI.
    /// </summary>
    public static bool UsesAvx10
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
#if NET10_0_OR_GREATER
        get => UsesAvxVnni && AvxVnniInt8.V512.IsSupported && Vector512.IsHardwareAccelerated && Avx512BW.IsSupported;
#else
        get => false;
#endif
    }

    /// <summary>Whether AVX-512BW is used: widening VPMADDWD on 512 bits.</summary>
    public static bool UsesAvx512
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => !UsesAvxVnni && Vector512.IsHardwareAccelerated && Avx512BW.IsSupported && Avx2.IsSupported;
    }

    /// <summary>Whether AVX2 is used: widening VPMADDWD on 256 bits.</summary>
    public static bool UsesAvx2
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => !UsesAvxVnni && !UsesAvx512 && Avx2.IsSupported;
    }

    /// <summary>Whether Arm's SDOT is used.</summary>
    public static bool UsesArmDot
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Dp.IsSupported;
    }

    /// <summary>Whether 128-bit vectors are used: SSE2, Arm AdvSimd, WebAssembly SIMD.</summary>
    public static bool UsesVector128
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => !Avx2.IsSupported && !UsesArmDot && Vector128.IsHardwareAccelerated;
    }

    /// <summary>
    /// What the process uses, for reports and tests: the paths of dot products, of depthwise convolutions and of elementwise kernels.
    /// </summary>
    public static string Describe() => "dot product " + Name + ", depthwise " + Depthwise + ", elementwise " + Elementwise;

    /// <summary>
    /// The path of depthwise convolutions: <c>avx512vnni</c>, <c>avxvnni</c>, <c>avx512</c> (3×3 of more than 16 channels; all others as
    /// <c>avx2</c>), <c>avx2</c>, <c>armdot</c>, <c>vector128</c> or <c>scalar</c>.
    /// </summary>
    public static string Depthwise =>
        UsesAvx512Vnni ? "avx512vnni"
        : UsesAvxVnni ? "avxvnni"
        : UsesAvx512 ? "avx512"
        : UsesAvx2 ? "avx2"
        : UsesArmDot ? "armdot"
        : Vector128.IsHardwareAccelerated ? "vector128"
        : "scalar";

    /// <summary>
    /// The path of elementwise kernels: <c>avx512</c>, <c>avx2</c>, <c>sse41</c>, <c>advsimd</c>, <c>packedsimd</c>
    /// (WebAssembly) or <c>scalar</c>.
    /// </summary>
    public static string Elementwise =>
        ByteLanes.Has512 ? "avx512"
        : ByteLanes.Has256 ? "avx2"
        : !ByteLanes.Has128 ? "scalar"
        : Sse41.IsSupported ? "sse41"
        : AdvSimd.Arm64.IsSupported ? "advsimd"
        : "packedsimd";

    /// <summary>
    /// The path's name: <c>avx10</c>, <c>avx512vnni</c>, <c>avxvnni</c>, <c>avx512</c>, <c>avx2</c>, <c>armdot</c>, <c>vector128</c> or
    /// <c>scalar</c>.
    /// </summary>
    public static string Name =>
        UsesAvx10 ? "avx10"
        : UsesAvx512Vnni ? "avx512vnni"
        : UsesAvxVnni ? "avxvnni"
        : UsesAvx512 ? "avx512"
        : UsesAvx2 ? "avx2"
        : UsesArmDot ? "armdot"
        : UsesVector128 ? "vector128"
        : "scalar";
}
