namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.Arm;
using global::System.Runtime.Intrinsics.X86;

/// <summary>64-bit products of s32 lanes on 128 bits, with SSE4.1 or AdvSimd: even and odd lanes apart, as PMULDQ has them.</summary>
internal static class ProductLanes
{
    /// <summary>Whether the products can be called.</summary>
    public static bool Has128
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Sse41.IsSupported || AdvSimd.Arm64.IsSupported;
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
        else
        {
            Vector128<long> lower = AdvSimd.MultiplyWideningLower(left.GetLower(), right.GetLower());
            Vector128<long> upper = AdvSimd.MultiplyWideningUpper(left, right);
            even = AdvSimd.Arm64.UnzipEven(lower, upper);
            odd = AdvSimd.Arm64.UnzipOdd(lower, upper);
        }
    }
}
