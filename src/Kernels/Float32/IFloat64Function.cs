namespace OptimizerBuild.Kernels;

/// <summary>
/// A function of one or two float32 values that is computed in double precision: the same bits in every lane of every vector.
/// </summary>
internal interface IFloat64Function
{
    /// <summary>The function of all lanes, which is rounded to float32 by whoever calls.</summary>
    /// <param name="x">The first operands.</param>
    /// <param name="y">The second ones; functions of one value do not look at them.</param>
    static abstract TVector Apply<TVector, TLanes>(TVector x, TVector y)
        where TVector : struct
        where TLanes : struct, IFloat64Lanes<TVector>;
}
