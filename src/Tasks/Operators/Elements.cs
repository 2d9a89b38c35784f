using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators;

/// <summary>A set of element types: one bit for each, numbered as in <see cref="ElementType"/>.</summary>
[Flags]
internal enum Elements
{
    None = 0,

    UInt8 = 1 << (int)ElementType.UInt8,
    Int8 = 1 << (int)ElementType.Int8,
    Bool = 1 << (int)ElementType.Bool,
    Int32 = 1 << (int)ElementType.Int32,
    Int64 = 1 << (int)ElementType.Int64,
    Float16 = 1 << (int)ElementType.Float16,
    Float32 = 1 << (int)ElementType.Float32,
    Float64 = 1 << (int)ElementType.Float64,

    /// <summary>Integers of 8 to 64 bits.</summary>
    Integers = UInt8 | Int8 | 1 << (int)ElementType.UInt16 | 1 << (int)ElementType.Int16 | Int32
        | 1 << (int)ElementType.UInt32 | Int64 | 1 << (int)ElementType.UInt64,

    /// <summary>Integers of 8 to 64 bits without sign.</summary>
    Unsigned = UInt8 | 1 << (int)ElementType.UInt16 | 1 << (int)ElementType.UInt32 | 1 << (int)ElementType.UInt64,

    /// <summary>Floating-point types in which arithmetic is done.</summary>
    Floats = Float16 | Float32 | Float64,

    /// <summary>Types in which arithmetic is done.</summary>
    Numbers = Integers | Floats,

    /// <summary>What counts elements or names places.</summary>
    Indices = Int32 | Int64,

    /// <summary>Text.</summary>
    String = 1 << (int)ElementType.String,

    /// <summary>Types of 8 bits and less, and bfloat16, that are only converted and moved.</summary>
    Narrow = 1 << (int)ElementType.BFloat16
        | 1 << (int)ElementType.Float8E4M3FN | 1 << (int)ElementType.Float8E4M3FNUZ
        | 1 << (int)ElementType.Float8E5M2 | 1 << (int)ElementType.Float8E5M2FNUZ
        | 1 << (int)ElementType.Float4E2M1 | 1 << (int)ElementType.Float8E8M0
        | 1 << (int)ElementType.UInt4 | 1 << (int)ElementType.Int4 | 1 << (int)ElementType.UInt2 | 1 << (int)ElementType.Int2,

    /// <summary>Every type.</summary>
    All = Numbers | Bool | String | Narrow,
}

/// <summary>Facts about <see cref="Elements"/>.</summary>
internal static class ElementSets
{
    /// <summary>Whether a type is in the set.</summary>
    public static bool Contains(this Elements set, ElementType type) => ((int)set & (1 << (int)type)) != 0;

    /// <summary>The set in words, for messages.</summary>
    public static string InWords(this Elements set) => set switch
    {
        Elements.All => "any type",
        Elements.Numbers => "numbers",
        Elements.Floats => "floating-point numbers",
        Elements.Integers => "integers",
        _ => string.Join(" or ", Enum.GetValues<ElementType>().Where(t => set.Contains(t)).Select(t => t.ToString().ToLowerInvariant())),
    };
}
