namespace OptimizerBuild.Plan;

/// <summary>Facts about <see cref="BoundaryType"/> members.</summary>
internal static class BoundaryTypes
{
    /// <summary>Every type.</summary>
    public static IReadOnlyList<BoundaryType> All { get; } = (BoundaryType[])Enum.GetValues(typeof(BoundaryType));

    /// <summary>The size of one element in the arena, in bytes.</summary>
    public static int Size(this BoundaryType type) => type switch
    {
        BoundaryType.UInt8 or BoundaryType.Int8 or BoundaryType.Bool => 1,
        >= BoundaryType.Float8E4M3FN and <= BoundaryType.Int2 => 1,
        BoundaryType.Int16 or BoundaryType.UInt16 or BoundaryType.Float16 or BoundaryType.BFloat16 => 2,
        BoundaryType.Float32 or BoundaryType.Int32 or BoundaryType.UInt32 or BoundaryType.String => 4,
        _ => 8,
    };

    /// <summary>The C# name of the element type: a keyword, but for half precision, which has none.</summary>
    public static string Keyword(this BoundaryType type) => type switch
    {
        BoundaryType.Float32 => "float",
        BoundaryType.Float64 => "double",
        BoundaryType.UInt8 => "byte",
        BoundaryType.Int8 => "sbyte",
        BoundaryType.Int16 => "short",
        BoundaryType.UInt16 => "ushort",
        BoundaryType.Int32 => "int",
        BoundaryType.UInt32 => "uint",
        BoundaryType.Int64 => "long",
        BoundaryType.UInt64 => "ulong",
        BoundaryType.Float16 => "global::System.Half",
        BoundaryType.BFloat16 => "ushort",
        BoundaryType.Int4 or BoundaryType.Int2 => "sbyte",
        BoundaryType.String => "string",
        >= BoundaryType.Float8E4M3FN and <= BoundaryType.UInt2 => "byte",
        _ => "bool",
    };

    /// <summary>Whether the elements are numbers, which can be compared and ranked.</summary>
    public static bool IsNumeric(this BoundaryType type) =>
        type is not (BoundaryType.Bool or BoundaryType.String) && !type.HoldsBits();

    /// <summary>Whether the elements are bits of a number format without a .NET type, so that they cannot be compared as numbers.</summary>
    public static bool HoldsBits(this BoundaryType type) => type is >= BoundaryType.BFloat16 and <= BoundaryType.Float4E2M1;

    /// <summary>What a caller must know of an element beside its C# type, for documentation; empty where that says everything.</summary>
    public static string Meaning(this BoundaryType type) => type switch
    {
        BoundaryType.BFloat16 => "the bits of a bfloat16, the upper half of a float's",
        BoundaryType.Float8E4M3FN => "the bits of an 8-bit float E4M3FN",
        BoundaryType.Float8E4M3FNUZ => "the bits of an 8-bit float E4M3FNUZ",
        BoundaryType.Float8E5M2 => "the bits of an 8-bit float E5M2",
        BoundaryType.Float8E5M2FNUZ => "the bits of an 8-bit float E5M2FNUZ",
        BoundaryType.Float8E8M0 => "the bits of an 8-bit power of two E8M0",
        BoundaryType.Float4E2M1 => "the bits of a 4-bit float E2M1, in the lower half of the byte",
        BoundaryType.UInt4 => "a 4-bit integer, 0 to 15",
        BoundaryType.Int4 => "a 4-bit integer, -8 to 7",
        BoundaryType.UInt2 => "a 2-bit integer, 0 to 3",
        BoundaryType.Int2 => "a 2-bit integer, -2 to 1",
        _ => "",
    };
}
