namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>Reads codes of four bits as bytes: those in the lower halves of the bytes and those in the upper ones.</summary>
internal static class NibbleLanes
{
    /// <summary>
    /// Reads codes for two vectors, eight output channels apart, from as many bytes as one vector has; for one vector of 16 lanes, which
    /// holds both, from half as many.
    /// </summary>
    /// <param name="source">The first code.</param>
    /// <param name="low">The first channels.</param>
    /// <param name="high">Those eight channels further; not set for 16 lanes.</param>
    /// <typeparam name="TVector">The vector of s32 lanes of four bytes.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load<TVector>(ref byte source, out TVector low, out TVector high)
        where TVector : struct
    {
        if (typeof(TVector) == typeof(Vector128<int>))
        {
            Vector128<ushort> pairs = Vector128.LoadUnsafe(ref source).AsUInt16();
            Vector128<ushort> mask = Vector128.Create((ushort)0x0F0F);
            Vector128<int> first = (pairs & mask).AsInt32();
            Vector128<int> second = ((pairs >>> 4) & mask).AsInt32();
            low = Unsafe.As<Vector128<int>, TVector>(ref first);
            high = Unsafe.As<Vector128<int>, TVector>(ref second);
        }
        else if (typeof(TVector) == typeof(Vector256<int>))
        {
            Vector256<ushort> pairs = Vector256.LoadUnsafe(ref source).AsUInt16();
            Vector256<ushort> mask = Vector256.Create((ushort)0x0F0F);
            Vector256<int> first = (pairs & mask).AsInt32();
            Vector256<int> second = ((pairs >>> 4) & mask).AsInt32();
            low = Unsafe.As<Vector256<int>, TVector>(ref first);
            high = Unsafe.As<Vector256<int>, TVector>(ref second);
        }
        else
        {
            Vector256<ushort> pairs = Vector256.LoadUnsafe(ref source).AsUInt16();
            Vector512<int> both = (Vector512.Create(pairs, pairs >>> 4) & Vector512.Create((ushort)0x0F0F)).AsInt32();
            low = Unsafe.As<Vector512<int>, TVector>(ref both);
            high = default;
        }
    }
}
