using System.Numerics;
using System.Runtime.InteropServices;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Operators.Numerics;

/// <summary>Converts tensors between element types as ONNX Cast does.</summary>
internal static class NumericCast
{
    /// <summary>
    /// The tensor with another element type; null where a string takes part. A float outside the range of an integer type is
    /// saturated and NaN becomes 0 (the specification leaves both open); integers wrap, as in C. From and to narrow types: see
    /// <see cref="NarrowCast"/>.
    /// </summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="to">The type that it takes.</param>
    /// <param name="saturate">Whether 8-bit floats take their greatest number for what is greater.</param>
    /// <param name="rounding">The rounding to E8M0, one of <see cref="NarrowFormat"/>'s.</param>
    public static Tensor? Convert(Tensor tensor, ElementType to, bool saturate = true, int rounding = NarrowFormat.RoundUp)
    {
        if (tensor.Element == to)
            return tensor;
        if (to == ElementType.String || tensor.Element == ElementType.String)
            return null;
        if (to.IsNarrow() || tensor.Element.IsNarrow())
        {
            Tensor result = Tensor.Zeros(tensor.Type.As(to));
            NarrowCast.Convert(
                Bytes(tensor), Bytes(result), tensor.Count, (int)tensor.Element, (int)to, saturate, rounding);
            return result;
        }
        Tensor numbers = tensor.Element == ElementType.Bool
            ? new Tensor(tensor.Type.As(ElementType.UInt8), Array.ConvertAll(tensor.Values<bool>(), b => b ? (byte)1 : (byte)0))
            : tensor;
        if (numbers.Element == to)
            return numbers;
        return NumericDispatch.Run<From, Tensor>(numbers.Element, new From(numbers, to));
    }

    private static Span<byte> Bytes(Tensor tensor) => MemoryMarshal.CreateSpan(
        ref MemoryMarshal.GetArrayDataReference(tensor.Data), checked(tensor.Count * tensor.Element.Size()));

    private readonly struct From(Tensor tensor, ElementType to) : INumericCode<Tensor>
    {
        public Tensor Run<TFrom>()
            where TFrom : unmanaged, INumber<TFrom>, IMinMaxValue<TFrom>
        {
            TensorType type = tensor.Type.As(to);
            return to == ElementType.Bool
                ? new Tensor(type, Array.ConvertAll(tensor.Values<TFrom>(), v => v != TFrom.Zero))
                : NumericDispatch.Run<To<TFrom>, Tensor>(to, new To<TFrom>(tensor.Values<TFrom>(), type));
        }
    }

    private readonly struct To<TFrom>(TFrom[] values, TensorType type) : INumericCode<Tensor>
        where TFrom : unmanaged, INumber<TFrom>
    {
        public Tensor Run<TTo>()
            where TTo : unmanaged, INumber<TTo>, IMinMaxValue<TTo>
        {
            var result = new TTo[values.Length];
            bool saturate = default(TFrom) is float or double or System.Half;
            for (int i = 0; i < result.Length; i++)
                result[i] = saturate ? TTo.CreateSaturating(values[i]) : TTo.CreateTruncating(values[i]);
            return new(type, result);
        }
    }
}
