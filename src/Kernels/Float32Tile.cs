namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>
/// The register tiles of the float32 products: some rows (positions of a feature map, rows of a matrix) by some vectors of outputs.
/// Each output has one accumulator that starts at the bias and takes one fused multiply-add for each k, in ascending order, where
/// k runs over the taps (runs of contiguous inputs) and within a tap over the run.
/// </summary>
internal static class Float32Tile
{
    /// <summary>The rows of the large tile.</summary>
    public const int Rows = 6;

    /// <summary>Outputs in one panel of packed weights.</summary>
    public const int Panel = 16;

    /// <summary>What the tiles of one call have in common.</summary>
    internal readonly ref struct Call
    {
        /// <summary>Byte offsets of the taps from a row's base.</summary>
        public required ReadOnlySpan<int> Taps { get; init; }

        /// <summary>Inputs in one tap.</summary>
        public required int Run { get; init; }

        /// <summary>Bytes from the weights of one k to those of the next.</summary>
        public required nint Step { get; init; }

        /// <summary>Bytes from the weights of one vector of outputs to those of the next.</summary>
        public required nint NextVector { get; init; }

        /// <summary>The factor of the accumulators, applied before the bounds.</summary>
        public required float Alpha { get; init; }

        /// <summary>The least result.</summary>
        public required float Minimum { get; init; }

        /// <summary>The greatest result.</summary>
        public required float Maximum { get; init; }
    }

    /// <summary>
    /// Byte offsets of the rows of a tile; those behind the last row repeat the first, which is then written more than once.
    /// </summary>
    internal struct Bases
    {
        /// <summary>The rows' inputs.</summary>
        public nint Input0, Input1, Input2, Input3, Input4, Input5;

        /// <summary>The rows' outputs.</summary>
        public nint Output0, Output1, Output2, Output3, Output4, Output5;

        /// <summary>Sets one row.</summary>
        public void Set(int row, nint input, nint output)
        {
            switch (row)
            {
                case 0:
                    Input0 = Input1 = Input2 = Input3 = Input4 = Input5 = input;
                    Output0 = output;
                    break;
                case 1:
                    Input1 = input;
                    Output1 = output;
                    break;
                case 2:
                    Input2 = input;
                    Output2 = output;
                    break;
                case 3:
                    Input3 = input;
                    Output3 = output;
                    break;
                case 4:
                    Input4 = input;
                    Output4 = output;
                    break;
                default:
                    Input5 = input;
                    Output5 = output;
                    break;
            }
        }
    }

    /// <summary>Six rows by two vectors of outputs, all of which are written.</summary>
    /// <param name="input">The byte from which the rows' input offsets count.</param>
    /// <param name="weights">The weights of the first vector for k = 0.</param>
    /// <param name="bias">The biases of both vectors.</param>
    /// <param name="output">The byte from which the rows' output offsets count; at the first vector.</param>
    /// <param name="bases">The rows.</param>
    /// <param name="call">What all tiles have in common.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SixByTwo<TVector, TLanes>(
        ref byte input, ref byte weights, ref float bias, ref byte output, in Bases bases, in Call call)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        TVector c00 = TLanes.Load(ref bias);
        TVector c01 = TLanes.Load(ref Unsafe.Add(ref bias, TLanes.Count));
        TVector c10 = c00, c20 = c00, c30 = c00, c40 = c00, c50 = c00;
        TVector c11 = c01, c21 = c01, c31 = c01, c41 = c01, c51 = c01;
        nint step = call.Step;
        nint second = call.NextVector;
        nint end = (nint)call.Run * sizeof(float);
        ReadOnlySpan<int> taps = call.Taps;
        ref byte w = ref weights;
        for (int t = 0; t < taps.Length; t++)
        {
            nint tap = taps[t];
            ref byte r0 = ref Unsafe.Add(ref input, bases.Input0 + tap);
            ref byte r1 = ref Unsafe.Add(ref input, bases.Input1 + tap);
            ref byte r2 = ref Unsafe.Add(ref input, bases.Input2 + tap);
            ref byte r3 = ref Unsafe.Add(ref input, bases.Input3 + tap);
            ref byte r4 = ref Unsafe.Add(ref input, bases.Input4 + tap);
            ref byte r5 = ref Unsafe.Add(ref input, bases.Input5 + tap);
            for (nint k = 0; k < end; k += sizeof(float))
            {
                TVector w0 = TLanes.Load(ref Unsafe.As<byte, float>(ref w));
                TVector w1 = TLanes.Load(ref Unsafe.As<byte, float>(ref Unsafe.Add(ref w, second)));
                TVector x = TLanes.Broadcast(Unsafe.As<byte, float>(ref Unsafe.Add(ref r0, k)));
                c00 = TLanes.FusedMultiplyAdd(x, w0, c00);
                c01 = TLanes.FusedMultiplyAdd(x, w1, c01);
                x = TLanes.Broadcast(Unsafe.As<byte, float>(ref Unsafe.Add(ref r1, k)));
                c10 = TLanes.FusedMultiplyAdd(x, w0, c10);
                c11 = TLanes.FusedMultiplyAdd(x, w1, c11);
                x = TLanes.Broadcast(Unsafe.As<byte, float>(ref Unsafe.Add(ref r2, k)));
                c20 = TLanes.FusedMultiplyAdd(x, w0, c20);
                c21 = TLanes.FusedMultiplyAdd(x, w1, c21);
                x = TLanes.Broadcast(Unsafe.As<byte, float>(ref Unsafe.Add(ref r3, k)));
                c30 = TLanes.FusedMultiplyAdd(x, w0, c30);
                c31 = TLanes.FusedMultiplyAdd(x, w1, c31);
                x = TLanes.Broadcast(Unsafe.As<byte, float>(ref Unsafe.Add(ref r4, k)));
                c40 = TLanes.FusedMultiplyAdd(x, w0, c40);
                c41 = TLanes.FusedMultiplyAdd(x, w1, c41);
                x = TLanes.Broadcast(Unsafe.As<byte, float>(ref Unsafe.Add(ref r5, k)));
                c50 = TLanes.FusedMultiplyAdd(x, w0, c50);
                c51 = TLanes.FusedMultiplyAdd(x, w1, c51);
                w = ref Unsafe.Add(ref w, step);
            }
        }
        TVector alpha = TLanes.Broadcast(call.Alpha);
        TVector low = TLanes.Broadcast(call.Minimum);
        TVector high = TLanes.Broadcast(call.Maximum);
        Store<TVector, TLanes>(c00, c01, ref Unsafe.Add(ref output, bases.Output0), alpha, low, high);
        Store<TVector, TLanes>(c10, c11, ref Unsafe.Add(ref output, bases.Output1), alpha, low, high);
        Store<TVector, TLanes>(c20, c21, ref Unsafe.Add(ref output, bases.Output2), alpha, low, high);
        Store<TVector, TLanes>(c30, c31, ref Unsafe.Add(ref output, bases.Output3), alpha, low, high);
        Store<TVector, TLanes>(c40, c41, ref Unsafe.Add(ref output, bases.Output4), alpha, low, high);
        Store<TVector, TLanes>(c50, c51, ref Unsafe.Add(ref output, bases.Output5), alpha, low, high);
    }

    /// <summary>One row by eight vectors of outputs, all of which are written.</summary>
    /// <param name="input">The row's inputs.</param>
    /// <param name="weights">The weights of the first vector for k = 0.</param>
    /// <param name="pairStep">Bytes from the weights of one pair of vectors to those of the next.</param>
    /// <param name="bias">The biases of all vectors.</param>
    /// <param name="output">The row's outputs.</param>
    /// <param name="call">What all tiles have in common.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OneByEight<TVector, TLanes>(
        ref byte input, ref byte weights, nint pairStep, ref float bias, ref byte output, in Call call)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        TVector c0 = TLanes.Load(ref bias);
        TVector c1 = TLanes.Load(ref Unsafe.Add(ref bias, TLanes.Count));
        TVector c2 = TLanes.Load(ref Unsafe.Add(ref bias, 2 * TLanes.Count));
        TVector c3 = TLanes.Load(ref Unsafe.Add(ref bias, 3 * TLanes.Count));
        TVector c4 = TLanes.Load(ref Unsafe.Add(ref bias, 4 * TLanes.Count));
        TVector c5 = TLanes.Load(ref Unsafe.Add(ref bias, 5 * TLanes.Count));
        TVector c6 = TLanes.Load(ref Unsafe.Add(ref bias, 6 * TLanes.Count));
        TVector c7 = TLanes.Load(ref Unsafe.Add(ref bias, 7 * TLanes.Count));
        nint step = call.Step;
        nint second = call.NextVector;
        nint end = (nint)call.Run * sizeof(float);
        ReadOnlySpan<int> taps = call.Taps;
        ref byte p0 = ref weights;
        ref byte p1 = ref Unsafe.Add(ref p0, pairStep);
        ref byte p2 = ref Unsafe.Add(ref p1, pairStep);
        ref byte p3 = ref Unsafe.Add(ref p2, pairStep);
        nint o = 0;
        for (int t = 0; t < taps.Length; t++)
        {
            ref byte row = ref Unsafe.Add(ref input, (nint)taps[t]);
            for (nint k = 0; k < end; k += sizeof(float))
            {
                TVector x = TLanes.Broadcast(Unsafe.As<byte, float>(ref Unsafe.Add(ref row, k)));
                c0 = TLanes.FusedMultiplyAdd(x, TLanes.Load(ref Unsafe.As<byte, float>(ref Unsafe.Add(ref p0, o))), c0);
                c1 = TLanes.FusedMultiplyAdd(x, TLanes.Load(ref Unsafe.As<byte, float>(ref Unsafe.Add(ref p0, o + second))), c1);
                c2 = TLanes.FusedMultiplyAdd(x, TLanes.Load(ref Unsafe.As<byte, float>(ref Unsafe.Add(ref p1, o))), c2);
                c3 = TLanes.FusedMultiplyAdd(x, TLanes.Load(ref Unsafe.As<byte, float>(ref Unsafe.Add(ref p1, o + second))), c3);
                c4 = TLanes.FusedMultiplyAdd(x, TLanes.Load(ref Unsafe.As<byte, float>(ref Unsafe.Add(ref p2, o))), c4);
                c5 = TLanes.FusedMultiplyAdd(x, TLanes.Load(ref Unsafe.As<byte, float>(ref Unsafe.Add(ref p2, o + second))), c5);
                c6 = TLanes.FusedMultiplyAdd(x, TLanes.Load(ref Unsafe.As<byte, float>(ref Unsafe.Add(ref p3, o))), c6);
                c7 = TLanes.FusedMultiplyAdd(x, TLanes.Load(ref Unsafe.As<byte, float>(ref Unsafe.Add(ref p3, o + second))), c7);
                o += step;
            }
        }
        TVector alpha = TLanes.Broadcast(call.Alpha);
        TVector low = TLanes.Broadcast(call.Minimum);
        TVector high = TLanes.Broadcast(call.Maximum);
        nint pair = 2 * TLanes.Count * sizeof(float);
        Store<TVector, TLanes>(c0, c1, ref output, alpha, low, high);
        Store<TVector, TLanes>(c2, c3, ref Unsafe.Add(ref output, pair), alpha, low, high);
        Store<TVector, TLanes>(c4, c5, ref Unsafe.Add(ref output, 2 * pair), alpha, low, high);
        Store<TVector, TLanes>(c6, c7, ref Unsafe.Add(ref output, 3 * pair), alpha, low, high);
    }

    // Inlined, because accumulators that live across a call would be spilled in the innermost loop.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TVector, TLanes>(TVector c0, TVector c1, ref byte output, TVector alpha, TVector low, TVector high)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        ref float to = ref Unsafe.As<byte, float>(ref output);
        TLanes.Store(TLanes.Min(high, TLanes.Max(low, TLanes.Multiply(c0, alpha))), ref to);
        TLanes.Store(TLanes.Min(high, TLanes.Max(low, TLanes.Multiply(c1, alpha))), ref Unsafe.Add(ref to, TLanes.Count));
    }
}
