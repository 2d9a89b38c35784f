using System.Numerics;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Numerics;

/// <summary>Code that is generic over the .NET type of a numeric tensor's elements.</summary>
/// <typeparam name="TResult">What it gives back.</typeparam>
internal interface INumericCode<TResult>
{
    /// <summary>Runs for elements of type <typeparamref name="T"/>.</summary>
    TResult Run<T>()
        where T : unmanaged, INumber<T>, IMinMaxValue<T>;
}

/// <summary>Chooses the instance of generic code that fits an element type.</summary>
internal static class NumericDispatch
{
    /// <summary>Runs the instance of <paramref name="code"/> for a numeric element type.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type is bool, string or narrow.</exception>
    public static TResult Run<TCode, TResult>(ElementType element, TCode code)
        where TCode : struct, INumericCode<TResult> => element switch
        {
            ElementType.Float32 => code.Run<float>(),
            ElementType.Float64 => code.Run<double>(),
            ElementType.Float16 => code.Run<Half>(),
            ElementType.Int8 => code.Run<sbyte>(),
            ElementType.Int16 => code.Run<short>(),
            ElementType.Int32 => code.Run<int>(),
            ElementType.Int64 => code.Run<long>(),
            ElementType.UInt8 => code.Run<byte>(),
            ElementType.UInt16 => code.Run<ushort>(),
            ElementType.UInt32 => code.Run<uint>(),
            ElementType.UInt64 => code.Run<ulong>(),
            _ => throw new ArgumentOutOfRangeException(nameof(element), element, "not a numeric type"),
        };

    /// <summary>Whether arithmetic is done in the type: neither bool nor string nor a narrow type.</summary>
    public static bool IsNumeric(this ElementType element) =>
        element is not (ElementType.Bool or ElementType.String) && !element.IsNarrow();
}
