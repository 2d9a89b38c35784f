namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// The element-by-element updates of recurrent layers, in the widest vectors, the rest one by one. Results may take the place of an
/// operand.
/// </summary>
internal static class RecurrentUpdate
{
    /// <summary>Applies a function to all elements.</summary>
    /// <param name="small">Whether in the small code of the start-up path.</param>
    /// <param name="a">The first operands.</param>
    /// <param name="b">The second operands.</param>
    /// <param name="c">The third operands.</param>
    /// <param name="d">The fourth operands.</param>
    /// <param name="to">The results.</param>
    /// <param name="count">How many.</param>
    public static void Run<TUpdate>(bool small, ref float a, ref float b, ref float c, ref float d, ref float to, int count)
        where TUpdate : struct, IRecurrentUpdate
    {
        if (small)
            Loop<TUpdate, float, Float32Lanes1>(ref a, ref b, ref c, ref d, ref to, count);
        else
            OnPath<TUpdate>(ref a, ref b, ref c, ref d, ref to, count);
    }

    private static void OnPath<TUpdate>(ref float a, ref float b, ref float c, ref float d, ref float to, int count)
        where TUpdate : struct, IRecurrentUpdate
    {
        if (Float32Path.Is512)
            Loop<TUpdate, Vector512<float>, Float32Lanes512>(ref a, ref b, ref c, ref d, ref to, count);
        else if (Float32Path.Is256)
            Loop<TUpdate, Vector256<float>, Float32Lanes256>(ref a, ref b, ref c, ref d, ref to, count);
        else if (Float32Path.Is128)
            Loop<TUpdate, Vector128<float>, Float32Lanes128>(ref a, ref b, ref c, ref d, ref to, count);
        else
            Loop<TUpdate, float, Float32Lanes1>(ref a, ref b, ref c, ref d, ref to, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Loop<TUpdate, TVector, TLanes>(
        ref float a, ref float b, ref float c, ref float d, ref float to, int count)
        where TUpdate : struct, IRecurrentUpdate
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        nint i = 0;
        for (; i <= count - TLanes.Count; i += TLanes.Count)
        {
            TVector result = TUpdate.Apply<TVector, TLanes>(
                TLanes.Load(ref Unsafe.Add(ref a, i)), TLanes.Load(ref Unsafe.Add(ref b, i)), TLanes.Load(ref Unsafe.Add(ref c, i)),
                TLanes.Load(ref Unsafe.Add(ref d, i)));
            TLanes.Store(result, ref Unsafe.Add(ref to, i));
        }
        for (; i < count; i++)
        {
            Unsafe.Add(ref to, i) = TUpdate.Apply<float, Float32Lanes1>(
                Unsafe.Add(ref a, i), Unsafe.Add(ref b, i), Unsafe.Add(ref c, i), Unsafe.Add(ref d, i));
        }
    }

    /// <summary>a · b.</summary>
    internal struct Product : IRecurrentUpdate
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector a, TVector b, TVector c, TVector d)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> => TLanes.Multiply(a, b);
    }

    /// <summary>a · b + c, rounded once.</summary>
    internal struct ProductAndSum : IRecurrentUpdate
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector a, TVector b, TVector c, TVector d)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> => TLanes.FusedMultiplyAdd(a, b, c);
    }

    /// <summary>a · b + c · d: the second product rounded, then the first added in one rounding.</summary>
    internal struct TwoProducts : IRecurrentUpdate
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector a, TVector b, TVector c, TVector d)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> => TLanes.FusedMultiplyAdd(a, b, TLanes.Multiply(c, d));
    }

    /// <summary>(1 − a) · b + a · c: the second product rounded, then the first added in one rounding.</summary>
    internal struct Coupled : IRecurrentUpdate
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector a, TVector b, TVector c, TVector d)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.FusedMultiplyAdd(TLanes.Subtract(TLanes.Broadcast(1f), a), b, TLanes.Multiply(a, c));
    }

    /// <summary>a · (b − c) + c: between c, where a is 0, and b, where it is 1.</summary>
    internal struct Between : IRecurrentUpdate
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector a, TVector b, TVector c, TVector d)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> => TLanes.FusedMultiplyAdd(a, TLanes.Subtract(b, c), c);
    }
}
