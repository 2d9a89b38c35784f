namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>One float64 lane: what is left over behind the last whole vector, and processors without usable vectors.</summary>
internal readonly struct Float64Lanes1 : IFloat64Lanes<double>
{
    /// <inheritdoc/>
    public static int Count => 1;

    /// <inheritdoc/>
    public static double Lane(double value, int index) => value;

    /// <inheritdoc/>
    public static double WithLane(double vector, int index, double value) => value;

    /// <inheritdoc/>
    public static double Broadcast(double value) => value;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double BroadcastBits(long bits) => BitConverter.Int64BitsToDouble(bits);

    /// <inheritdoc/>
    public static double Add(double a, double b) => a + b;

    /// <inheritdoc/>
    public static double Subtract(double a, double b) => a - b;

    /// <inheritdoc/>
    public static double Multiply(double a, double b) => a * b;

    /// <inheritdoc/>
    public static double Divide(double a, double b) => a / b;

    /// <inheritdoc/>
    public static double SquareRoot(double x) => Math.Sqrt(x);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double LessThan(double a, double b) => BitConverter.Int64BitsToDouble(a < b ? -1 : 0);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Equal(double a, double b) => BitConverter.Int64BitsToDouble(a == b ? -1 : 0);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Any(double mask) => BitConverter.DoubleToInt64Bits(mask) != 0;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Select(double mask, double a, double b) => BitConverter.DoubleToInt64Bits(mask) != 0 ? a : b;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double And(double a, double b) =>
        BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(a) & BitConverter.DoubleToInt64Bits(b));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Or(double a, double b) =>
        BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(a) | BitConverter.DoubleToInt64Bits(b));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Xor(double a, double b) =>
        BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(a) ^ BitConverter.DoubleToInt64Bits(b));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double AddBits(double a, double b) =>
        BitConverter.Int64BitsToDouble(unchecked(BitConverter.DoubleToInt64Bits(a) + BitConverter.DoubleToInt64Bits(b)));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double SubtractBits(double a, double b) =>
        BitConverter.Int64BitsToDouble(unchecked(BitConverter.DoubleToInt64Bits(a) - BitConverter.DoubleToInt64Bits(b)));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double ShiftLeft(double a, int count) => BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(a) << count);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double ShiftRight(double a, int count) =>
        BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(a) >>> count);
}
