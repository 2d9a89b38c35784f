using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace OptimizerBuild.Bench.Measurement;

/// <summary>The instructions of a register tile on one instruction set.</summary>
/// <typeparam name="TVector">A vector of sums.</typeparam>
internal interface IPeakLanes<TVector>
    where TVector : struct
{
    /// <summary>Multiply-accumulates of one <see cref="MultiplyAdd"/>.</summary>
    static abstract int Macs { get; }

    /// <summary>Loads a vector of weights.</summary>
    static abstract TVector Load(ref byte source);

    /// <summary>Loads what all lanes share.</summary>
    static abstract TVector Broadcast(ref byte source);

    /// <summary>The sums with the products added.</summary>
    static abstract TVector MultiplyAdd(TVector sums, TVector shared, TVector weights);

    /// <summary>The sum of two vectors.</summary>
    static abstract TVector Add(TVector left, TVector right);
}

/// <summary>VPDPBSUD on 512 bits.</summary>
internal readonly struct Avx10Lanes : IPeakLanes<Vector512<int>>
{
    public static int Macs => 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Load(ref byte source) => Vector512.LoadUnsafe(ref source).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Broadcast(ref byte source) => Vector512.Create(Unsafe.ReadUnaligned<int>(ref source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> MultiplyAdd(Vector512<int> sums, Vector512<int> shared, Vector512<int> weights) =>
        AvxVnniInt8.V512.MultiplyWideningAndAdd(sums, weights.AsSByte(), shared.AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Add(Vector512<int> left, Vector512<int> right) => left + right;
}

#if NET11_0_OR_GREATER
/// <summary>VPDPBUSD on 512 bits.</summary>
internal readonly struct Avx512VnniLanes : IPeakLanes<Vector512<int>>
{
    public static int Macs => 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Load(ref byte source) => Vector512.LoadUnsafe(ref source).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Broadcast(ref byte source) => Vector512.Create(Unsafe.ReadUnaligned<int>(ref source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> MultiplyAdd(Vector512<int> sums, Vector512<int> shared, Vector512<int> weights) =>
        AvxVnni.V512.MultiplyWideningAndAdd(sums, shared.AsByte(), weights.AsSByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Add(Vector512<int> left, Vector512<int> right) => left + right;
}
#endif

/// <summary>VPDPBUSD on 256 bits.</summary>
internal readonly struct AvxVnniLanes : IPeakLanes<Vector256<int>>
{
    public static int Macs => 32;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Load(ref byte source) => Vector256.LoadUnsafe(ref source).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Broadcast(ref byte source) => Vector256.Create(Unsafe.ReadUnaligned<int>(ref source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> MultiplyAdd(Vector256<int> sums, Vector256<int> shared, Vector256<int> weights) =>
        AvxVnni.MultiplyWideningAndAdd(sums, shared.AsByte(), weights.AsSByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> left, Vector256<int> right) => left + right;
}

/// <summary>VPMADDUBSW, VPMADDWD and VPADDD on 512 bits: the most the instruction set can do where pair sums are bounded.</summary>
internal readonly struct Avx512Lanes : IPeakLanes<Vector512<int>>
{
    public static int Macs => 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Load(ref byte source) => Vector512.LoadUnsafe(ref source).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Broadcast(ref byte source) => Vector512.Create(Unsafe.ReadUnaligned<int>(ref source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> MultiplyAdd(Vector512<int> sums, Vector512<int> shared, Vector512<int> weights) =>
        sums + Avx512BW.MultiplyAddAdjacent(Avx512BW.MultiplyAddAdjacent(shared.AsByte(), weights.AsSByte()), Vector512<short>.One);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Add(Vector512<int> left, Vector512<int> right) => left + right;
}

/// <summary>VPMADDUBSW, VPMADDWD and VPADDD on 256 bits.</summary>
internal readonly struct Avx2Lanes : IPeakLanes<Vector256<int>>
{
    public static int Macs => 32;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Load(ref byte source) => Vector256.LoadUnsafe(ref source).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Broadcast(ref byte source) => Vector256.Create(Unsafe.ReadUnaligned<int>(ref source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> MultiplyAdd(Vector256<int> sums, Vector256<int> shared, Vector256<int> weights) =>
        sums + Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(shared.AsByte(), weights.AsSByte()), Vector256<short>.One);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> left, Vector256<int> right) => left + right;
}

/// <summary>Arm's SDOT.</summary>
internal readonly struct ArmDotLanes : IPeakLanes<Vector128<int>>
{
    public static int Macs => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Load(ref byte source) => Vector128.LoadUnsafe(ref source).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Broadcast(ref byte source) => Vector128.Create(Unsafe.ReadUnaligned<int>(ref source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> MultiplyAdd(Vector128<int> sums, Vector128<int> shared, Vector128<int> weights) =>
        Dp.DotProduct(sums, shared.AsSByte(), weights.AsSByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Add(Vector128<int> left, Vector128<int> right) => left + right;
}

/// <summary>128-bit vectors without a dot product: 16-bit products, added as 32-bit numbers.</summary>
internal readonly struct Vector128Lanes : IPeakLanes<Vector128<int>>
{
    public static int Macs => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Load(ref byte source) => Vector128.LoadUnsafe(ref source).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Broadcast(ref byte source) => Vector128.Create(Unsafe.ReadUnaligned<int>(ref source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> MultiplyAdd(Vector128<int> sums, Vector128<int> shared, Vector128<int> weights)
    {
        if (Sse2.IsSupported)
            return sums + Sse2.MultiplyAddAdjacent(shared.AsInt16(), weights.AsInt16());
        Vector128<short> products = shared.AsInt16() * weights.AsInt16();
        return sums + Vector128.WidenLower(products) + Vector128.WidenUpper(products);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Add(Vector128<int> left, Vector128<int> right) => left + right;
}

/// <summary>Fused multiply-adds on 512 bits.</summary>
internal readonly struct Float512Lanes : IPeakLanes<Vector512<float>>
{
    public static int Macs => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(ref byte source) => Vector512.LoadUnsafe(ref source).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Broadcast(ref byte source) => Vector512.Create(Unsafe.ReadUnaligned<float>(ref source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MultiplyAdd(Vector512<float> sums, Vector512<float> shared, Vector512<float> weights) =>
        Vector512.FusedMultiplyAdd(shared, weights, sums);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Add(Vector512<float> left, Vector512<float> right) => left + right;
}

/// <summary>Fused multiply-adds on 256 bits.</summary>
internal readonly struct Float256Lanes : IPeakLanes<Vector256<float>>
{
    public static int Macs => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(ref byte source) => Vector256.LoadUnsafe(ref source).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Broadcast(ref byte source) => Vector256.Create(Unsafe.ReadUnaligned<float>(ref source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> MultiplyAdd(Vector256<float> sums, Vector256<float> shared, Vector256<float> weights) =>
        Vector256.FusedMultiplyAdd(shared, weights, sums);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Add(Vector256<float> left, Vector256<float> right) => left + right;
}

/// <summary>Fused multiply-adds on 128 bits.</summary>
internal readonly struct Float128Lanes : IPeakLanes<Vector128<float>>
{
    public static int Macs => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Load(ref byte source) => Vector128.LoadUnsafe(ref source).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Broadcast(ref byte source) => Vector128.Create(Unsafe.ReadUnaligned<float>(ref source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> MultiplyAdd(Vector128<float> sums, Vector128<float> shared, Vector128<float> weights) =>
        Vector128.FusedMultiplyAdd(shared, weights, sums);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Add(Vector128<float> left, Vector128<float> right) => left + right;
}

/// <summary>One product at a time.</summary>
internal readonly struct ScalarLanes : IPeakLanes<int>
{
    public static int Macs => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Load(ref byte source) => (sbyte)source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Broadcast(ref byte source) => source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int MultiplyAdd(int sums, int shared, int weights) => sums + (shared * weights);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Add(int left, int right) => left + right;
}

/// <summary>One fused multiply-add at a time.</summary>
internal readonly struct ScalarFloatLanes : IPeakLanes<float>
{
    public static int Macs => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Load(ref byte source) => Unsafe.ReadUnaligned<float>(ref source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Broadcast(ref byte source) => Unsafe.ReadUnaligned<float>(ref source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MultiplyAdd(float sums, float shared, float weights) => MathF.FusedMultiplyAdd(shared, weights, sums);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Add(float left, float right) => left + right;
}
