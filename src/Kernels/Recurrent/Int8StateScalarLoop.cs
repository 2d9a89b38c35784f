namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>The sums of <see cref="Int8StateTile"/> without vectors, also for the start-up path.</summary>
internal static class Int8StateScalarLoop
{
    /// <summary>Computes the totals of all rows.</summary>
    /// <param name="pairs">Levels in pairs: of each four the first and the third, then the second and the fourth.</param>
    /// <param name="weights">The packed weights.</param>
    /// <param name="totals">The totals.</param>
    /// <param name="outputs">The number of rows, a multiple of 8.</param>
    /// <param name="quads">Groups of four levels.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(ref int pairs, ref byte weights, ref int totals, int outputs, int quads)
    {
        unchecked
        {
            for (int output = 0; output < outputs; output++)
            {
                int panel = output & ~15;
                int width = outputs - panel < 16 ? 8 : 16;
                ref sbyte w = ref Unsafe.As<byte, sbyte>(
                    ref Unsafe.Add(ref weights, ((nint)panel * quads * 4) + ((output - panel) * 4)));
                int sum = 0;
                for (nint q = 0; q < quads; q++)
                {
                    int even = Unsafe.Add(ref pairs, 2 * q);
                    int odd = Unsafe.Add(ref pairs, (2 * q) + 1);
                    sum += ((short)even * w) + ((even >> 16) * Unsafe.Add(ref w, 2));
                    sum += ((short)odd * Unsafe.Add(ref w, 1)) + ((odd >> 16) * Unsafe.Add(ref w, 3));
                    w = ref Unsafe.Add(ref w, 4 * width);
                }
                Unsafe.Add(ref totals, output) = sum;
            }
        }
    }
}
