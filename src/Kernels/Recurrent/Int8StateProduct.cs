namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.Arm;
using global::System.Runtime.Intrinsics.Wasm;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// S8 weights times a state that is rounded to s16 levels anew in each step: with m the state's greatest magnitude, each element becomes
/// the nearest multiple of m / levels. The products are summed up exactly in s32, which the build proves for the number of levels; a sum
/// is multiplied by its row's scale times m / levels and added to its start in float32, in one rounding.
/// </summary>
internal readonly struct Int8StateProduct : IStateProduct
{
    /// <summary>Weights offset of the weights, packed as those of dense layers.</summary>
    public required int Weights { get; init; }

    /// <summary>Weights offset of a float32 scale for each row.</summary>
    public required int Scales { get; init; }

    /// <summary>Elements of the state.</summary>
    public required int Size { get; init; }

    /// <summary>The greatest level, at most 32,767.</summary>
    public required int Levels { get; init; }


    /// <summary>Whether the weights have a second part, so that the first one ends with a whole panel.</summary>
    public bool HasParts { get; init; }

    // States that are smaller than this count as 0: the inverse of their step would not be finite.
    private const float Least = 1e-30f;

    // Added to a number of magnitude below 2^22, it leaves the nearest integer in the low bits.
    private const float RoundingShift = 12582912f;
    private const int RoundingShiftBits = 0x4B400000;

    /// <inheritdoc/>
    public static int ScratchBytes(int size) => RecurrentCall.Room(size) * 2 * sizeof(int);

    /// <inheritdoc/>
    public void Add(Workspace w, int first, int rows, ref float state, ref float start, ref float sums, ref byte scratch)
    {
        ref int levels = ref Unsafe.As<byte, int>(ref scratch);
        ref int pairs = ref Unsafe.Add(ref levels, RecurrentCall.Room(Size));
        ref int totals = ref Unsafe.As<float, int>(ref sums);
        int quads = (Size + 3) >> 2;
        int padded = (first + 15) & ~15;
        int outputs = HasParts && first == 0 ? (rows + 15) & ~15 : (rows + 7) & ~7;
        ref byte weights = ref Unsafe.Add(ref w.Weight(Weights), (nint)padded * quads * 4);
        ref float scales = ref Unsafe.Add(ref Unsafe.As<byte, float>(ref w.Weight(Scales)), padded);
        if (w.IsStarting && !w.TakesStepsAsLarge)
        {
            float unit = Round<float, Float32Lanes1>(ref state, ref levels);
            Pair(ref levels, ref pairs, quads);
            Int8StateScalarLoop.Run(ref pairs, ref weights, ref totals, outputs, quads);
            Scale<float, Float32Lanes1>(ref totals, ref scales, ref start, ref sums, rows, unit);
        }
        else
        {
            OnPath(ref state, ref levels, ref pairs, ref weights, ref scales, ref totals, ref start, ref sums, rows, outputs, quads);
        }
    }

    private void OnPath(
        ref float state, ref int levels, ref int pairs, ref byte weights, ref float scales, ref int totals, ref float start,
        ref float sums, int rows, int outputs, int quads)
    {
        float unit = Float32Path.Is512 ? Round<Vector512<float>, Float32Lanes512>(ref state, ref levels)
            : Float32Path.Is256 ? Round<Vector256<float>, Float32Lanes256>(ref state, ref levels)
            : Float32Path.Is128 ? Round<Vector128<float>, Float32Lanes128>(ref state, ref levels)
            : Round<float, Float32Lanes1>(ref state, ref levels);
        Pair(ref levels, ref pairs, quads);
        Multiply(ref pairs, ref weights, ref totals, outputs, quads);
        if (Float32Path.Is512)
            Scale<Vector512<float>, Float32Lanes512>(ref totals, ref scales, ref start, ref sums, rows, unit);
        else if (Float32Path.Is256)
            Scale<Vector256<float>, Float32Lanes256>(ref totals, ref scales, ref start, ref sums, rows, unit);
        else if (Float32Path.Is128)
            Scale<Vector128<float>, Float32Lanes128>(ref totals, ref scales, ref start, ref sums, rows, unit);
        else
            Scale<float, Float32Lanes1>(ref totals, ref scales, ref start, ref sums, rows, unit);
    }

    // Whole panels of 16 rows, then one of 8 where at most 8 remain.
    private static void Multiply(ref int pairs, ref byte weights, ref int totals, int outputs, int quads)
    {
        int whole = outputs & ~15;
        ref byte rest = ref Unsafe.Add(ref weights, (nint)whole * quads * 4);
        ref int restTotals = ref Unsafe.Add(ref totals, whole);
        if (Vector512.IsHardwareAccelerated && Avx512BW.IsSupported && Avx2.IsSupported)
        {
            Int8StateTile.Run<Vector512<int>, Avx512DotProduct>(ref pairs, ref weights, ref totals, whole, quads, 64);
            Int8StateTile.Run<Vector256<int>, Avx2DotProduct>(ref pairs, ref rest, ref restTotals, outputs - whole, quads, 32);
        }
        else if (Avx2.IsSupported)
        {
            Int8StateTile.Run<Vector256<int>, Avx2DotProduct>(ref pairs, ref weights, ref totals, whole, quads, 64);
            Int8StateTile.Run<Vector256<int>, Avx2DotProduct>(ref pairs, ref rest, ref restTotals, outputs - whole, quads, 32);
        }
        else if (Vector128.IsHardwareAccelerated && (Sse2.IsSupported || AdvSimd.Arm64.IsSupported || PackedSimd.IsSupported))
        {
            // Not in the operations that every processor has: their products are of 16 bits, those of a state have 23.
            Int8StateTile.Run<Vector128<int>, Vector128DotProduct>(ref pairs, ref weights, ref totals, whole, quads, 64);
            Int8StateTile.Run<Vector128<int>, Vector128DotProduct>(ref pairs, ref rest, ref restTotals, outputs - whole, quads, 32);
        }
        else
        {
            Int8StateScalarLoop.Run(ref pairs, ref weights, ref totals, outputs, quads);
        }
    }

    // The state's levels, s32, and zeros up to a multiple of four; returns the size of a level. NaN counts as 0, infinities as the
    // greatest number.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private float Round<TVector, TLanes>(ref float state, ref int levels)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        TVector magnitudes = TLanes.BroadcastBits(0x7FFFFFFF);
        TVector greatest = TLanes.Broadcast(0f);
        nint i = 0;
        for (; i <= Size - TLanes.Count; i += TLanes.Count)
            greatest = TLanes.Max(TLanes.And(TLanes.Load(ref Unsafe.Add(ref state, i)), magnitudes), greatest);
        float m = 0f;
        for (int lane = 0; lane < TLanes.Count; lane++)
            m = TLanes.Lane(greatest, lane) > m ? TLanes.Lane(greatest, lane) : m;
        for (nint j = i; j < Size; j++)
        {
            float x = Float32Lanes1.And(Unsafe.Add(ref state, j), Float32Lanes1.BroadcastBits(0x7FFFFFFF));
            m = x > m ? x : m;
        }

        m = m < float.MaxValue ? m : float.MaxValue;
        float inverse = m < Least ? 0f : Levels / m;
        ref float to = ref Unsafe.As<int, float>(ref levels);
        nint k = 0;
        for (; k < i; k += TLanes.Count)
            TLanes.Store(Level<TVector, TLanes>(TLanes.Load(ref Unsafe.Add(ref state, k)), m, inverse), ref Unsafe.Add(ref to, k));
        for (; k < Size; k++)
            Unsafe.Add(ref to, k) = Level<float, Float32Lanes1>(Unsafe.Add(ref state, k), m, inverse);
        for (; (k & 3) != 0; k++)
            Unsafe.Add(ref levels, k) = 0;
        return m < Least ? 0f : m / Levels;
    }

    // The nearest integer to x · inverse, in the bits; ties go to the even one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Level<TVector, TLanes>(TVector x, float greatest, float inverse)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        TVector number = TLanes.And(x, TLanes.Equal(x, x));
        TVector bounded = TLanes.Min(TLanes.Broadcast(greatest), TLanes.Max(TLanes.Broadcast(-greatest), number));
        TVector shifted = TLanes.Add(TLanes.Multiply(bounded, TLanes.Broadcast(inverse)), TLanes.Broadcast(RoundingShift));
        return TLanes.SubtractBits(shifted, TLanes.BroadcastBits(RoundingShiftBits));
    }

    // Of four levels the first and the third side by side as s16, then the second and the fourth: the order in which weights are split.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pair(ref int levels, ref int pairs, int quads)
    {
        unchecked
        {
            for (nint q = 0; q < quads; q++)
            {
                ref int four = ref Unsafe.Add(ref levels, 4 * q);
                Unsafe.Add(ref pairs, 2 * q) = (four & 0xFFFF) | (Unsafe.Add(ref four, 2) << 16);
                Unsafe.Add(ref pairs, (2 * q) + 1) = (Unsafe.Add(ref four, 1) & 0xFFFF) | (Unsafe.Add(ref four, 3) << 16);
            }
        }
    }

    // The sums take the place of the totals.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scale<TVector, TLanes>(
        ref int totals, ref float scales, ref float start, ref float sums, int rows, float unit)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        ref float from = ref Unsafe.As<int, float>(ref totals);
        TVector units = TLanes.Broadcast(unit);
        nint i = 0;
        for (; i <= rows - TLanes.Count; i += TLanes.Count)
        {
            TVector factor = TLanes.Multiply(TLanes.Load(ref Unsafe.Add(ref scales, i)), units);
            TVector total = TLanes.IntegerToReal(TLanes.Load(ref Unsafe.Add(ref from, i)));
            TVector sum = TLanes.FusedMultiplyAdd(total, factor, TLanes.Load(ref Unsafe.Add(ref start, i)));
            TLanes.Store(sum, ref Unsafe.Add(ref sums, i));
        }
        for (; i < rows; i++)
        {
            float factor = Unsafe.Add(ref scales, i) * unit;
            float total = Float32Lanes1.IntegerToReal(Unsafe.Add(ref from, i));
            Unsafe.Add(ref sums, i) = Float32Lanes1.FusedMultiplyAdd(total, factor, Unsafe.Add(ref start, i));
        }
    }
}
