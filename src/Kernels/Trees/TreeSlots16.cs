namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// Places of 16 bytes over double features: the threshold as double, the feature in 32 bits, and the way to the next two places in 32 bits.
/// The
/// leaf's number is in the lower 32 bits of its threshold, which is NaN.
/// </summary>
internal struct TreeSlots16 : ITreeSlots<double>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Next(ref byte slots, nint at, ref double row, ref int moved)
    {
        unchecked
        {
            ref byte slot = ref Unsafe.AddByteOffset(ref slots, at * 16);
            int way = Unsafe.As<byte, int>(ref Unsafe.AddByteOffset(ref slot, 12));
            moved |= way == 0 ? 0 : 0x10000;
            nint feature = Unsafe.As<byte, int>(ref Unsafe.AddByteOffset(ref slot, 8));
            bool yes = Unsafe.Add(ref row, feature) <= Unsafe.As<byte, double>(ref slot);
            return at + way + (yes ? 1 : 0);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Leaf(ref byte slots, nint at) => Unsafe.As<byte, int>(ref Unsafe.AddByteOffset(ref slots, at * 16));
}
