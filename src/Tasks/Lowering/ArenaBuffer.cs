namespace OptimizerBuild.Lowering;

/// <summary>A stretch of the arena while its place is still open: <see cref="MemoryPlanner"/> gives it an offset.</summary>
/// <param name="Id">Number in order of creation, which settles ties.</param>
/// <param name="Name">The name of the value it was made for.</param>
/// <param name="Bytes">Its length.</param>
internal sealed record ArenaBuffer(int Id, string Name, int Bytes)
{
    /// <summary>Whether it holds a graph output, which must survive until the caller has read it.</summary>
    public bool IsOutput { get; set; }

    /// <summary>Whether a graph input's binding writes it before the first step.</summary>
    public bool IsInput { get; set; }

    /// <inheritdoc/>
    public bool Equals(ArenaBuffer? other) => ReferenceEquals(this, other);

    /// <inheritdoc/>
    public override int GetHashCode() => Id;
}
