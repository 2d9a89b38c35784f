namespace OptimizerBuild.Kernels;

using global::System;

/// <summary>
/// A float32 kernel over the positions of a feature map on several threads: the dimension with the most positions is shared out, so that a
/// chunk is the same call with fewer positions. Positions do not depend on one another, and each one is computed as it is on one thread.
/// </summary>
internal abstract class Float32MapJob : KernelJob
{
    /// <summary>Multiply-accumulates from which on several threads are worth it: about two microseconds of one.</summary>
    private const long LeastWork = 200_000;

    /// <summary>Chunks for each thread, so that one that is held up does not hold up the others.</summary>
    private const int ChunksPerThread = 3;

    private int[] _extents = [];
    private int[] _inputSteps = [];
    private int[] _outputSteps = [];
    private int[] _taps = [];
    private int _dimensions;
    private int _tapCount;
    private int _shared;

    /// <summary>Arena offset of the first input at the first position.</summary>
    protected int Input { get; set; }

    /// <summary>Arena offset of the first output at the first position.</summary>
    protected int Output { get; set; }

    /// <summary>Whether the prediction's threads should carry out a map together.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="positions">Extents of the positions, outermost first.</param>
    /// <param name="work">Multiply-accumulates at a position.</param>
    protected static bool IsWorthwhile(Workspace w, ReadOnlySpan<int> positions, long work)
    {
        int most = 0;
        for (int i = 0; i < positions.Length; i++)
        {
            work *= positions[i];
            most = Math.Max(most, positions[i]);
        }

        return most > 1 && (work >= LeastWork || w.TakesStepsAsLarge);
    }

    /// <summary>Keeps the positions and shares them out.</summary>
    protected void Share(
        Workspace w, ReadOnlySpan<int> positions, ReadOnlySpan<int> inputSteps, ReadOnlySpan<int> outputSteps, ReadOnlySpan<int> taps)
    {
        if (_extents.Length < positions.Length)
        {
            _extents = new int[positions.Length];
            _inputSteps = new int[positions.Length];
            _outputSteps = new int[positions.Length];
        }

        if (_taps.Length < taps.Length)
            _taps = new int[taps.Length];
        positions.CopyTo(_extents);
        inputSteps.CopyTo(_inputSteps);
        outputSteps.CopyTo(_outputSteps);
        taps.CopyTo(_taps);
        _dimensions = positions.Length;
        _tapCount = taps.Length;
        _shared = 0;
        for (int i = 1; i < _dimensions; i++)
        {
            if (_extents[i] > _extents[_shared])
                _shared = i;
        }

        KernelThreads.Run(this, Math.Min(_extents[_shared], w.Threads * ChunksPerThread));
    }

    /// <inheritdoc/>
    public sealed override void Run(Workspace w, int chunk, int chunks)
    {
        Span<int> part = stackalloc int[_dimensions];
        _extents.AsSpan(0, _dimensions).CopyTo(part);
        int from = Bound(_extents[_shared], chunk, chunks);
        part[_shared] = Bound(_extents[_shared], chunk + 1, chunks) - from;
        Run(
            w, Input + (from * _inputSteps[_shared]), Output + (from * _outputSteps[_shared]), part, _inputSteps.AsSpan(0, _dimensions),
            _outputSteps.AsSpan(0, _dimensions), _taps.AsSpan(0, _tapCount));
    }

    /// <summary>Carries out the kernel at some of the positions.</summary>
    protected abstract void Run(
        Workspace w, int input, int output, ReadOnlySpan<int> positions, ReadOnlySpan<int> inputSteps, ReadOnlySpan<int> outputSteps,
        ReadOnlySpan<int> taps);
}
