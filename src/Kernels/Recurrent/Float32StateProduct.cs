namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// Float32 weights times a state: each sum is one accumulator that begins at its start and takes one fused multiply-add for each element of
/// the state, in order, as in every float32 product.
/// </summary>
internal readonly struct Float32StateProduct : IStateProduct
{
    /// <summary>Operand offset of the weights: those of 16 rows side by side for each element of the state.</summary>
    public required int Weights { get; init; }

    /// <summary>Elements of the state.</summary>
    public required int Size { get; init; }

    /// <summary>
    /// Bytes from the weights of one element of the state to those of the next: 64 in packed weights, else those of a row of a matrix
    /// [size, rows] that is read as it lies.
    /// </summary>
    public required int Step { get; init; }

    /// <inheritdoc/>
    public static int ScratchBytes(int size) => 0;

    /// <inheritdoc/>
    public void Add(Workspace w, int first, int rows, ref float state, ref float start, ref float sums, ref byte scratch)
    {
        if (Float32ScalarLoop.IsForStart(w, (long)rows * Size))
            Rows<float, Float32Lanes1>(w, first, rows, ref state, ref start, ref sums);
        else
            OnPath(w, first, rows, ref state, ref start, ref sums);
    }

    private void OnPath(Workspace w, int first, int rows, ref float state, ref float start, ref float sums)
    {
        if (Float32Path.Is512)
            Rows<Vector512<float>, Float32Lanes512>(w, first, rows, ref state, ref start, ref sums);
        else if (Float32Path.Is256)
            Rows<Vector256<float>, Float32Lanes256>(w, first, rows, ref state, ref start, ref sums);
        else if (Float32Path.Is128)
            Rows<Vector128<float>, Float32Lanes128>(w, first, rows, ref state, ref start, ref sums);
        else
            Rows<float, Float32Lanes1>(w, first, rows, ref state, ref start, ref sums);
    }

    private void Rows<TVector, TLanes>(Workspace w, int first, int rows, ref float state, ref float start, ref float sums)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        const int PanelBytes = Float32Tile.Panel * sizeof(float);
        ReadOnlySpan<int> one = [1];
        ReadOnlySpan<int> zero = [0];
        // Packed parts are filled up to whole panels; of a matrix that lies as it is any row may be the first.
        bool packed = Step == PanelBytes;
        nint panelStep = packed ? (nint)Size * PanelBytes : PanelBytes;
        nint skipped = packed
            ? (nint)((first + Float32Tile.Panel - 1) / Float32Tile.Panel) * panelStep
            : (nint)first * sizeof(float);
        Float32Product.Run<TVector, TLanes>(
            ref Unsafe.As<float, byte>(ref state), ref Unsafe.Add(ref w.Operand(Weights), skipped), panelStep, ref start, oneBias: false,
            ref Unsafe.As<float, byte>(ref sums), rows, one, zero, zero, zero, Size, Step, float.NegativeInfinity, float.PositiveInfinity);
    }
}
