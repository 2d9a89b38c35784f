namespace OptimizerBuild.Graphs;

/// <summary>Element types of tensors, numbered as <c>TensorProto.DataType</c> of the ONNX specification numbers them.</summary>
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
}

/// <summary>Facts about <see cref="ElementType"/> members.</summary>
internal static class ElementTypes
{
    /// <summary>The size of one element in bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type has no fixed size (strings).</exception>
    public static int Size(this ElementType type) => type switch
    {
        ElementType.UInt8 or ElementType.Int8 or ElementType.Bool => 1,
        ElementType.UInt16 or ElementType.Int16 or ElementType.Float16 => 2,
        ElementType.Float32 or ElementType.Int32 or ElementType.UInt32 => 4,
        ElementType.Float64 or ElementType.Int64 or ElementType.UInt64 => 8,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "no fixed size"),
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
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "unknown element type"),
    };

    /// <summary>The element type whose elements are held as <typeparamref name="T"/>.</summary>
    public static ElementType Of<T>() => Of(typeof(T));

    /// <summary>The element type whose elements are held as <paramref name="clrType"/>.</summary>
    public static ElementType Of(Type clrType)
    {
        foreach (ElementType type in Enum.GetValues<ElementType>())
            if (type.ClrType() == clrType)
                return type;
        throw new ArgumentOutOfRangeException(nameof(clrType), clrType, "no tensor element type");
    }

    /// <summary>Whether the type is a floating-point type.</summary>
    public static bool IsFloat(this ElementType type) => type is ElementType.Float32 or ElementType.Float16 or ElementType.Float64;
}
