namespace OptimizerBuild.Plan;

/// <summary>Facts about <see cref="BoundaryType"/> members.</summary>
internal static class BoundaryTypes
{
    /// <summary>Every type.</summary>
    public static IReadOnlyList<BoundaryType> All { get; } = (BoundaryType[])Enum.GetValues(typeof(BoundaryType));

    /// <summary>The size of one element in bytes.</summary>
    public static int Size(this BoundaryType type) => type switch
    {
        BoundaryType.UInt8 or BoundaryType.Int8 or BoundaryType.Bool => 1,
        BoundaryType.Int16 or BoundaryType.UInt16 or BoundaryType.Float16 => 2,
        BoundaryType.Float32 or BoundaryType.Int32 or BoundaryType.UInt32 => 4,
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
        _ => "bool",
    };
}
