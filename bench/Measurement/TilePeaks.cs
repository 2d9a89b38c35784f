using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Bench.Measurement;

/// <summary>
/// How many multiply-accumulates a core can do in a register tile of the kernels' instruction set: six rows by two vectors, a straight
/// line of loads, broadcasts and products over data in the first-level cache, with nothing around it. What product kernels are measured
/// against.
/// </summary>
internal static class TilePeaks
{
    private const int Steps = 64;
    private const int Rounds = 32;
    private static readonly byte[] Data = GC.AllocateArray<byte>((Steps * 128) + 64, pinned: true);

    /// <summary>The peak of integer tiles on this process's path, in GMAC/s.</summary>
    public static double Int8 { get; } = KernelPath.Name switch
    {
        "avx10" => Measure<Avx10Lanes, Vector512<int>>(),
#if NET11_0_OR_GREATER
        "avx512vnni" => Measure<Avx512VnniLanes, Vector512<int>>(),
#endif
        "avxvnni" => Measure<AvxVnniLanes, Vector256<int>>(),
        "avx512" => Measure<Avx512Lanes, Vector512<int>>(),
        "avx2" => Measure<Avx2Lanes, Vector256<int>>(),
        "armdot" => Measure<ArmDotLanes, Vector128<int>>(),
        "vector128" => Measure<Vector128Lanes, Vector128<int>>(),
        _ => Measure<ScalarLanes, int>(),
    };

    /// <summary>The peak of float32 tiles on this process's path, in GMAC/s.</summary>
    public static double Float32 { get; } =
        Float32Path.Is512 ? Measure<Float512Lanes, Vector512<float>>()
        : Float32Path.Is256 ? Measure<Float256Lanes, Vector256<float>>()
        : Float32Path.Is128 ? Measure<Float128Lanes, Vector128<float>>()
        : Measure<ScalarFloatLanes, float>();

    /// <summary>
    /// How many nanoseconds the kernels take to requantise one sum of a block of rows that lies in the first-level cache: what each output
    /// of an integer layer costs beside its products.
    /// </summary>
    public static double Requantization { get; } = MeasureRequantization();

    private static double MeasureRequantization()
    {
        const int channels = 16;
        const int rows = Workspace.MaximumRows;
        int[] sums = GC.AllocateArray<int>(rows * channels, pinned: true);
        int[] multipliers = GC.AllocateArray<int>(channels, pinned: true);
        byte[] output = GC.AllocateArray<byte>(rows * channels, pinned: true);
        int[] outputs = [.. Enumerable.Range(0, rows).Select(r => r * channels)];
        Array.Fill(multipliers, 1 << 30);
        Array.Fill(sums, 1000);
        Requantization requantization = Kernels.Requantization.ToUInt8(38, 0, 0, byte.MaxValue);
        double fastest = Stopwatches.Fastest(
            () =>
            {
                for (int round = 0; round < Rounds; round++)
                {
                    RequantizedBlock.Run(
                        ref sums[0], channels, rows, channels, ref Unsafe.As<int, byte>(ref multipliers[0]), in requantization,
                        ref output[0], ref outputs[0]);
                }
            },
            0.25);
        return fastest * 1e3 / (Rounds * sums.Length);
    }

    private static double Measure<TLanes, TVector>()
        where TLanes : struct, IPeakLanes<TVector>
        where TVector : struct
    {
        var results = new TVector[1];
        int aligned = (int)(-Marshal.UnsafeAddrOfPinnedArrayElement(Data, 0) & 63);
        double fastest = Stopwatches.Fastest(() => results[0] = Tile<TLanes, TVector>(ref Data[aligned]), 0.25);
        GC.KeepAlive(results);
        return 12.0 * TLanes.Macs * Steps * Rounds / fastest / 1e3;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static TVector Tile<TLanes, TVector>(ref byte data)
        where TLanes : struct, IPeakLanes<TVector>
        where TVector : struct
    {
        TVector a0 = default, a1 = default, b0 = default, b1 = default, c0 = default, c1 = default;
        TVector d0 = default, d1 = default, e0 = default, e1 = default, f0 = default, f1 = default;
        for (int round = 0; round < Rounds; round++)
        {
            ref byte p = ref data;
            for (int step = 0; step < Steps; step++)
            {
                TVector w0 = TLanes.Load(ref p), w1 = TLanes.Load(ref Unsafe.Add(ref p, 64));
                TVector x = TLanes.Broadcast(ref p);
                a0 = TLanes.MultiplyAdd(a0, x, w0);
                a1 = TLanes.MultiplyAdd(a1, x, w1);
                x = TLanes.Broadcast(ref Unsafe.Add(ref p, 4));
                b0 = TLanes.MultiplyAdd(b0, x, w0);
                b1 = TLanes.MultiplyAdd(b1, x, w1);
                x = TLanes.Broadcast(ref Unsafe.Add(ref p, 8));
                c0 = TLanes.MultiplyAdd(c0, x, w0);
                c1 = TLanes.MultiplyAdd(c1, x, w1);
                x = TLanes.Broadcast(ref Unsafe.Add(ref p, 12));
                d0 = TLanes.MultiplyAdd(d0, x, w0);
                d1 = TLanes.MultiplyAdd(d1, x, w1);
                x = TLanes.Broadcast(ref Unsafe.Add(ref p, 16));
                e0 = TLanes.MultiplyAdd(e0, x, w0);
                e1 = TLanes.MultiplyAdd(e1, x, w1);
                x = TLanes.Broadcast(ref Unsafe.Add(ref p, 20));
                f0 = TLanes.MultiplyAdd(f0, x, w0);
                f1 = TLanes.MultiplyAdd(f1, x, w1);
                p = ref Unsafe.Add(ref p, 128);
            }
        }
        return TLanes.Add(
            TLanes.Add(TLanes.Add(a0, a1), TLanes.Add(TLanes.Add(b0, b1), TLanes.Add(c0, c1))),
            TLanes.Add(TLanes.Add(d0, d1), TLanes.Add(TLanes.Add(e0, e1), TLanes.Add(f0, f1))));
    }
}
