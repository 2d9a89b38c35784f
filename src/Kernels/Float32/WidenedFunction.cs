namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>A function of one value that is computed in double precision, as one of float32 lanes.</summary>
/// <typeparam name="TFunction">The function.</typeparam>
internal struct WidenedFunction<TFunction> : IFloat32Function
    where TFunction : struct, IFloat64Function
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector> =>
        Float32Widened.Apply<TFunction, TVector>(x, x);
}
