namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// Places of 8 bytes over float32 features: the threshold, the feature in 16 bits, and the way to the next two places in 16 bits. The
/// leaf's
/// number is in the lower 22 bits of its threshold, which is NaN.
/// </summary>
internal struct TreeSlots8 : ITreeSlots<float>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Next(ref byte slots, nint at, ref float row, ref int moved)
    {
        unchecked
        {
            ref byte slot = ref Unsafe.AddByteOffset(ref slots, at * 8);
            uint place = Unsafe.As<byte, uint>(ref Unsafe.AddByteOffset(ref slot, 4));
            moved |= (int)place;
            bool yes = Unsafe.Add(ref row, (nint)(place & 0xFFFF)) <= Unsafe.As<byte, float>(ref slot);
            return at + (nint)(place >> 16) + (yes ? 1 : 0);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Leaf(ref byte slots, nint at) => Unsafe.As<byte, int>(ref Unsafe.AddByteOffset(ref slots, at * 8)) & 0x3FFFFF;
}
