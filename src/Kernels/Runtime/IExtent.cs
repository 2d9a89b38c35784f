namespace OptimizerBuild.Kernels;

using global::System.Runtime.InteropServices;

/// <summary>
/// A small number as a type, such as the height or width of a register tile: tiles are written once over their extents, and what lies
/// beyond them disappears when the JIT compiles a tile for given ones.
/// </summary>
/// <remarks>
/// From 1 on the number is also the type's size: <c>Unsafe.SizeOf</c> is a constant that the JIT need not inline a call for, which tiles
/// with very many of these conditions depend on.
/// </remarks>
internal interface IExtent
{
    /// <summary>The number.</summary>
    static abstract int Value { get; }
}

/// <summary>0.</summary>
internal readonly struct Extent0 : IExtent
{
    /// <inheritdoc/>
    public static int Value => 0;
}

/// <summary>1.</summary>
[StructLayout(LayoutKind.Sequential, Size = 1)]
internal readonly struct Extent1 : IExtent
{
    /// <inheritdoc/>
    public static int Value => 1;
}

/// <summary>2.</summary>
[StructLayout(LayoutKind.Sequential, Size = 2)]
internal readonly struct Extent2 : IExtent
{
    /// <inheritdoc/>
    public static int Value => 2;
}

/// <summary>3.</summary>
[StructLayout(LayoutKind.Sequential, Size = 3)]
internal readonly struct Extent3 : IExtent
{
    /// <inheritdoc/>
    public static int Value => 3;
}

/// <summary>4.</summary>
[StructLayout(LayoutKind.Sequential, Size = 4)]
internal readonly struct Extent4 : IExtent
{
    /// <inheritdoc/>
    public static int Value => 4;
}

/// <summary>5.</summary>
[StructLayout(LayoutKind.Sequential, Size = 5)]
internal readonly struct Extent5 : IExtent
{
    /// <inheritdoc/>
    public static int Value => 5;
}

/// <summary>6.</summary>
[StructLayout(LayoutKind.Sequential, Size = 6)]
internal readonly struct Extent6 : IExtent
{
    /// <inheritdoc/>
    public static int Value => 6;
}

/// <summary>7.</summary>
[StructLayout(LayoutKind.Sequential, Size = 7)]
internal readonly struct Extent7 : IExtent
{
    /// <inheritdoc/>
    public static int Value => 7;
}

/// <summary>8.</summary>
[StructLayout(LayoutKind.Sequential, Size = 8)]
internal readonly struct Extent8 : IExtent
{
    /// <inheritdoc/>
    public static int Value => 8;
}
