using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Data;

/// <summary>Converts a data array's elements to the element type of a model's input, where every value can be represented.</summary>
internal sealed class ElementConversion(DataSet data, NamedArray array, string input, ElementType target)
{
    /// <summary>
    /// The array itself where converting cannot fail; otherwise, for integer inputs, the array after a check that every value is an
    /// integer in the input's range.
    /// </summary>
    /// <exception cref="ModelException">A value cannot be represented, or the types have nothing in common.</exception>
    public Tensor Checked()
    {
        Tensor values = array.Value;
        if (values.Element == target)
            return values;
        if (target == ElementType.String || values.Element == ElementType.String)
            throw Mismatch($"{target} elements", $"{values.Element}");
        if (target.IsFloat() || target.IsNarrowFloat())
            return values;
        (decimal low, decimal high) = Range(target);
        for (int i = 0; i < values.Count; i++)
        {
            decimal value;
            if (values.Element.IsFloat() || values.Element.IsNarrowFloat())
            {
                double real = Real(values, i);
                if (real != Math.Floor(real) || Math.Abs(real) > 1e18)
                    throw Mismatch($"integers ({target})", FormattableString.Invariant($"{real}"));
                value = (decimal)real;
            }
            else
            {
                value = Integer(values, i);
            }
            if (value < low || value > high)
                throw Mismatch($"values {low} to {high} ({target})", FormattableString.Invariant($"{value}"));
        }
        return values;
    }

    /// <summary>A stretch of an array as a tensor of another type; values have been checked.</summary>
    public static Tensor Convert(Tensor source, int start, TensorType type)
    {
        int count = type.Count;
        if (source.Element == type.Element)
        {
            Tensor copy = Tensor.Zeros(type);
            Array.Copy(source.Data, start, copy.Data, 0, count);
            return copy;
        }
        if (type.Element.IsNarrow())
            return NumericCast.Convert(new Tensor(type.As(ElementType.Float64), Fill(count, i => Real(source, start + i))), type.Element)!;
        return type.Element switch
        {
            ElementType.Float32 => new Tensor(type, Fill(count, i => (float)Real(source, start + i))),
            ElementType.Float64 => new Tensor(type, Fill(count, i => Real(source, start + i))),
            ElementType.Float16 => new Tensor(type, Fill(count, i => (Half)Real(source, start + i))),
            ElementType.Bool => new Tensor(type, Fill(count, i => Real(source, start + i) != 0)),
            ElementType.UInt8 => new Tensor(type, Fill(count, i => (byte)Integer(source, start + i))),
            ElementType.Int8 => new Tensor(type, Fill(count, i => (sbyte)Integer(source, start + i))),
            ElementType.UInt16 => new Tensor(type, Fill(count, i => (ushort)Integer(source, start + i))),
            ElementType.Int16 => new Tensor(type, Fill(count, i => (short)Integer(source, start + i))),
            ElementType.UInt32 => new Tensor(type, Fill(count, i => (uint)Integer(source, start + i))),
            ElementType.Int32 => new Tensor(type, Fill(count, i => (int)Integer(source, start + i))),
            ElementType.UInt64 => new Tensor(type, Fill(count, i => (ulong)Integer(source, start + i))),
            ElementType.Int64 => new Tensor(type, Fill(count, i => (long)Integer(source, start + i))),
            _ => throw new InvalidOperationException($"{source} cannot become {type}"),
        };
    }

    /// <summary>One element as a real number.</summary>
    public static double Real(Tensor tensor, int index) => tensor.Element switch
    {
        ElementType.Float32 => tensor.Values<float>()[index],
        ElementType.Float64 => tensor.Values<double>()[index],
        ElementType.Float16 => (double)tensor.Values<Half>()[index],
        ElementType.UInt8 => tensor.Values<byte>()[index],
        ElementType.UInt64 => tensor.Values<ulong>()[index],
        ElementType.BFloat16 => NarrowFormat.Decode(tensor.Values<ushort>()[index], (int)tensor.Element),
        var e when e.IsNarrowFloat() => NarrowFormat.Decode(tensor.Values<byte>()[index], (int)tensor.Element),
        _ => (double)Integer(tensor, index),
    };

    private static decimal Integer(Tensor tensor, int index) => tensor.Element switch
    {
        ElementType.UInt8 => tensor.Values<byte>()[index],
        ElementType.Int8 => tensor.Values<sbyte>()[index],
        ElementType.UInt16 => tensor.Values<ushort>()[index],
        ElementType.Int16 => tensor.Values<short>()[index],
        ElementType.UInt32 => tensor.Values<uint>()[index],
        ElementType.Int32 => tensor.Values<int>()[index],
        ElementType.UInt64 => tensor.Values<ulong>()[index],
        ElementType.Int64 => tensor.Values<long>()[index],
        ElementType.Bool => tensor.Values<bool>()[index] ? 1 : 0,
        ElementType.UInt4 or ElementType.UInt2 => tensor.Values<byte>()[index],
        ElementType.Int4 or ElementType.Int2 => tensor.Values<sbyte>()[index],
        ElementType.String => throw new InvalidOperationException($"{tensor} holds no numbers"),
        _ => (decimal)Real(tensor, index),
    };

    private static T[] Fill<T>(int count, Func<int, T> value)
    {
        var result = new T[count];
        for (int i = 0; i < count; i++)
            result[i] = value(i);
        return result;
    }

    private static (decimal Low, decimal High) Range(ElementType type) => type switch
    {
        ElementType.Bool => (0, 1),
        ElementType.UInt8 => (byte.MinValue, byte.MaxValue),
        ElementType.Int8 => (sbyte.MinValue, sbyte.MaxValue),
        ElementType.UInt16 => (ushort.MinValue, ushort.MaxValue),
        ElementType.Int16 => (short.MinValue, short.MaxValue),
        ElementType.UInt32 => (uint.MinValue, uint.MaxValue),
        ElementType.Int32 => (int.MinValue, int.MaxValue),
        ElementType.UInt64 => (ulong.MinValue, ulong.MaxValue),
        ElementType.UInt4 => (0, 15),
        ElementType.Int4 => (-8, 7),
        ElementType.UInt2 => (0, 3),
        ElementType.Int2 => (-2, 1),
        _ => (long.MinValue, long.MaxValue),
    };

    private ModelException Mismatch(string expected, string found) =>
        new(DiagnosticCatalog.DataMismatch, data.Source, $"{expected} for input '{input}'", $"{found} in {array.Name} {array.Value.Type}");
}
