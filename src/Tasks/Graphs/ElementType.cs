namespace OptimizerBuild.Graphs;

/// <summary>
/// Element types of tensors, numbered as <c>TensorProto.DataType</c> of the ONNX specification numbers them. The types from
/// <see cref="BFloat16"/> on are <em>narrow</em>: .NET has no type for them, so tensors hold their raw bits, one element to a number.
/// </summary>
internal enum ElementType
{
    Float32 = 1,
    UInt8 = 2,
    Int8 = 3,
    UInt16 = 4,
    Int16 = 5,
    Int32 = 6,
    Int64 = 7,
    String = 8,
    Bool = 9,
    Float16 = 10,
    Float64 = 11,
    UInt32 = 12,
    UInt64 = 13,

    /// <summary>8 bits of exponent, 7 of mantissa: the upper half of a float32.</summary>
    BFloat16 = 16,

    /// <summary>4 bits of exponent (bias 7), 3 of mantissa; no infinities.</summary>
    Float8E4M3FN = 17,

    /// <summary>4 bits of exponent (bias 8), 3 of mantissa; no infinities, no negative zero.</summary>
    Float8E4M3FNUZ = 18,

    /// <summary>5 bits of exponent (bias 15), 2 of mantissa; infinities as in IEEE 754.</summary>
    Float8E5M2 = 19,

    /// <summary>5 bits of exponent (bias 16), 2 of mantissa; no infinities, no negative zero.</summary>
    Float8E5M2FNUZ = 20,

    /// <summary>0…15.</summary>
    UInt4 = 21,

    /// <summary>−8…7.</summary>
    Int4 = 22,

    /// <summary>2 bits of exponent, 1 of mantissa: 0, ½, 1, 1½, 2, 3, 4, 6 and their negatives.</summary>
    Float4E2M1 = 23,

    /// <summary>A power of two, 2^−127…2^127, or NaN: the scales of OCP's microscaling formats.</summary>
    Float8E8M0 = 24,

    /// <summary>0…3.</summary>
    UInt2 = 25,

    /// <summary>−2…1.</summary>
    Int2 = 26,
}

/// <summary>Facts about <see cref="ElementType"/> members.</summary>
internal static class ElementTypes
{
    /// <summary>The size of one element in bytes, in tensors, in the arena and at the boundary; in files
    /// <see cref="StoredBits"/>. In the arena a string is the number of an entry in the model's table of strings.</summary>
    public static int Size(this ElementType type) => type switch
    {
        ElementType.String => sizeof(int),
        ElementType.UInt8 or ElementType.Int8 or ElementType.Bool => 1,
        >= ElementType.Float8E4M3FN and <= ElementType.Int2 => 1,
        ElementType.UInt16 or ElementType.Int16 or ElementType.Float16 or ElementType.BFloat16 => 2,
        ElementType.Float32 or ElementType.Int32 or ElementType.UInt32 => 4,
        ElementType.Float64 or ElementType.Int64 or ElementType.UInt64 => 8,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "no fixed size"),
    };

    /// <summary>The bits that one element takes in a file: elements of 4 and 2 bits lie two and four to a byte there, the first in the
    /// lowest bits.</summary>
    public static int StoredBits(this ElementType type) => type switch
    {
        ElementType.UInt4 or ElementType.Int4 or ElementType.Float4E2M1 => 4,
        ElementType.UInt2 or ElementType.Int2 => 2,
        _ => 8 * type.Size(),
    };

    /// <summary>The .NET type that holds one element in <see cref="Tensor.Data"/>.</summary>
    public static Type ClrType(this ElementType type) => type switch
    {
        ElementType.Float32 => typeof(float),
        ElementType.UInt8 => typeof(byte),
        ElementType.Int8 => typeof(sbyte),
        ElementType.UInt16 => typeof(ushort),
        ElementType.Int16 => typeof(short),
        ElementType.Int32 => typeof(int),
        ElementType.Int64 => typeof(long),
        ElementType.String => typeof(string),
        ElementType.Bool => typeof(bool),
        ElementType.Float16 => typeof(Half),
        ElementType.Float64 => typeof(double),
        ElementType.UInt32 => typeof(uint),
        ElementType.UInt64 => typeof(ulong),
        ElementType.BFloat16 => typeof(ushort),
        ElementType.Int4 or ElementType.Int2 => typeof(sbyte),
        >= ElementType.Float8E4M3FN and <= ElementType.UInt2 => typeof(byte),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "unknown element type"),
    };

    /// <summary>The element type whose elements <typeparamref name="T"/> is; never a narrow one, of which it only holds the
    /// bits.</summary>
    public static ElementType Of<T>() => Of(typeof(T));

    /// <summary>The element type whose elements <paramref name="clrType"/> is; never a narrow one, of which it only holds the
    /// bits.</summary>
    public static ElementType Of(Type clrType)
    {
        foreach (ElementType type in Enum.GetValues<ElementType>())
            if (!type.IsNarrow() && type.ClrType() == clrType)
                return type;
        throw new ArgumentOutOfRangeException(nameof(clrType), clrType, "no tensor element type");
    }

    /// <summary>Whether .NET has no type for the elements: bfloat16, 8-bit and 4-bit floats, 4-bit and 2-bit integers. They are converted
    /// and moved; arithmetic is done in wider types.</summary>
    public static bool IsNarrow(this ElementType type) => type is >= ElementType.BFloat16 and <= ElementType.Int2;

    /// <summary>Whether the type is one of the narrow floating-point types.</summary>
    public static bool IsNarrowFloat(this ElementType type) =>
        type.IsNarrow() && type is not (ElementType.UInt4 or ElementType.Int4 or ElementType.UInt2 or ElementType.Int2);

    /// <summary>Whether the type is a floating-point type in which arithmetic is done.</summary>
    public static bool IsFloat(this ElementType type) => type is ElementType.Float32 or ElementType.Float16 or ElementType.Float64;
}
