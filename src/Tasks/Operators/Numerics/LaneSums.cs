using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace OptimizerBuild.Operators.Numerics;

/// <summary>
/// Sums and products of a row in one order on every machine, so that a build gives the same bytes on all of them. The order is that of
/// vectors of 256 bits: lane l takes elements l, l + L, l + 2L, … of all whole blocks of L elements (8 of float32, 4 of float64), the
/// elements behind the last whole block go to the upper lanes, and at the end neighbouring lanes are combined in pairs, pairs of pairs,
/// and both halves. Rows of fewer than L elements are taken in the same way by half a vector, those of fewer than half a vector from
/// the last element to the first. Processors without such vectors do the same lane by lane. No step is fused into another.
/// </summary>
internal static class LaneSums
{
    /// <summary>Σ row[i].</summary>
    /// <typeparam name="T">Any number; the order matters for float32 and float64 only.</typeparam>
    public static T Sum<T>(ReadOnlySpan<T> row)
        where T : unmanaged, INumber<T> => Combine<T, Addition>(row, default);

    /// <summary>Π row[i]; 1 for an empty row.</summary>
    /// <typeparam name="T">Any number; the order matters for float32 and float64 only.</typeparam>
    public static T Product<T>(ReadOnlySpan<T> row)
        where T : unmanaged, INumber<T> => Combine<T, Multiplication>(row, default);

    /// <summary>Σ a[i] · b[i], each product rounded before it is added.</summary>
    /// <param name="a">The factors of one row.</param>
    /// <param name="b">As many of the other.</param>
    public static float Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b) => Combine<float, Addition>(a, b[..a.Length]);

    // A row, or the products of two where the second is not empty.
    private static T Combine<T, TStep>(ReadOnlySpan<T> a, ReadOnlySpan<T> b)
        where T : unmanaged, INumber<T>
        where TStep : struct, IStep
    {
        if (typeof(T) == typeof(float))
            return Lanes<T, TStep>(a, b);
        if (typeof(T) == typeof(double))
            return Lanes<T, TStep>(a, b);

        // Whole numbers wrap: any order gives the same.
        T result = TStep.Identity<T>();
        foreach (T x in a)
            result = TStep.Of(result, x);
        return result;
    }

    private static T Lanes<T, TStep>(ReadOnlySpan<T> a, ReadOnlySpan<T> b)
        where T : unmanaged, INumber<T>
        where TStep : struct, IStep
    {
        int count = Vector256<T>.Count, half = Vector128<T>.Count, length = a.Length;
        if (length < half)
        {
            T sum = TStep.Identity<T>();
            for (int i = length - 1; i >= 0; i--)
                sum = TStep.Of(sum, b.IsEmpty ? a[i] : a[i] * b[i]);
            return sum;
        }
        ref T x = ref MemoryMarshal.GetReference(a), y = ref MemoryMarshal.GetReference(b);
        if (length < count)
        {
            Vector128<T> low = At128(ref x, ref y, b.IsEmpty, 0);
            if (length > half)
                low = TStep.Of(low, Vector128.ConditionalSelect(Upper(half, length - half),
                    At128(ref x, ref y, b.IsEmpty, length - half), Vector128.Create(TStep.Identity<T>())));
            return Across<T, TStep>(low);
        }
        Vector256<T> sums = At256(ref x, ref y, b.IsEmpty, 0);
        int at = count;
        for (; at <= length - count; at += count)
            sums = TStep.Of(sums, At256(ref x, ref y, b.IsEmpty, at));
        if (at < length)
            sums = TStep.Of(sums, Vector256.ConditionalSelect(Upper256(count, length - at),
                At256(ref x, ref y, b.IsEmpty, length - count), Vector256.Create(TStep.Identity<T>())));
        return TStep.Of(Across<T, TStep>(sums.GetLower()), Across<T, TStep>(sums.GetUpper()));

        // All bits set in the last lanes.
        static Vector128<T> Upper(int lanes, int set) =>
            Vector128.GreaterThanOrEqual(Vector128<T>.Indices, Vector128.Create(T.CreateTruncating(lanes - set)));

        static Vector256<T> Upper256(int lanes, int set) =>
            Vector256.GreaterThanOrEqual(Vector256<T>.Indices, Vector256.Create(T.CreateTruncating(lanes - set)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<T> At128<T>(ref T a, ref T b, bool alone, int place)
    {
        var x = Vector128.LoadUnsafe(ref a, (nuint)place);
        return alone ? x : x * Vector128.LoadUnsafe(ref b, (nuint)place);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<T> At256<T>(ref T a, ref T b, bool alone, int place)
    {
        var x = Vector256.LoadUnsafe(ref a, (nuint)place);
        return alone ? x : x * Vector256.LoadUnsafe(ref b, (nuint)place);
    }

    // (0 ∘ 1) ∘ (2 ∘ 3), or 0 ∘ 1 of two lanes.
    private static T Across<T, TStep>(Vector128<T> lanes)
        where T : unmanaged, INumber<T>
        where TStep : struct, IStep =>
        Vector128<T>.Count == 2
            ? TStep.Of(lanes.GetElement(0), lanes.GetElement(1))
            : TStep.Of(TStep.Of(lanes.GetElement(0), lanes.GetElement(1)), TStep.Of(lanes.GetElement(2), lanes.GetElement(3)));

    /// <summary>How two numbers, or two vectors of them, become one.</summary>
    private interface IStep
    {
        static abstract T Identity<T>()
            where T : INumber<T>;

        static abstract T Of<T>(T a, T b)
            where T : INumber<T>;

        static abstract Vector128<T> Of<T>(Vector128<T> a, Vector128<T> b);

        static abstract Vector256<T> Of<T>(Vector256<T> a, Vector256<T> b);
    }

    private readonly struct Addition : IStep
    {
        public static T Identity<T>()
            where T : INumber<T> => T.Zero;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Of<T>(T a, T b)
            where T : INumber<T> => unchecked(a + b);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<T> Of<T>(Vector128<T> a, Vector128<T> b) => a + b;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<T> Of<T>(Vector256<T> a, Vector256<T> b) => a + b;
    }

    private readonly struct Multiplication : IStep
    {
        public static T Identity<T>()
            where T : INumber<T> => T.One;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Of<T>(T a, T b)
            where T : INumber<T> => unchecked(a * b);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<T> Of<T>(Vector128<T> a, Vector128<T> b) => a * b;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<T> Of<T>(Vector256<T> a, Vector256<T> b) => a * b;
    }
}
