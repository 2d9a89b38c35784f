namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Numerics;
using global::System.Runtime.CompilerServices;

/// <summary>The remainder of a division of two numbers of one type, exact for real numbers too.</summary>
internal static class Remainder
{
    /// <summary>The remainder; of integers 0 where the divisor is 0.</summary>
    /// <typeparam name="T">The numbers' type.</typeparam>
    /// <param name="a">The dividend.</param>
    /// <param name="b">The divisor.</param>
    /// <param name="truncates">Whether it has the dividend's sign; else the divisor's.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Of<T>(T a, T b, bool truncates)
        where T : INumber<T>
    {
        bool real = typeof(T) == typeof(float) || typeof(T) == typeof(double) || typeof(T) == typeof(Half);
        // The hardware raises an exception for a divisor of 0 and for the least integer modulo -1.
        if (!real && (T.IsZero(b) || (T.IsNegative(b) && T.IsZero(b + T.One))))
            return T.Zero;
        T rest = a % b;
        return truncates || T.IsZero(rest) || T.IsNegative(rest) == T.IsNegative(b) ? rest : rest + b;
    }
}
