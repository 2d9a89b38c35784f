namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.Wasm;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// Functions of float32 lanes that are computed in double precision: lanes are widened, and the results rounded to float32. A vector of
/// double precision has the widest registers that there are, so that its float32 lanes fill half of one; on 128 bits two vectors
/// of double precision belong to one of float32.
/// </summary>
internal static class Float32Widened
{
    /// <summary>The function of all lanes; of vectors those of 256 and 128 bits may be given.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Apply<TFunction, TVector>(TVector x, TVector y)
        where TFunction : struct, IFloat64Function
        where TVector : struct =>
        typeof(TVector) == typeof(float)
            ? Unsafe.BitCast<float, TVector>(One<TFunction>(Unsafe.BitCast<TVector, float>(x), Unsafe.BitCast<TVector, float>(y)))
            : OfVector<TFunction, TVector>(x, y);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector OfVector<TFunction, TVector>(TVector x, TVector y)
        where TFunction : struct, IFloat64Function
        where TVector : struct =>
        typeof(TVector) == typeof(Vector256<float>)
            ? Unsafe.BitCast<Vector256<float>, TVector>(
                Eight<TFunction>(Unsafe.BitCast<TVector, Vector256<float>>(x), Unsafe.BitCast<TVector, Vector256<float>>(y)))
            : Unsafe.BitCast<Vector128<float>, TVector>(
                Four<TFunction>(Unsafe.BitCast<TVector, Vector128<float>>(x), Unsafe.BitCast<TVector, Vector128<float>>(y)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float One<TFunction>(float x, float y)
        where TFunction : struct, IFloat64Function =>
        (float)TFunction.Apply<double, Float64Lanes1>(x, y);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Eight<TFunction>(Vector256<float> x, Vector256<float> y)
        where TFunction : struct, IFloat64Function =>
        Avx512F.ConvertToVector256Single(
            TFunction.Apply<Vector512<double>, Float64Lanes512>(Avx512F.ConvertToVector512Double(x), Avx512F.ConvertToVector512Double(y)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Four<TFunction>(Vector128<float> x, Vector128<float> y)
        where TFunction : struct, IFloat64Function
    {
        if (Avx.IsSupported)
        {
            return Avx.ConvertToVector128Single(
                TFunction.Apply<Vector256<double>, Float64Lanes256>(Avx.ConvertToVector256Double(x), Avx.ConvertToVector256Double(y)));
        }
        // The interpreter of WebAssembly has no vectors of double precision.
        if (PackedSimd.IsSupported)
        {
            return Vector128.Create(
                One<TFunction>(x.GetElement(0), y.GetElement(0)), One<TFunction>(x.GetElement(1), y.GetElement(1)),
                One<TFunction>(x.GetElement(2), y.GetElement(2)), One<TFunction>(x.GetElement(3), y.GetElement(3)));
        }
        return Vector128.Narrow(
            TFunction.Apply<Vector128<double>, Float64Lanes128>(Vector128.WidenLower(x), Vector128.WidenLower(y)),
            TFunction.Apply<Vector128<double>, Float64Lanes128>(Vector128.WidenUpper(x), Vector128.WidenUpper(y)));
    }
}
