namespace OptimizerBuild.Kernels;

/// <summary>A function of one float32 value with up to two parameters, the same bits in every lane of every vector.</summary>
internal interface IFloat32Function
{
    /// <summary>The function of all lanes.</summary>
    static abstract TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>;
}
