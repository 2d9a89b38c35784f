namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>(x + √(x² + width)) / 2 of float32 values. Input and output may be the same place.</summary>
internal static class Float32Squareplus
{
    /// <summary>The function of all elements.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the input.</param>
    /// <param name="output">Arena offset of the output.</param>
    /// <param name="count">The number of elements.</param>
    /// <param name="width">What is added to the square.</param>
    public static void Run(Workspace w, int input, int output, int count, float width) =>
        Float32Map.Run<Function>(w, input, output, count, width, 0f);

    private struct Function : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Multiply(TLanes.Broadcast(0.5f), TLanes.Add(x, TLanes.SquareRoot(TLanes.FusedMultiplyAdd(x, x, a))));
    }
}
