namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.Arm;
using global::System.Runtime.Intrinsics.Wasm;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// 64-bit products of s32 lanes on 128 bits, with SSE4.1, AdvSimd or WebAssembly's vectors: even and odd lanes apart, as PMULDQ has them.
/// </summary>
internal static class ProductLanes
{
    // Byte indices, lowest first: a vector's lower and upper half, and indices beyond it, which give zeros.
    private const ulong FirstLong = 0x0706050403020100;
    private const ulong SecondLong = 0x0F0E0D0C0B0A0908;
    private const ulong OddInts = 0x0F0E0D0C07060504;
    private const ulong Nothing = ulong.MaxValue;

    /// <summary>Whether the products can be called.</summary>
    public static bool Has128
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Sse41.IsSupported || AdvSimd.Arm64.IsSupported || PackedSimd.IsSupported;
    }

    /// <summary>The products of the even lanes and of the odd lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply(Vector128<int> left, Vector128<int> right, out Vector128<long> even, out Vector128<long> odd)
    {
        if (Sse41.IsSupported)
        {
            even = Sse41.Multiply(left, right);
            odd = Sse41.Multiply(
                Sse2.ShiftRightLogical(left.AsInt64(), 32).AsInt32(), Sse2.ShiftRightLogical(right.AsInt64(), 32).AsInt32());
        }
        else if (PackedSimd.IsSupported)
        {
            Vector128<byte> lower = PackedSimd.MultiplyWideningLower(left, right).AsByte();
            Vector128<byte> upper = PackedSimd.MultiplyWideningUpper(left, right).AsByte();
            even = (PackedSimd.Swizzle(lower, Vector128.Create(FirstLong, Nothing).AsByte())
                | PackedSimd.Swizzle(upper, Vector128.Create(Nothing, FirstLong).AsByte())).AsInt64();
            odd = (PackedSimd.Swizzle(lower, Vector128.Create(SecondLong, Nothing).AsByte())
                | PackedSimd.Swizzle(upper, Vector128.Create(Nothing, SecondLong).AsByte())).AsInt64();
        }
        else
        {
            Vector128<long> lower = AdvSimd.MultiplyWideningLower(left.GetLower(), right.GetLower());
            Vector128<long> upper = AdvSimd.MultiplyWideningUpper(left, right);
            even = AdvSimd.Arm64.UnzipEven(lower, upper);
            odd = AdvSimd.Arm64.UnzipOdd(lower, upper);
        }
    }

    /// <summary>The upper halves of the products of all lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> MultiplyHigh(Vector128<int> left, Vector128<int> right)
    {
        if (Sse41.IsSupported)
        {
            Vector128<long> even = Sse41.Multiply(left, right);
            Vector128<int> odd = Sse41.Multiply(Sse2.Shuffle(left, 0b11110101), Sse2.Shuffle(right, 0b11110101)).AsInt32();
            return Sse41.Blend(Sse2.ShiftRightLogical(even, 32).AsInt16(), odd.AsInt16(), 0b11001100).AsInt32();
        }

        if (PackedSimd.IsSupported)
        {
            return (PackedSimd.Swizzle(
                        PackedSimd.MultiplyWideningLower(left, right).AsByte(), Vector128.Create(OddInts, Nothing).AsByte())
                    | PackedSimd.Swizzle(
                        PackedSimd.MultiplyWideningUpper(left, right).AsByte(), Vector128.Create(Nothing, OddInts).AsByte())).AsInt32();
        }

        return AdvSimd.Arm64.UnzipOdd(
            AdvSimd.MultiplyWideningLower(left.GetLower(), right.GetLower()).AsInt32(),
            AdvSimd.MultiplyWideningUpper(left, right).AsInt32());
    }
}
