namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// One direction of a recurrent layer: its extents, and where its values lie. Gates lie as [steps, batch, directions, gates · size],
/// outputs
/// as [steps, directions, batch, size], states as [directions, batch, size]; the size is that of the state.
/// </summary>
internal readonly ref struct RecurrentCall
{
    /// <summary>The workspace.</summary>
    public required Workspace W { get; init; }

    /// <summary>Operand offset of what the products with the state are added to: the products with the inputs and all biases.</summary>
    public required int Gates { get; init; }

    /// <summary>Operand offset of an s32 for each sequence of the batch: its length.</summary>
    public required int Lengths { get; init; }

    /// <summary>Operand offset of the activations' factors: two float32 for each, which those without factors ignore.</summary>
    public required int Factors { get; init; }

    /// <summary>Arena offset of the states behind all steps.</summary>
    public required int Output { get; init; }

    /// <summary>The number of steps.</summary>
    public required int Steps { get; init; }

    /// <summary>The number of sequences.</summary>
    public required int Batch { get; init; }

    /// <summary>The elements of a state.</summary>
    public required int Size { get; init; }

    /// <summary>The number of the direction.</summary>
    public required int Direction { get; init; }

    /// <summary>How many directions the layer has.</summary>
    public required int Directions { get; init; }

    /// <summary>Whether a sequence is read from its end.</summary>
    public required bool Reverse { get; init; }

    /// <summary>The bound of what goes into activations; infinite where there is none.</summary>
    public required float Clip { get; init; }

    /// <summary>Floats of scratch memory for a number of values that vectors may overrun, whole cache lines.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Room(int count) => (count + 31) & ~15;

    /// <summary>The state of a sequence in a tensor of states.</summary>
    public ref float State(int offset, int sequence) => ref Unsafe.Add(
        ref Unsafe.As<byte, float>(ref W.Operand(offset)), (nint)((Direction * Batch) + sequence) * Size);

    /// <summary>The gates of a step of a sequence, of which there are <paramref name="gates"/>.</summary>
    public ref float Gate(int step, int sequence, int gates) => ref Unsafe.Add(
        ref Unsafe.As<byte, float>(ref W.Operand(Gates)),
        (nint)((((step * Batch) + sequence) * Directions) + Direction) * gates * Size);

    /// <summary>How many steps a sequence has.</summary>
    public int Length(int sequence)
    {
        int length = Unsafe.Add(ref Unsafe.As<byte, int>(ref W.Operand(Lengths)), sequence);
        return length < 0 ? 0 : length < Steps ? length : Steps;
    }

    /// <summary>The step that comes as the <paramref name="number"/>th of a sequence.</summary>
    public int Step(int number, int length) => Reverse ? length - 1 - number : number;

    /// <summary>Writes the state behind a step of a sequence into the outputs.</summary>
    public void Emit(ref float state, int step, int sequence) => Copy(ref state, ref Y(step, sequence), Size);

    /// <summary>Fills the outputs behind the end of a sequence with zeros.</summary>
    public void Finish(int sequence, int length)
    {
        for (int step = length; step < Steps; step++)
        {
            ref float y = ref Y(step, sequence);
            for (int j = 0; j < Size; j++)
                Unsafe.Add(ref y, j) = 0f;
        }
    }

    /// <summary>Bounds values and puts them through an activation, in place.</summary>
    /// <param name="values">The values.</param>
    /// <param name="count">How many.</param>
    /// <param name="function">The activation (<see cref="RecurrentActivation"/>).</param>
    /// <param name="place">Its place among those of the layer.</param>
    public void Activate(ref float values, int count, int function, int place)
    {
        if (Clip < float.PositiveInfinity)
            RecurrentActivation.Clip(W.IsStarting, ref values, count, Clip);
        Apply(ref values, ref values, count, function, place);
    }

    /// <summary>Puts values through an activation.</summary>
    public void Apply(ref float from, ref float to, int count, int function, int place)
    {
        ref float factors = ref Unsafe.Add(ref Unsafe.As<byte, float>(ref W.Operand(Factors)), 2 * place);
        RecurrentActivation.Apply(W.IsStarting, function, ref from, ref to, count, factors, Unsafe.Add(ref factors, 1));
    }

    /// <summary>Copies floats.</summary>
    public static void Copy(ref float from, ref float to, int count) => Unsafe.CopyBlockUnaligned(
        ref Unsafe.As<float, byte>(ref to), ref Unsafe.As<float, byte>(ref from), (uint)count * sizeof(float));

    private ref float Y(int step, int sequence) => ref Unsafe.Add(
        ref Unsafe.As<byte, float>(ref W.Arena(Output)), (nint)((((step * Directions) + Direction) * Batch) + sequence) * Size);
}
