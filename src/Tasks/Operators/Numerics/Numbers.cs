using System.Numerics;

namespace OptimizerBuild.Operators.Numerics;

/// <summary>Limits of numeric types, infinities included.</summary>
internal static class Numbers
{
    /// <summary>What every number is at least: −∞ where the type has it.</summary>
    public static T Lowest<T>()
        where T : INumber<T>, IMinMaxValue<T> => IsFloat<T>() ? T.CreateSaturating(double.NegativeInfinity) : T.MinValue;

    /// <summary>What every number is at most: ∞ where the type has it.</summary>
    public static T Highest<T>()
        where T : INumber<T>, IMinMaxValue<T> => IsFloat<T>() ? T.CreateSaturating(double.PositiveInfinity) : T.MaxValue;

    private static bool IsFloat<T>() => typeof(T) == typeof(float) || typeof(T) == typeof(double) || typeof(T) == typeof(Half);
}
