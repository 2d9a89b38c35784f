namespace OptimizerBuild.Kernels;

/// <summary>
/// The height or width of a register tile as a type, so that one generic body serves all of them: the JIT compiler sees a constant
/// and leaves out what the tile does not have.
/// </summary>
internal interface ITileExtent
{
    /// <summary>The number of rows or vectors.</summary>
    static abstract int Count { get; }
}

/// <summary>One.</summary>
internal readonly struct TileExtent1 : ITileExtent
{
    /// <inheritdoc/>
    public static int Count => 1;
}

/// <summary>Two.</summary>
internal readonly struct TileExtent2 : ITileExtent
{
    /// <inheritdoc/>
    public static int Count => 2;
}

/// <summary>Three.</summary>
internal readonly struct TileExtent3 : ITileExtent
{
    /// <inheritdoc/>
    public static int Count => 3;
}

/// <summary>Four.</summary>
internal readonly struct TileExtent4 : ITileExtent
{
    /// <inheritdoc/>
    public static int Count => 4;
}

/// <summary>Five.</summary>
internal readonly struct TileExtent5 : ITileExtent
{
    /// <inheritdoc/>
    public static int Count => 5;
}

/// <summary>Six.</summary>
internal readonly struct TileExtent6 : ITileExtent
{
    /// <inheritdoc/>
    public static int Count => 6;
}

/// <summary>Seven.</summary>
internal readonly struct TileExtent7 : ITileExtent
{
    /// <inheritdoc/>
    public static int Count => 7;
}

/// <summary>Eight.</summary>
internal readonly struct TileExtent8 : ITileExtent
{
    /// <inheritdoc/>
    public static int Count => 8;
}
