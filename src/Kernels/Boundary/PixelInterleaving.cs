namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>Three planes of bytes, as of a colour image, made into pixels of three channels.</summary>
internal static class PixelInterleaving
{
    /// <summary>Writes sixteen pixels, 48 bytes: of each three channels side by side.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<byte> first, Vector128<byte> second, Vector128<byte> third, ref byte to)
    {
        unchecked
        {
            // An index that is out of range, 99, gives 0.
            (Vector128.Shuffle(first, Vector128.Create((byte)0, 99, 99, 1, 99, 99, 2, 99, 99, 3, 99, 99, 4, 99, 99, 5))
                | Vector128.Shuffle(second, Vector128.Create((byte)99, 0, 99, 99, 1, 99, 99, 2, 99, 99, 3, 99, 99, 4, 99, 99))
                | Vector128.Shuffle(third, Vector128.Create((byte)99, 99, 0, 99, 99, 1, 99, 99, 2, 99, 99, 3, 99, 99, 4, 99)))
                .StoreUnsafe(ref to);
            (Vector128.Shuffle(first, Vector128.Create((byte)99, 99, 6, 99, 99, 7, 99, 99, 8, 99, 99, 9, 99, 99, 10, 99))
                | Vector128.Shuffle(second, Vector128.Create((byte)5, 99, 99, 6, 99, 99, 7, 99, 99, 8, 99, 99, 9, 99, 99, 10))
                | Vector128.Shuffle(third, Vector128.Create((byte)99, 5, 99, 99, 6, 99, 99, 7, 99, 99, 8, 99, 99, 9, 99, 99)))
                .StoreUnsafe(ref to, 16);
            (Vector128.Shuffle(first, Vector128.Create((byte)99, 11, 99, 99, 12, 99, 99, 13, 99, 99, 14, 99, 99, 15, 99, 99))
                | Vector128.Shuffle(second, Vector128.Create((byte)99, 99, 11, 99, 99, 12, 99, 99, 13, 99, 99, 14, 99, 99, 15, 99))
                | Vector128.Shuffle(third, Vector128.Create((byte)10, 99, 99, 11, 99, 99, 12, 99, 99, 13, 99, 99, 14, 99, 99, 15)))
                .StoreUnsafe(ref to, 32);
        }
    }
}
