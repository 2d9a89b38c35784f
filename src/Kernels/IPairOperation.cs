namespace OptimizerBuild.Kernels;

using global::System.Runtime.Intrinsics;

/// <summary>
/// An elementwise operation on two u8 tensors (docs/arithmetic.md, Elementwise integer operations), for <see cref="PairLoop"/>.
/// </summary>
internal interface IPairOperation
{
    /// <summary>The least shift from which every result fits 32 bits before it is clamped, as the vectors need.</summary>
    static abstract int LeastVectorShift { get; }

    /// <summary>One output.</summary>
    /// <param name="first">The first operand less its zero point.</param>
    /// <param name="second">The second operand less its zero point.</param>
    /// <param name="constants">The operation's constants.</param>
    static abstract int Apply(int first, int second, in PairConstants constants);

    /// <summary>Eight results: requantised, with the zero point, not yet clamped.</summary>
    /// <param name="first">First operands less their zero point.</param>
    /// <param name="second">Second operands less their zero point.</param>
    /// <param name="constants">The operation's constants.</param>
    static abstract Vector256<int> Apply(Vector256<int> first, Vector256<int> second, in PairConstants constants);

    /// <summary>Four results: requantised, with the zero point, not yet clamped.</summary>
    /// <param name="first">First operands less their zero point.</param>
    /// <param name="second">Second operands less their zero point.</param>
    /// <param name="constants">The operation's constants.</param>
    static abstract Vector128<int> Apply(Vector128<int> first, Vector128<int> second, in PairConstants constants);
}
