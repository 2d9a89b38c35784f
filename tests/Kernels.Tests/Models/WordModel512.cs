using System.Runtime.Intrinsics;

namespace OptimizerBuild.Kernels.Tests.Models;

/// <summary>
/// The words of Winograd's form on 512 bits as the processor manuals define VPMADDWD and the rest, lane by lane, in the place of
/// <c>Avx512WordDotProduct</c> and <c>WinogradLanes512</c>.
/// </summary>
internal readonly struct WordModel512 : IDotProduct<Vector512<int>>, IWinogradLanes<Vector512<int>>
{
    public static int Lanes => 16;

    public static int Rows => 6;

    public static bool IsOffset => false;

    public static Vector512<int> Load(ref byte source) => Vector512.LoadUnsafe(ref source).AsInt32();

    public static Vector512<int> Load(ref int source) => Vector512.LoadUnsafe(ref source);

    public static void Store(Vector512<int> value, ref byte destination) => value.AsByte().StoreUnsafe(ref destination);

    public static Vector512<int> Add(Vector512<int> left, Vector512<int> right) => left + right;

    public static Vector512<int> Subtract(Vector512<int> left, Vector512<int> right) => left - right;

    public static Vector512<int> Quarter(Vector512<int> value) => Each(value, value, static (x, _) => x / 4);

    public static Vector512<int> Quadruple(Vector512<int> value) => Each(value, value, static (x, _) => unchecked(4 * x));

    public static Vector512<int> DivideBy576(Vector512<int> value) =>
        Each(value, value, static (x, _) => unchecked(x * 0x38E38E39) >> 6);

    public static Vector512<int> QuadrupleWords(Vector512<int> value) =>
        Each(value, value, static (x, _) => unchecked((ushort)(4 * x) | ((4 * (x >> 16)) << 16)));

    public static Vector512<int> Widen(ref byte source) => Vector512.WidenLower(Vector512.LoadUnsafe(ref source)).AsInt32();

    public static Vector512<int> AddWords(Vector512<int> left, Vector512<int> right) => (left.AsInt16() + right.AsInt16()).AsInt32();

    public static Vector512<int> SubtractWords(Vector512<int> left, Vector512<int> right) => (left.AsInt16() - right.AsInt16()).AsInt32();

    public static Vector512<int> Broadcast(ref byte activations) =>
        Vector512.Create(System.Runtime.CompilerServices.Unsafe.ReadUnaligned<int>(ref activations));

    public static Vector512<int> EvenWeights(Vector512<int> weights) => weights;

    public static Vector512<int> OddWeights(Vector512<int> weights) => weights;

    public static Vector512<int> EvenActivations(Vector512<int> activations) => activations;

    public static Vector512<int> OddActivations(Vector512<int> activations) => activations;

    public static Vector512<int> MultiplyAdd(
        Vector512<int> sums, Vector512<int> evenActivations, Vector512<int> oddActivations, Vector512<int> evenWeights,
        Vector512<int> oddWeights) =>
        sums + Each(evenActivations, evenWeights, static (x, w) => unchecked(((short)x * (short)w) + ((x >> 16) * (w >> 16))));

    public static Vector512<int> Raise(Vector512<int> sums, in Requantization requantization) =>
        RequantizedRow.Raise(sums, in requantization);

    private static Vector512<int> Each(Vector512<int> left, Vector512<int> right, Func<int, int, int> function)
    {
        Vector512<int> result = default;
        for (int lane = 0; lane < 16; lane++)
            result = result.WithElement(lane, function(left[lane], right[lane]));
        return result;
    }
}
