using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace OptimizerBuild.Kernels.Tests.Models;

/// <summary>
/// VPDPBUSD as the processor manuals define it, lane by lane, in the place of <c>AvxVnniDotProduct</c>, so that tiles of its form are
/// tested on machines without AVX-VNNI.
/// </summary>
internal readonly struct AvxVnniModel : IDotProduct<Vector256<int>>
{
    public static int Lanes => 8;

    public static int Rows => 6;

    public static bool IsOffset => false;

    public static Vector256<int> Load(ref byte source) => Vector256.LoadUnsafe(ref source).AsInt32();

    public static void Store(Vector256<int> value, ref byte destination) => value.AsByte().StoreUnsafe(ref destination);

    public static Vector256<int> Add(Vector256<int> left, Vector256<int> right) => left + right;

    public static Vector256<int> Broadcast(ref byte activations) => Vector256.Create(Unsafe.ReadUnaligned<int>(ref activations));

    public static Vector256<int> EvenWeights(Vector256<int> weights) => weights;

    public static Vector256<int> OddWeights(Vector256<int> weights) => weights;

    public static Vector256<int> EvenActivations(Vector256<int> activations) => activations;

    public static Vector256<int> OddActivations(Vector256<int> activations) => activations;

    public static Vector256<int> MultiplyAdd(
        Vector256<int> sums, Vector256<int> evenActivations, Vector256<int> oddActivations, Vector256<int> evenWeights,
        Vector256<int> oddWeights)
    {
        Vector256<byte> x = evenActivations.AsByte();
        Vector256<sbyte> w = evenWeights.AsSByte();
        for (int lane = 0; lane < 8; lane++)
        {
            int sum = sums[lane];
            for (int k = 4 * lane; k < (4 * lane) + 4; k++)
                sum += x[k] * w[k];
            sums = sums.WithElement(lane, sum);
        }

        return sums;
    }

    public static Vector256<int> Raise(Vector256<int> sums, in Requantization requantization) =>
        RequantizedRow.Raise(sums, in requantization);
}

/// <summary>UDOT as the processor manuals define it, lane by lane, in the place of <c>ArmUnsignedDotProduct</c>.</summary>
internal readonly struct ArmUnsignedModel : IDotProduct<Vector128<int>>
{
    public static int Lanes => 4;

    public static int Rows => 6;

    public static bool IsOffset => false;

    public static Vector128<int> Load(ref byte source) => Vector128.LoadUnsafe(ref source).AsInt32();

    public static void Store(Vector128<int> value, ref byte destination) => value.AsByte().StoreUnsafe(ref destination);

    public static Vector128<int> Add(Vector128<int> left, Vector128<int> right) => left + right;

    public static Vector128<int> Broadcast(ref byte activations) => Vector128.Create(Unsafe.ReadUnaligned<int>(ref activations));

    public static Vector128<int> EvenWeights(Vector128<int> weights) => weights;

    public static Vector128<int> OddWeights(Vector128<int> weights) => weights;

    public static Vector128<int> EvenActivations(Vector128<int> activations) => activations;

    public static Vector128<int> OddActivations(Vector128<int> activations) => activations;

    public static Vector128<int> MultiplyAdd(
        Vector128<int> sums, Vector128<int> evenActivations, Vector128<int> oddActivations, Vector128<int> evenWeights,
        Vector128<int> oddWeights)
    {
        Vector128<byte> x = evenActivations.AsByte();
        Vector128<byte> w = evenWeights.AsByte();
        for (int lane = 0; lane < 4; lane++)
        {
            int sum = sums[lane];
            for (int k = 4 * lane; k < (4 * lane) + 4; k++)
                sum += x[k] * w[k];
            sums = sums.WithElement(lane, sum);
        }

        return sums;
    }

    public static Vector128<int> Raise(Vector128<int> sums, in Requantization requantization) =>
        RequantizedRow.Raise(sums, in requantization);
}

/// <summary>
/// VPDPBUSD on 512 bits as the processor manuals define it, lane by lane, in the place of <c>Avx512VnniDotProduct</c>; and of
/// <c>Avx10DotProduct</c>, whose VPDPBSUD only takes its operands in the other order.
/// </summary>
internal readonly struct Vnni512Model : IDotProduct<Vector512<int>>
{
    public static int Lanes => 16;

    public static int Rows => 6;

    public static bool IsOffset => false;

    public static Vector512<int> Load(ref byte source) => Vector512.LoadUnsafe(ref source).AsInt32();

    public static void Store(Vector512<int> value, ref byte destination) => value.AsByte().StoreUnsafe(ref destination);

    public static Vector512<int> Add(Vector512<int> left, Vector512<int> right) => left + right;

    public static Vector512<int> Broadcast(ref byte activations) => Vector512.Create(Unsafe.ReadUnaligned<int>(ref activations));

    public static Vector512<int> EvenWeights(Vector512<int> weights) => weights;

    public static Vector512<int> OddWeights(Vector512<int> weights) => weights;

    public static Vector512<int> EvenActivations(Vector512<int> activations) => activations;

    public static Vector512<int> OddActivations(Vector512<int> activations) => activations;

    public static Vector512<int> MultiplyAdd(
        Vector512<int> sums, Vector512<int> evenActivations, Vector512<int> oddActivations, Vector512<int> evenWeights,
        Vector512<int> oddWeights)
    {
        Vector512<byte> x = evenActivations.AsByte();
        Vector512<sbyte> w = evenWeights.AsSByte();
        for (int lane = 0; lane < 16; lane++)
        {
            int sum = sums[lane];
            for (int k = 4 * lane; k < (4 * lane) + 4; k++)
                sum += x[k] * w[k];
            sums = sums.WithElement(lane, sum);
        }

        return sums;
    }

    public static Vector512<int> Raise(Vector512<int> sums, in Requantization requantization) =>
        RequantizedRow.Raise(sums, in requantization);
}

/// <summary>
/// The AVX-512BW instructions of <c>Avx512DotProduct</c> (VPSLLW, VPSRAW, VPSRLW, VPANDD, VPMADDWD) as the processor manuals define them,
/// lane by lane.
/// </summary>
internal readonly struct Avx512Model : IDotProduct<Vector512<int>>
{
    public static int Lanes => 16;

    public static int Rows => 6;

    public static bool IsOffset => false;

    public static Vector512<int> Load(ref byte source) => Vector512.LoadUnsafe(ref source).AsInt32();

    public static void Store(Vector512<int> value, ref byte destination) => value.AsByte().StoreUnsafe(ref destination);

    public static Vector512<int> Add(Vector512<int> left, Vector512<int> right) => Each(i => left[i] + right[i]);

    public static Vector512<int> Broadcast(ref byte activations) => Vector512.Create(Unsafe.ReadUnaligned<int>(ref activations));

    public static Vector512<int> EvenWeights(Vector512<int> weights) => Words(weights, v => (short)((short)(v << 8) >> 8));

    public static Vector512<int> OddWeights(Vector512<int> weights) => Words(weights, v => (short)(v >> 8));

    public static Vector512<int> EvenActivations(Vector512<int> activations) => Each(i => activations[i] & 0x00FF00FF);

    public static Vector512<int> OddActivations(Vector512<int> activations) => Words(activations, v => (short)((ushort)v >> 8));

    public static Vector512<int> MultiplyAdd(
        Vector512<int> sums, Vector512<int> evenActivations, Vector512<int> oddActivations, Vector512<int> evenWeights,
        Vector512<int> oddWeights) =>
        Each(i => sums[i] + Pair(evenActivations, evenWeights, i) + Pair(oddActivations, oddWeights, i));

    private static int Pair(Vector512<int> left, Vector512<int> right, int lane) =>
        (left.AsInt16()[2 * lane] * right.AsInt16()[2 * lane]) + (left.AsInt16()[(2 * lane) + 1] * right.AsInt16()[(2 * lane) + 1]);

    private static Vector512<int> Each(Func<int, int> lane)
    {
        Vector512<int> result = default;
        for (int i = 0; i < 16; i++)
            result = result.WithElement(i, lane(i));
        return result;
    }

    private static Vector512<int> Words(Vector512<int> value, Func<short, short> word)
    {
        Vector512<short> result = value.AsInt16();
        for (int i = 0; i < 32; i++)
            result = result.WithElement(i, word(result[i]));
        return result.AsInt32();
    }

    public static Vector512<int> Raise(Vector512<int> sums, in Requantization requantization) =>
        RequantizedRow.Raise(sums, in requantization);
}

/// <summary>Arm's SDOT as the architecture manual defines it, lane by lane, in the place of <c>ArmDotProduct</c>.</summary>
internal readonly struct ArmModel : IDotProduct<Vector128<int>>
{
    public static int Lanes => ArmDotProduct.Lanes;

    public static int Rows => ArmDotProduct.Rows;

    public static bool IsOffset => ArmDotProduct.IsOffset;

    public static Vector128<int> Load(ref byte source) => ArmDotProduct.Load(ref source);

    public static void Store(Vector128<int> value, ref byte destination) => ArmDotProduct.Store(value, ref destination);

    public static Vector128<int> Add(Vector128<int> left, Vector128<int> right) => ArmDotProduct.Add(left, right);

    public static Vector128<int> Broadcast(ref byte activations) => ArmDotProduct.Broadcast(ref activations);

    public static Vector128<int> EvenWeights(Vector128<int> weights) => ArmDotProduct.EvenWeights(weights);

    public static Vector128<int> OddWeights(Vector128<int> weights) => ArmDotProduct.OddWeights(weights);

    public static Vector128<int> EvenActivations(Vector128<int> activations) => ArmDotProduct.EvenActivations(activations);

    public static Vector128<int> OddActivations(Vector128<int> activations) => ArmDotProduct.OddActivations(activations);

    public static Vector128<int> MultiplyAdd(
        Vector128<int> sums, Vector128<int> evenActivations, Vector128<int> oddActivations, Vector128<int> evenWeights,
        Vector128<int> oddWeights)
    {
        Vector128<sbyte> x = evenActivations.AsSByte();
        Vector128<sbyte> w = evenWeights.AsSByte();
        for (int lane = 0; lane < 4; lane++)
        {
            int sum = sums[lane];
            for (int k = 4 * lane; k < (4 * lane) + 4; k++)
                sum += x[k] * w[k];
            sums = sums.WithElement(lane, sum);
        }

        return sums;
    }

    public static Vector128<int> Raise(Vector128<int> sums, in Requantization requantization) =>
        RequantizedRow.Raise(sums, in requantization);
}

/// <summary>The portable form of <see cref="PairProducts"/>, which processors without an instruction for pair products take.</summary>
internal readonly struct PortableModel : IDotProduct<Vector128<int>>
{
    public static int Lanes => Vector128DotProduct.Lanes;

    public static int Rows => Vector128DotProduct.Rows;

    public static bool IsOffset => Vector128DotProduct.IsOffset;

    public static Vector128<int> Load(ref byte source) => Vector128DotProduct.Load(ref source);

    public static void Store(Vector128<int> value, ref byte destination) => Vector128DotProduct.Store(value, ref destination);

    public static Vector128<int> Add(Vector128<int> left, Vector128<int> right) => Vector128DotProduct.Add(left, right);

    public static Vector128<int> Broadcast(ref byte activations) => Vector128DotProduct.Broadcast(ref activations);

    public static Vector128<int> EvenWeights(Vector128<int> weights) => Vector128DotProduct.EvenWeights(weights);

    public static Vector128<int> OddWeights(Vector128<int> weights) => Vector128DotProduct.OddWeights(weights);

    public static Vector128<int> EvenActivations(Vector128<int> activations) => Vector128DotProduct.EvenActivations(activations);

    public static Vector128<int> OddActivations(Vector128<int> activations) => Vector128DotProduct.OddActivations(activations);

    public static Vector128<int> MultiplyAdd(
        Vector128<int> sums, Vector128<int> evenActivations, Vector128<int> oddActivations, Vector128<int> evenWeights,
        Vector128<int> oddWeights) =>
        sums + PairProducts.Portable(evenActivations.AsInt16(), evenWeights.AsInt16())
            + PairProducts.Portable(oddActivations.AsInt16(), oddWeights.AsInt16());

    public static Vector128<int> Raise(Vector128<int> sums, in Requantization requantization) =>
        RequantizedRow.Raise(sums, in requantization);
}
