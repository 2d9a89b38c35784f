namespace OptimizerBuild.Kernels;

/// <summary>A function of up to four values by which recurrent layers update their states element by element.</summary>
internal interface IRecurrentUpdate
{
    /// <summary>The function of each lane.</summary>
    static abstract TVector Apply<TVector, TLanes>(TVector a, TVector b, TVector c, TVector d)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>;
}
