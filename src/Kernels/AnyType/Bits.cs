namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>Integers of any type as bits; shifts are those of unsigned integers.</summary>
internal static class Bits
{
    /// <summary>The bits that both have.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T And<T>(T a, T b)
        where T : unmanaged => From<T>(To(a) & To(b));

    /// <summary>The bits that one of them has.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Or<T>(T a, T b)
        where T : unmanaged => From<T>(To(a) | To(b));

    /// <summary>The bits in which they differ.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Xor<T>(T a, T b)
        where T : unmanaged => From<T>(To(a) ^ To(b));

    /// <summary>The bits moved up by a number of places.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T ShiftLeft<T>(T a, T places)
        where T : unmanaged => To(places) < (ulong)(8 * Unsafe.SizeOf<T>()) ? From<T>(To(a) << (int)To(places)) : default;

    /// <summary>The bits moved down by a number of places.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T ShiftRight<T>(T a, T places)
        where T : unmanaged => To(places) < (ulong)(8 * Unsafe.SizeOf<T>()) ? From<T>(To(a) >> (int)To(places)) : default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong To<T>(T value)
        where T : unmanaged => Unsafe.SizeOf<T>() switch
        {
            1 => Unsafe.As<T, byte>(ref value),
            2 => Unsafe.As<T, ushort>(ref value),
            4 => Unsafe.As<T, uint>(ref value),
            _ => Unsafe.As<T, ulong>(ref value),
        };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T From<T>(ulong bits)
        where T : unmanaged
    {
        (byte one, ushort two, uint four) = (unchecked((byte)bits), unchecked((ushort)bits), unchecked((uint)bits));
        return Unsafe.SizeOf<T>() switch
        {
            1 => Unsafe.As<byte, T>(ref one),
            2 => Unsafe.As<ushort, T>(ref two),
            4 => Unsafe.As<uint, T>(ref four),
            _ => Unsafe.As<ulong, T>(ref bits),
        };
    }
}
