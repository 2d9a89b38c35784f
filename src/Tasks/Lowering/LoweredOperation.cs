namespace OptimizerBuild.Lowering;

/// <summary>
/// One line of the steps while arena offsets are still open: a kernel call (<see cref="LoweredStep"/>) or the boundary of a block
/// (<see cref="BlockBoundary"/>). What it reads and writes decides how long buffers live.
/// </summary>
internal abstract class LoweredOperation
{
    private readonly List<ArenaBuffer> _reads = [];
    private readonly List<ArenaBuffer> _writes = [];

    /// <summary>Buffers that the operation reads.</summary>
    public IReadOnlyList<ArenaBuffer> Reads => _reads;

    /// <summary>Buffers that the operation writes.</summary>
    public IReadOnlyList<ArenaBuffer> Writes => _writes;

    /// <summary>Output and input of equal layout of which the output may take the input's place, because every element is read before it
    /// is written.</summary>
    public (ArenaBuffer Output, ArenaBuffer Input)? InPlace { get; protected set; }

    /// <summary>Notes that a buffer is read.</summary>
    protected void AddRead(ArenaBuffer buffer) => _reads.Add(buffer);

    /// <summary>Notes that a buffer is written.</summary>
    protected void AddWrite(ArenaBuffer buffer) => _writes.Add(buffer);
}
