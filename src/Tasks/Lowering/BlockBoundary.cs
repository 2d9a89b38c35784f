namespace OptimizerBuild.Lowering;

/// <summary>Where a block begins, changes to its other half, or ends.</summary>
internal enum BlockBoundaryKind
{
    /// <summary>The steps of a condition's first half follow.</summary>
    If,

    /// <summary>Its second half follows.</summary>
    Else,

    /// <summary>A condition ends.</summary>
    EndIf,

    /// <summary>The steps of a loop's trips follow.</summary>
    Loop,

    /// <summary>A loop ends.</summary>
    EndLoop,
}

/// <summary>A line that bounds a block. Its storages are scalars in the arena.</summary>
internal sealed class BlockBoundary : LoweredOperation
{
    private BlockBoundary(BlockBoundaryKind kind, string node, string description)
    {
        Kind = kind;
        Node = node;
        Description = description;
    }

    /// <summary>Which boundary it is.</summary>
    public BlockBoundaryKind Kind { get; }

    /// <summary>The name of the block's node; empty where a block does not begin.</summary>
    public string Node { get; }

    /// <summary>What the block does, for readers; empty where a block does not begin.</summary>
    public string Description { get; }

    /// <summary>The most trips of a loop; null where the build knows no bound.</summary>
    public long? Bound { get; private init; }

    /// <summary>Where the number of a loop's trips lies (int64); null where there is none.</summary>
    public Storage? Count { get; private init; }

    /// <summary>Where the condition lies (bool); null where there is none.</summary>
    public Storage? Condition { get; private init; }

    /// <summary>Where a trip finds its number (int64); null where none asks for it.</summary>
    public Storage? Iteration { get; private init; }

    /// <summary>The beginning of a condition.</summary>
    public static BlockBoundary If(string node, string description, Storage condition)
    {
        var boundary = new BlockBoundary(BlockBoundaryKind.If, node, description) { Condition = condition };
        boundary.AddRead(condition.Buffer!);
        return boundary;
    }

    /// <summary>The middle of a condition.</summary>
    public static BlockBoundary Else() => new(BlockBoundaryKind.Else, "", "");

    /// <summary>The end of a condition.</summary>
    public static BlockBoundary EndIf() => new(BlockBoundaryKind.EndIf, "", "");

    /// <summary>The beginning of a loop.</summary>
    public static BlockBoundary Loop(string node, string description, long? bound, Storage? count, Storage? condition, Storage? iteration)
    {
        var boundary = new BlockBoundary(BlockBoundaryKind.Loop, node, description)
        {
            Bound = bound,
            Count = count,
            Condition = condition,
            Iteration = iteration,
        };
        if (count is not null)
            boundary.AddRead(count.Buffer!);
        if (condition is not null)
            boundary.AddRead(condition.Buffer!);
        if (iteration is not null)
            boundary.AddWrite(iteration.Buffer!);
        return boundary;
    }

    /// <summary>The end of a loop, where its condition is read once more.</summary>
    public static BlockBoundary EndLoop(Storage? condition)
    {
        var boundary = new BlockBoundary(BlockBoundaryKind.EndLoop, "", "");
        if (condition is not null)
            boundary.AddRead(condition.Buffer!);
        return boundary;
    }
}
