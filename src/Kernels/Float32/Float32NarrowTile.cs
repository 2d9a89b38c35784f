namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>
/// The register tiles of <see cref="Float32NarrowConvolution"/>: some vectors of positions by one, two or four outputs, eight sums at most.
/// Each output has one sum that starts at the bias and takes one fused multiply-add for each input of the window, in ascending order.
/// </summary>
internal static class Float32NarrowTile
{
    /// <summary>Computes the outputs of neighbouring positions.</summary>
    /// <param name="call">What the rows of a convolution have in common.</param>
    /// <param name="slots">The row of planes of each tap.</param>
    /// <param name="output">The first output of the first position.</param>
    /// <param name="count">The number of positions.</param>
    public static void Row<TVector, TLanes>(in Call call, ReadOnlySpan<int> slots, ref byte output, int count)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        int most = call.Outputs == 1 ? 8 : call.Outputs == 2 ? 4 : 2;
        for (int first = 0; first < count;)
        {
            int vectors = (count - first + TLanes.Count - 1) / TLanes.Count;
            vectors = vectors < most ? vectors : most;
            if (call.Outputs == 1)
                vectors = One<TVector, TLanes>(call, slots, ref output, first, count, vectors);
            else if (call.Outputs == 2)
                vectors = Two<TVector, TLanes>(call, slots, ref output, first, count, vectors);
            else if (vectors >= 2)
                Tile<TVector, TLanes, Extent2, Extent4>(call, slots, ref output, first, count);
            else
                Tile<TVector, TLanes, Extent1, Extent4>(call, slots, ref output, first, count);
            first += vectors * TLanes.Count;
        }
    }

    private static int One<TVector, TLanes>(in Call call, ReadOnlySpan<int> slots, ref byte output, int first, int count, int vectors)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        if (vectors > 4)
        {
            Tile<TVector, TLanes, Extent8, Extent1>(call, slots, ref output, first, count);
            return 8;
        }
        if (vectors > 2)
        {
            Tile<TVector, TLanes, Extent4, Extent1>(call, slots, ref output, first, count);
            return 4;
        }
        Tile<TVector, TLanes, Extent2, Extent1>(call, slots, ref output, first, count);
        return 2;
    }

    private static int Two<TVector, TLanes>(in Call call, ReadOnlySpan<int> slots, ref byte output, int first, int count, int vectors)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        if (vectors > 2)
        {
            Tile<TVector, TLanes, Extent4, Extent2>(call, slots, ref output, first, count);
            return 4;
        }
        Tile<TVector, TLanes, Extent2, Extent2>(call, slots, ref output, first, count);
        return 2;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile<TVector, TLanes, TVectors, TOutputs>(
        in Call call, ReadOnlySpan<int> slots, ref byte output, int first, int count)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
        where TVectors : struct, IExtent
        where TOutputs : struct, IExtent
    {
        unchecked
        {
            TVector c0 = TLanes.Broadcast(call.Bias);
            TVector c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0;
            if (TOutputs.Value == 2)
            {
                c4 = TLanes.Broadcast(Unsafe.Add(ref call.Bias, 1));
                c5 = c4;
                c6 = c4;
                c7 = c4;
            }
            if (TOutputs.Value == 4)
            {
                c2 = TLanes.Broadcast(Unsafe.Add(ref call.Bias, 1));
                c3 = c2;
                c4 = TLanes.Broadcast(Unsafe.Add(ref call.Bias, 2));
                c5 = c4;
                c6 = TLanes.Broadcast(Unsafe.Add(ref call.Bias, 3));
                c7 = c6;
            }
            nint width = (nint)call.Width * sizeof(float);
            nint next = TLanes.Count * sizeof(float);
            // Of a period of one all inputs of a tap are in one plane, one place apart; else they go from plane to plane.
            nint along = call.Period == 1 ? call.Run : call.Period;
            nint step = call.Period == 1 ? sizeof(float) : width;
            ref float weight = ref Unsafe.As<byte, float>(ref call.Weights);
            for (int t = 0; t < slots.Length; t++)
            {
                ref byte line = ref Unsafe.Add(
                    ref call.Planes, (slots[t] * call.Period * width) + ((nint)first * sizeof(float)));
                for (nint left = call.Run; left > 0; left -= along)
                {
                    ref byte x = ref line;
                    for (nint k = left < along ? left : along; k > 0; k--)
                    {
                        TVector b = TLanes.Broadcast(weight);
                        TVector x0 = Load<TVector, TLanes>(ref x, 0);
                        TVector x1 = TVectors.Value > 1 ? Load<TVector, TLanes>(ref x, next) : x0;
                        c0 = TLanes.FusedMultiplyAdd(x0, b, c0);
                        if (TVectors.Value > 1)
                            c1 = TLanes.FusedMultiplyAdd(x1, b, c1);
                        if (TOutputs.Value == 1)
                        {
                            if (TVectors.Value > 2)
                            {
                                c2 = TLanes.FusedMultiplyAdd(Load<TVector, TLanes>(ref x, 2 * next), b, c2);
                                c3 = TLanes.FusedMultiplyAdd(Load<TVector, TLanes>(ref x, 3 * next), b, c3);
                            }
                            if (TVectors.Value > 4)
                            {
                                c4 = TLanes.FusedMultiplyAdd(Load<TVector, TLanes>(ref x, 4 * next), b, c4);
                                c5 = TLanes.FusedMultiplyAdd(Load<TVector, TLanes>(ref x, 5 * next), b, c5);
                                c6 = TLanes.FusedMultiplyAdd(Load<TVector, TLanes>(ref x, 6 * next), b, c6);
                                c7 = TLanes.FusedMultiplyAdd(Load<TVector, TLanes>(ref x, 7 * next), b, c7);
                            }
                        }
                        if (TOutputs.Value == 2)
                        {
                            TVector x2 = TVectors.Value > 2 ? Load<TVector, TLanes>(ref x, 2 * next) : x0;
                            TVector x3 = TVectors.Value > 2 ? Load<TVector, TLanes>(ref x, 3 * next) : x0;
                            if (TVectors.Value > 2)
                            {
                                c2 = TLanes.FusedMultiplyAdd(x2, b, c2);
                                c3 = TLanes.FusedMultiplyAdd(x3, b, c3);
                            }
                            b = TLanes.Broadcast(Unsafe.Add(ref weight, 1));
                            c4 = TLanes.FusedMultiplyAdd(x0, b, c4);
                            if (TVectors.Value > 1)
                                c5 = TLanes.FusedMultiplyAdd(x1, b, c5);
                            if (TVectors.Value > 2)
                            {
                                c6 = TLanes.FusedMultiplyAdd(x2, b, c6);
                                c7 = TLanes.FusedMultiplyAdd(x3, b, c7);
                            }
                        }
                        if (TOutputs.Value == 4)
                        {
                            b = TLanes.Broadcast(Unsafe.Add(ref weight, 1));
                            c2 = TLanes.FusedMultiplyAdd(x0, b, c2);
                            if (TVectors.Value > 1)
                                c3 = TLanes.FusedMultiplyAdd(x1, b, c3);
                            b = TLanes.Broadcast(Unsafe.Add(ref weight, 2));
                            c4 = TLanes.FusedMultiplyAdd(x0, b, c4);
                            if (TVectors.Value > 1)
                                c5 = TLanes.FusedMultiplyAdd(x1, b, c5);
                            b = TLanes.Broadcast(Unsafe.Add(ref weight, 3));
                            c6 = TLanes.FusedMultiplyAdd(x0, b, c6);
                            if (TVectors.Value > 1)
                                c7 = TLanes.FusedMultiplyAdd(x1, b, c7);
                        }
                        weight = ref Unsafe.Add(ref weight, Float32Tile.Panel);
                        x = ref Unsafe.Add(ref x, step);
                    }
                    line = ref Unsafe.Add(ref line, sizeof(float));
                }
            }
            // Sums lie in the order of outputs, and for each output in that of positions.
            var room = default(Float32Remainder);
            ref byte sums = ref Unsafe.As<Float32Remainder, byte>(ref room);
            Store<TVector, TLanes>(call, c0, ref sums, 0);
            Store<TVector, TLanes>(call, c1, ref sums, next);
            Store<TVector, TLanes>(call, c2, ref sums, 2 * next);
            Store<TVector, TLanes>(call, c3, ref sums, 3 * next);
            Store<TVector, TLanes>(call, c4, ref sums, 4 * next);
            Store<TVector, TLanes>(call, c5, ref sums, 5 * next);
            Store<TVector, TLanes>(call, c6, ref sums, 6 * next);
            Store<TVector, TLanes>(call, c7, ref sums, 7 * next);
            int positions = count - first < TVectors.Value * TLanes.Count ? count - first : TVectors.Value * TLanes.Count;
            ref byte to = ref Unsafe.Add(ref output, (nint)first * call.OutputStep);
            if (call.OutputStep == sizeof(float))
                Float32Remainder.Copy(ref sums, ref to, positions);
            else
                Scatter(ref Unsafe.As<byte, float>(ref sums), 8 / TOutputs.Value * TLanes.Count, ref to, positions, call);
        }
    }

    // One output after the other at each position.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scatter(ref float sums, nint each, ref byte to, int positions, in Call call)
    {
        for (nint p = 0; p < positions; p++)
        {
            ref float position = ref Unsafe.As<byte, float>(ref Unsafe.Add(ref to, p * call.OutputStep));
            for (nint o = 0; o < call.Outputs; o++)
                Unsafe.Add(ref position, o) = Unsafe.Add(ref sums, (o * each) + p);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Load<TVector, TLanes>(ref byte x, nint offset)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector> =>
        TLanes.Load(ref Unsafe.As<byte, float>(ref Unsafe.Add(ref x, offset)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TVector, TLanes>(in Call call, TVector sum, ref byte to, nint offset)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector> =>
        TLanes.Store(
            TLanes.Min(TLanes.Broadcast(call.Maximum), TLanes.Max(TLanes.Broadcast(call.Minimum), sum)),
            ref Unsafe.As<byte, float>(ref Unsafe.Add(ref to, offset)));

    /// <summary>What the rows of a convolution have in common.</summary>
    internal ref struct Call
    {
        /// <summary>The planes of the first row.</summary>
        public readonly ref byte Planes;

        /// <summary>The weights, 16 floats for each input of the window.</summary>
        public readonly ref byte Weights;

        /// <summary>The biases.</summary>
        public readonly ref float Bias;

        /// <summary>Planes of a row of inputs.</summary>
        public int Period;

        /// <summary>Floats from one plane to the next.</summary>
        public int Width;

        /// <summary>Inputs in one tap.</summary>
        public int Run;

        /// <summary>Output channels.</summary>
        public int Outputs;

        /// <summary>Bytes from one position's outputs to those of the next.</summary>
        public int OutputStep;

        /// <summary>The least result.</summary>
        public float Minimum;

        /// <summary>The greatest result.</summary>
        public float Maximum;

        /// <summary>What the rows read.</summary>
        /// <param name="planes">The planes of the first row.</param>
        /// <param name="weights">The weights.</param>
        /// <param name="bias">The biases.</param>
        public Call(ref byte planes, ref byte weights, ref float bias)
        {
            Planes = ref planes;
            Weights = ref weights;
            Bias = ref bias;
        }
    }
}
