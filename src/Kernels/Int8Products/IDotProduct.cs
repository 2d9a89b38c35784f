namespace OptimizerBuild.Kernels;

/// <summary>
/// The primitive of the dense integer kernels on one instruction set: each s32 lane adds four products of u8 activations and s8 weights,
/// exactly. <see cref="Int8Tile"/> is written once over it, and tests put software models in the place of those
/// implementations that their machine lacks.
/// </summary>
/// <remarks>
/// Instruction sets without such an instruction multiply 16-bit numbers; they split weights once for a whole tile and activations once
/// for all panels into bytes 0 and 2 (even) and bytes 1 and 3 (odd) of each lane. The others return the operand itself from the four
/// splitting methods and ignore the odd halves, which the JIT then removes.
/// </remarks>
/// <typeparam name="TVector">The vector of s32 lanes.</typeparam>
internal interface IDotProduct<TVector>
    where TVector : struct
{
    /// <summary>The number of lanes, each an output channel: 4, 8 or 16.</summary>
    static abstract int Lanes { get; }

    /// <summary>Rows of the tallest tile of two vectors whose accumulators stay in registers: at most 6.</summary>
    static abstract int Rows { get; }

    /// <summary>
    /// Whether activations are taken minus 128, because the instruction multiplies signed bytes only, so that every sum has to start
    /// with 128 times the sum of its weights.
    /// </summary>
    static abstract bool IsOffset { get; }

    /// <summary>Loads a vector.</summary>
    static abstract TVector Load(ref byte source);

    /// <summary>Stores a vector.</summary>
    static abstract void Store(TVector value, ref byte destination);

    /// <summary>The sum of two vectors of s32.</summary>
    static abstract TVector Add(TVector left, TVector right);

    /// <summary>Four adjacent activations in every lane.</summary>
    static abstract TVector Broadcast(ref byte activations);

    /// <summary>The even weights of every lane.</summary>
    static abstract TVector EvenWeights(TVector weights);

    /// <summary>The odd weights of every lane.</summary>
    static abstract TVector OddWeights(TVector weights);

    /// <summary>The even activations of every lane.</summary>
    static abstract TVector EvenActivations(TVector activations);

    /// <summary>The odd activations of every lane.</summary>
    static abstract TVector OddActivations(TVector activations);

    /// <summary>The sums with the four products of every lane added.</summary>
    static abstract TVector MultiplyAdd(
        TVector sums, TVector evenActivations, TVector oddActivations, TVector evenWeights, TVector oddWeights);

    /// <summary>Sums shifted left where the shift is below 33 (<see cref="RequantizedRow"/>).</summary>
    static abstract TVector Raise(TVector sums, in Requantization requantization);
}
