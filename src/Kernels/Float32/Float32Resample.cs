namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// Resampling along the middle dimension of <c>[outer, count, inner]</c>: each output is a weighted sum of inputs at places of its own.
/// </summary>
internal static class Float32Resample
{
    /// <summary>Computes the sums, one fused multiply-add for each tap in their order.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the input.</param>
    /// <param name="places">Operand offset of the taps' places, signed 32 bits: <c>[outputs, taps]</c>, each less than the count.</param>
    /// <param name="weights">Operand offset of the taps' weights: <c>[outputs, taps]</c>.</param>
    /// <param name="output">Arena offset of the output.</param>
    /// <param name="outer">The product of the dimensions before.</param>
    /// <param name="count">The input's extent.</param>
    /// <param name="inner">The product of the dimensions after it.</param>
    /// <param name="outputs">The output's extent.</param>
    /// <param name="taps">The inputs of one output.</param>
    public static void Run(
        Workspace w, int input, int places, int weights, int output, int outer, int count, int inner, int outputs, int taps)
    {
        ref float x = ref Unsafe.As<byte, float>(ref w.Operand(input));
        ref int at = ref Unsafe.As<byte, int>(ref w.Operand(places));
        ref float factors = ref Unsafe.As<byte, float>(ref w.Operand(weights));
        ref float to = ref Unsafe.As<byte, float>(ref w.Arena(output));
        for (nint o = 0; o < outer; o++)
        {
            for (nint j = 0; j < outputs; j++)
            {
                Row(w.IsStarting, ref Unsafe.Add(ref x, o * count * inner), ref Unsafe.Add(ref at, j * taps),
                    ref Unsafe.Add(ref factors, j * taps), ref Unsafe.Add(ref to, ((o * outputs) + j) * inner), inner, taps);
            }
        }
    }

    private static void Row(bool starting, ref float x, ref int places, ref float weights, ref float to, int inner, int taps)
    {
        if (!starting && Float32Path.Is512 && inner >= 16)
            Row<Vector512<float>, Float32Lanes512>(ref x, ref places, ref weights, ref to, inner, taps);
        else if (!starting && Float32Path.Is256 && inner >= 8)
            Row<Vector256<float>, Float32Lanes256>(ref x, ref places, ref weights, ref to, inner, taps);
        else if (!starting && Float32Path.Is128 && inner >= 4)
            Row<Vector128<float>, Float32Lanes128>(ref x, ref places, ref weights, ref to, inner, taps);
        else
            Row<float, Float32Lanes1>(ref x, ref places, ref weights, ref to, inner, taps);
    }

    private static void Row<TVector, TLanes>(ref float x, ref int places, ref float weights, ref float to, int inner, int taps)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        nint i = 0;
        for (; i <= inner - TLanes.Count; i += TLanes.Count)
            TLanes.Store(Sum<TVector, TLanes>(ref Unsafe.Add(ref x, i), ref places, ref weights, inner, taps), ref Unsafe.Add(ref to, i));
        for (; i < inner; i++)
            Unsafe.Add(ref to, i) = Sum<float, Float32Lanes1>(ref Unsafe.Add(ref x, i), ref places, ref weights, inner, taps);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Sum<TVector, TLanes>(ref float x, ref int places, ref float weights, int inner, int taps)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        TVector sum = TLanes.Broadcast(0f);
        for (nint t = 0; t < taps; t++)
        {
            TVector value = TLanes.Load(ref Unsafe.Add(ref x, (nint)Unsafe.Add(ref places, t) * inner));
            sum = TLanes.FusedMultiplyAdd(value, TLanes.Broadcast(Unsafe.Add(ref weights, t)), sum);
        }
        return sum;
    }
}
