namespace OptimizerBuild.Kernels;

#if NET9_0_OR_GREATER

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;

/// <summary>
/// Memory for the planes and tables of depthwise convolutions, one for each thread, made when it is first needed: the stack's would have to
/// be cleared in every call, which takes longer than a small convolution.
/// </summary>
internal static class Int8DepthwiseScratch
{
    /// <summary>Bytes of the scratch memory.</summary>
    public const int Bytes = PlaneBytes + TableBytes;

    /// <summary>Bytes for planes: a third of a first-level cache.</summary>
    public const int PlaneBytes = 16 * 1024;

    /// <summary>Bytes for what two blocks of channels need beside the planes.</summary>
    private const int TableBytes = 6 * 1024;

    /// <summary>Bytes of a cache line.</summary>
    private const int Alignment = 64;

    [ThreadStatic]
    private static byte[]? _memory;

    /// <summary>The first byte, aligned to a cache line; planes come first. Its contents are undefined.</summary>
    public static ref byte Start
    {
        get
        {
            byte[] memory = _memory ??= GC.AllocateUninitializedArray<byte>(Bytes + Alignment, pinned: true);
            ref byte first = ref MemoryMarshal.GetArrayDataReference(memory);
            return ref Unsafe.Add(
                ref first, unchecked((nint)(-Unsafe.ByteOffset(ref Unsafe.NullRef<byte>(), ref first) & (Alignment - 1))));
        }
    }
}

#endif
