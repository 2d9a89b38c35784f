namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.Arm;
using global::System.Runtime.Intrinsics.Wasm;
using global::System.Runtime.Intrinsics.X86;

/// <summary>Products of 16-bit numbers added in adjacent pairs to 32 bits, on 128-bit vectors of any processor.</summary>
internal static class PairProducts
{
    /// <summary>Each s32 lane is the sum of the products of its two s16 pairs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> MultiplyAddPairs(Vector128<short> left, Vector128<short> right)
    {
        if (Sse2.IsSupported)
            return Sse2.MultiplyAddAdjacent(left, right);
        if (AdvSimd.Arm64.IsSupported)
        {
            Vector128<int> lower = AdvSimd.MultiplyWideningLower(left.GetLower(), right.GetLower());
            Vector128<int> upper = AdvSimd.MultiplyWideningUpper(left, right);
            return AdvSimd.Arm64.AddPairwise(lower, upper);
        }

        if (PackedSimd.IsSupported)
            return PackedSimd.Dot(left, right);
        return Portable(left, right);
    }

    /// <summary>
    /// The same in operations that every processor has. Products must fit s16, as those of a u8 and an s8 do: at most 255 · 128 in
    /// magnitude.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Portable(Vector128<short> left, Vector128<short> right)
    {
        Vector128<int> products = (left * right).AsInt32();
        return LaneShifts.RightArithmetic(LaneShifts.Left(products, 16), 16) + LaneShifts.RightArithmetic(products, 16);
    }
}
