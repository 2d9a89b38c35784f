namespace OptimizerBuild.Kernels;

/// <summary>
/// An elementwise operation on two u8 tensors (docs/arithmetic.md, Elementwise integer operations), for <see cref="Int8BinaryLoop"/>.
/// </summary>
internal interface IInt8BinaryOperation
{
    /// <summary>Whether the vector form gives exact results with these constants; otherwise the scalar one is taken.</summary>
    static abstract bool HasVectors(in Int8BinaryConstants constants);

    /// <summary>One output.</summary>
    /// <param name="first">The first operand less its zero point.</param>
    /// <param name="second">The second operand less its zero point.</param>
    /// <param name="constants">The operation's constants.</param>
    static abstract int Apply(int first, int second, in Int8BinaryConstants constants);

    /// <summary>The constants as the vector form needs them.</summary>
    static abstract Int8BinaryVectors<TVector> Prepare<TLanes, TVector>(in Int8BinaryConstants constants)
        where TLanes : struct, IByteLanes<TVector>
        where TVector : struct;

    /// <summary>s32 results: requantised, not yet clamped, without the zero point.</summary>
    /// <param name="pairs">In each 32 bits the first operand less its zero point and above it the second less its own, as s16.</param>
    /// <param name="vectors">What <see cref="Prepare"/> made.</param>
    static abstract TVector Apply<TLanes, TVector>(TVector pairs, in Int8BinaryVectors<TVector> vectors)
        where TLanes : struct, IByteLanes<TVector>
        where TVector : struct;
}
