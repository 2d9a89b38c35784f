using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OptimizerBuild.Graphs;

/// <summary>A dense tensor in row-major order. Treat the data as frozen once the tensor has been handed on.</summary>
internal sealed class Tensor
{
    /// <summary>A tensor over an array of the element's .NET type (see <see cref="ElementTypes.ClrType"/>), which is not copied.</summary>
    /// <exception cref="ArgumentException">The array's type or length does not fit the tensor's type.</exception>
    public Tensor(TensorType type, Array data)
    {
        if (data.GetType().GetElementType() != type.Element.ClrType() || data.Length != type.Count)
            throw new ArgumentException($"{data.GetType().GetElementType()?.Name}[{data.Length}] cannot hold {type}", nameof(data));
        Type = type;
        Data = data;
    }

    /// <summary>Element type and dimensions.</summary>
    public TensorType Type { get; }

    /// <summary>The elements: an array of the element's .NET type.</summary>
    public Array Data { get; }

    /// <summary>The element type.</summary>
    public ElementType Element => Type.Element;

    /// <summary>The dimensions, outermost first.</summary>
    public ImmutableArray<int> Dimensions => Type.Dimensions;

    /// <summary>The number of dimensions.</summary>
    public int Rank => Type.Dimensions.Length;

    /// <summary>The number of elements.</summary>
    public int Count => Data.Length;

    /// <summary>A tensor over <paramref name="data"/>, which is not copied.</summary>
    public static Tensor Of<T>(T[] data, params ReadOnlySpan<int> dimensions) => new(TensorType.Of(ElementTypes.Of<T>(), dimensions), data);

    /// <summary>A tensor of rank 0.</summary>
    public static Tensor Scalar<T>(T value) => new(TensorType.Of(ElementTypes.Of<T>()), new[] { value });

    /// <summary>A tensor of zeros (false, empty strings) of the given type.</summary>
    public static Tensor Zeros(TensorType type)
    {
        var data = Array.CreateInstance(type.Element.ClrType(), type.Count);
        if (data is string[] texts)
            Array.Fill(texts, "");
        return new(type, data);
    }

    /// <summary>The elements as an array of <typeparamref name="T"/>, not copied.</summary>
    /// <exception cref="InvalidOperationException">The tensor holds another element type.</exception>
    public T[] Values<T>() => Data.GetType() == typeof(T[])
        ? Unsafe.As<T[]>(Data)
        : throw new InvalidOperationException($"a tensor of {Type} was read as {typeof(T).Name}");

    /// <summary>The same elements under other dimensions.</summary>
    public Tensor Reshape(params ReadOnlySpan<int> dimensions) => new(TensorType.Of(Element, dimensions), Data);

    /// <summary>The elements of an integer or boolean tensor as 64-bit integers.</summary>
    /// <exception cref="InvalidOperationException">The tensor is not an integer tensor.</exception>
    public long[] ToInt64() => Element switch
    {
        // Not by the array's type: to the runtime an int[] is a uint[], too.
        ElementType.Int64 => Values<long>(),
        ElementType.Int32 => Array.ConvertAll(Values<int>(), x => (long)x),
        ElementType.Int16 => Array.ConvertAll(Values<short>(), x => (long)x),
        ElementType.Int8 => Array.ConvertAll(Values<sbyte>(), x => (long)x),
        ElementType.UInt8 => Array.ConvertAll(Values<byte>(), x => (long)x),
        ElementType.UInt16 => Array.ConvertAll(Values<ushort>(), x => (long)x),
        ElementType.UInt32 => Array.ConvertAll(Values<uint>(), x => (long)x),
        ElementType.UInt64 => Array.ConvertAll(Values<ulong>(), x => checked((long)x)),
        ElementType.Bool => Array.ConvertAll(Values<bool>(), x => x ? 1L : 0L),
        _ => throw new InvalidOperationException($"a tensor of {Type} was read as integers"),
    };

    /// <summary>The bytes of the elements as they lie in memory; there are none of texts.</summary>
    public ReadOnlySpan<byte> Bytes => MemoryMarshal.CreateReadOnlySpan(
        ref MemoryMarshal.GetArrayDataReference(Data), checked(Count * Element.Size()));

    /// <summary>Whether another tensor has the same type and the same elements, bit by bit.</summary>
    public bool SameAs(Tensor? other) => ReferenceEquals(this, other) || (other is not null && Type == other.Type
        && (Data, other.Data) switch
        {
            (string[] a, string[] b) => a.AsSpan().SequenceEqual(b),
            _ => Bytes.SequenceEqual(other.Bytes),
        });

    /// <inheritdoc/>
    public override string ToString() => Type.ToString();
}
