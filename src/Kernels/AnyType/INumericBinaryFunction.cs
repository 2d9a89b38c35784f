namespace OptimizerBuild.Kernels;

using global::System.Numerics;

/// <summary>A function of two numbers of one type, whose result may be of another.</summary>
internal interface INumericBinaryFunction
{
    /// <summary>Computes one result and stores it.</summary>
    /// <typeparam name="T">The operands' type.</typeparam>
    /// <param name="a">The first operand.</param>
    /// <param name="b">The second operand.</param>
    /// <param name="output">The first of all results.</param>
    /// <param name="index">The index of this one, counted in results.</param>
    static abstract void Apply<T>(T a, T b, ref byte output, nint index)
        where T : unmanaged, INumber<T>;
}
