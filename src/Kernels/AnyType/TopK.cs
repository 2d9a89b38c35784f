namespace OptimizerBuild.Kernels;

using global::System.Numerics;
using global::System.Runtime.CompilerServices;

/// <summary>
/// The greatest or the least elements of the middle dimension of <c>[outer, count, inner]</c> and their indices, the most extreme first;
/// of equal ones that with the lower index. NaN is chosen after all others.
/// </summary>
internal static class TopK
{
    /// <summary>Chooses elements.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the input.</param>
    /// <param name="values">Arena offset of the chosen elements.</param>
    /// <param name="indices">Arena offset of their signed 64-bit indices.</param>
    /// <param name="elementType">The element type, a number of <see cref="NumericType"/>.</param>
    /// <param name="outer">The product of the dimensions before.</param>
    /// <param name="count">The extent of the dimension.</param>
    /// <param name="inner">The product of the dimensions after it.</param>
    /// <param name="k">How many are chosen, at most <paramref name="count"/>.</param>
    /// <param name="largest">1 for the greatest, 0 for the least.</param>
    public static void Run(
        Workspace w, int input, int values, int indices, int elementType, int outer, int count, int inner, int k, int largest) =>
        NumericKernel.Run(new Kernel(w, input, values, indices, outer, count, inner, k, largest), elementType);

    private readonly struct Kernel(
        Workspace w, int input, int values, int indices, int outer, int count, int inner, int k, int largest) : INumericKernel
    {
        public void Run<T>()
            where T : unmanaged, INumber<T>
        {
            ref T from = ref Unsafe.As<byte, T>(ref w.Operand(input));
            ref T to = ref Unsafe.As<byte, T>(ref w.Arena(values));
            ref long places = ref Unsafe.As<byte, long>(ref w.Arena(indices));
            for (nint o = 0; o < outer; o++)
            {
                for (nint i = 0; i < inner; i++)
                {
                    ref T best = ref Unsafe.Add(ref to, (o * k * inner) + i);
                    ref long place = ref Unsafe.Add(ref places, (o * k * inner) + i);
                    for (int n = 0; n < count; n++)
                        Insert(ref best, ref place, Unsafe.Add(ref from, (((o * count) + n) * inner) + i), n);
                }
            }
        }

        // Those chosen so far are in order; a new one moves the lesser ones on.
        private void Insert<T>(ref T best, ref long place, T x, int n)
            where T : unmanaged, INumber<T>
        {
            nint free = n < k ? n : k - 1;
            if (n >= k && !Beats(x, Unsafe.Add(ref best, free * inner)))
                return;
            for (; free > 0 && Beats(x, Unsafe.Add(ref best, (free - 1) * inner)); free--)
            {
                Unsafe.Add(ref best, free * inner) = Unsafe.Add(ref best, (free - 1) * inner);
                Unsafe.Add(ref place, free * inner) = Unsafe.Add(ref place, (free - 1) * inner);
            }
            Unsafe.Add(ref best, free * inner) = x;
            Unsafe.Add(ref place, free * inner) = n;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private bool Beats<T>(T x, T other)
            where T : unmanaged, INumber<T> => (largest != 0 ? x > other : x < other) || (T.IsNaN(other) && !T.IsNaN(x));
    }
}
