namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;

/// <summary>
/// What a kernel works on: the scratch memory (arena) of one predictor instance and the weights it shares with the others.
/// Kernels address both by byte offsets that the build planned; neither is bounds-checked per access, which is safe because the
/// offsets are literals of the plan, the plan is verified at build time and lengths are checked at the public boundary.
/// </summary>
internal sealed class Workspace
{
    /// <summary>Bytes behind the planned arena that kernels may read and write past a row's end: one widest vector, twice.</summary>
    public const int TailPadding = 128;

    /// <summary>Rows whose addresses a block of a product may write down.</summary>
    public const int MaximumRows = 96;

    /// <summary>Sums that the tiles of a block may leave in the scratch memory; requantisation reads up to eight rows more.</summary>
    private const int MaximumSums = (MaximumRows + 8) * Int8Tile.MaximumChannels;

    /// <summary>Channels whose first sums may be written down.</summary>
    private const int MaximumStart = 256;

    // Sums first, because whole vectors of them are loaded.
    private readonly byte[] _block = GC.AllocateUninitializedArray<byte>(
        ((MaximumSums + MaximumStart + (3 * MaximumRows)) * sizeof(int)) + 64, pinned: true);

    private readonly int _blockStart;
    private Workspace[] _views;
    private byte[]? _scratch;

    // Null at first: even an empty array of a type of its own costs the first prediction a look-up.
    private KernelJob[]? _jobs;
    private readonly byte[] _arena;
    private readonly int _arenaStart;
    private readonly byte[] _weights;
    private readonly int _weightsStart;

    /// <summary>Scratch memory of <paramref name="arenaBytes"/> bytes, zeroed, beside shared weights.</summary>
    public Workspace(PackedWeights weights, int arenaBytes)
    {
        ArenaBytes = arenaBytes;
        _arena = GC.AllocateUninitializedArray<byte>(checked(arenaBytes + 64 + TailPadding), pinned: true);
        Array.Clear(_arena);
        _arenaStart = PackedWeights.AlignedStart(_arena);
        _blockStart = PackedWeights.AlignedStart(_block);
        SharedWeights = weights;
        _weights = weights.Memory;
        _weightsStart = weights.Start;
        _views = [this];
    }

    /// <summary>
    /// The arena as the weights of other workspaces, where coded weights were decoded into it. It is not written any more.
    /// </summary>
    public PackedWeights ArenaAsWeights() => PackedWeights.Of(_arena, _arenaStart, ArenaBytes);

    /// <summary>The same memory as another thread sees it: with rows and sums of its own.</summary>
    private Workspace(Workspace owner)
    {
        ArenaBytes = owner.ArenaBytes;
        _arena = owner._arena;
        _arenaStart = owner._arenaStart;
        _blockStart = PackedWeights.AlignedStart(_block);
        SharedWeights = owner.SharedWeights;
        _weights = owner._weights;
        _weightsStart = owner._weightsStart;
        _views = [];
    }

    /// <summary>
    /// On how many threads a prediction may run, its own included: 1 at first. Setting it makes what the threads need.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1.</exception>
    public int Parallelism
    {
        get => _views.Length;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            var views = new Workspace[Math.Min(value, Math.Min(Environment.ProcessorCount, KernelThreads.Maximum))];
            views[0] = this;
            for (int i = 1; i < views.Length; i++)
                views[i] = i < _views.Length ? _views[i] : new Workspace(this);
            _views = views;
        }
    }

    /// <summary>On how many threads the prediction under way runs.</summary>
    public int Threads { get; private set; } = 1;

    /// <summary>
    /// Whether predictions run in small code yet, because the fast one may not be compiled (<see cref="StartUp"/>). It does not change
    /// during a prediction.
    /// </summary>
    public bool IsStarting { get; set; }

    /// <summary>
    /// Whether small steps are carried out as large ones are, on several threads and on the start-up path in vectors, so that tests need no
    /// large ones.
    /// </summary>
    public bool TakesStepsAsLarge { get; set; }

    /// <summary>
    /// The strings of the prediction under way, where the model hands on or makes any (the file with their type is emitted only then);
    /// else null.
    /// </summary>
    public object? Texts { get; set; }

    /// <summary>Takes the threads for a prediction, if they are free.</summary>
    public void EnterThreads()
    {
        if (_views.Length > 1 && !IsStarting && KernelThreads.TryEnter(this, _views.Length))
            Threads = _views.Length;
    }

    /// <summary>Gives the threads back.</summary>
    public void LeaveThreads()
    {
        if (Threads > 1)
        {
            Threads = 1;
            KernelThreads.Leave();
        }
    }

    /// <summary>The workspace as a thread sees it; 0 is the thread that predicts.</summary>
    public Workspace View(int thread) => _views[thread];

    /// <summary>The one job of a kind, which steps fill in for their threads.</summary>
    public T Job<T>()
        where T : KernelJob, new()
    {
        KernelJob[] jobs = _jobs ?? [];
        for (int i = 0; i < jobs.Length; i++)
        {
            if (jobs[i] is T known)
                return known;
        }

        var job = new T();
        _jobs = [.. jobs, job];
        return job;
    }

    /// <summary>The weights, which other workspaces share.</summary>
    public PackedWeights SharedWeights { get; }

    /// <summary>The planned size of the arena in bytes.</summary>
    public int ArenaBytes { get; }

    /// <summary>The byte at an offset of the arena; offset 0 is aligned to 64 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref byte Arena(int offset) =>
        ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_arena), (nint)(uint)(_arenaStart + offset));

    /// <summary>The byte at an offset of the weights; offset 0 is aligned to 64 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref byte Weight(int offset) =>
        ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_weights), (nint)(uint)(_weightsStart + offset));

    /// <summary>
    /// Memory for what a kernel keeps while it runs, at an address that is a multiple of 64; its contents are undefined. It is made when a
    /// kernel first needs it: the stack's would have to be cleared in every call, which takes longer than a small layer.
    /// </summary>
    /// <param name="bytes">How much.</param>
    public ref byte Scratch(int bytes)
    {
        byte[]? scratch = _scratch;
        if (scratch is null || scratch.Length < bytes + 64)
            _scratch = scratch = GC.AllocateUninitializedArray<byte>(bytes + 64, pinned: true);
        return ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(scratch), PackedWeights.AlignedStart(scratch));
    }

    /// <summary>Where a product leaves the sums of a block, at an address that is a multiple of 64.</summary>
    public ref int RowSums
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref Unsafe.As<byte, int>(ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_block), _blockStart));
    }

    /// <summary>Where a product writes what the sums of a tile start with.</summary>
    public ref int RowStart
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref Unsafe.Add(ref RowSums, MaximumSums);
    }

    /// <summary>Where a product writes down the arena offsets of the inputs of a block's rows.</summary>
    public ref int RowInputs
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref Unsafe.Add(ref RowSums, MaximumSums + MaximumStart);
    }

    /// <summary>Where a product writes down the arena offsets of the outputs of a block's rows.</summary>
    public ref int RowOutputs
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref Unsafe.Add(ref RowSums, MaximumSums + MaximumStart + MaximumRows);
    }

    /// <summary>Where a product writes down what the sums of a block's rows get beside the products.</summary>
    public ref int RowOffsets
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref Unsafe.Add(ref RowSums, MaximumSums + MaximumStart + (2 * MaximumRows));
    }

    /// <summary>
    /// The byte at the place of an operand that may be an activation or a constant: a non-negative offset counts in the arena, a
    /// negative one is the bitwise complement of an offset in the weights (−1 is offset 0).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref byte Operand(int offset) => ref (offset < 0 ? ref Weight(~offset) : ref Arena(offset));

    /// <summary>A stretch of an operand (see <see cref="Operand"/>) as elements of <typeparamref name="T"/>.</summary>
    public ReadOnlySpan<T> OperandSpan<T>(int offset, int count)
        where T : unmanaged => MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<byte, T>(ref Operand(offset)), count);

    /// <summary>Whether any of the bytes from a place on belongs to the arena.</summary>
    public bool Overlaps(ref byte first, int bytes)
    {
        unchecked
        {
            // Distances beyond either end are great numbers without a sign.
            nint distance = Unsafe.ByteOffset(ref Arena(0), ref first);
            return (nuint)distance < (nuint)ArenaBytes || (nuint)(-distance) < (nuint)bytes;
        }
    }

    /// <summary>A stretch of the arena as elements of <typeparamref name="T"/>.</summary>
    public Span<T> ArenaSpan<T>(int offset, int count)
        where T : unmanaged => MemoryMarshal.CreateSpan(ref Unsafe.As<byte, T>(ref Arena(offset)), count);

    /// <summary>A stretch of the weights as elements of <typeparamref name="T"/>.</summary>
    public ReadOnlySpan<T> WeightSpan<T>(int offset, int count)
        where T : unmanaged => MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<byte, T>(ref Weight(offset)), count);
}
