namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>What a pooling does with the inputs under its window.</summary>
internal interface IFloat32Pooling
{
    /// <summary>Whether the number of inputs matters.</summary>
    static abstract bool Counts { get; }

    /// <summary>The result before the first input.</summary>
    static abstract float Start { get; }

    /// <summary>The result of a window that lies wholly in the padding.</summary>
    static abstract float Empty { get; }

    /// <summary>The result with one more input.</summary>
    static abstract TVector Step<TVector, TLanes>(TVector accumulator, TVector x)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>;

    /// <summary>The result of all inputs; <paramref name="count"/> is their number in every lane.</summary>
    static abstract TVector End<TVector, TLanes>(TVector accumulator, TVector count)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>;
}

/// <summary>
/// The loops of the poolings: windows over feature maps, padding taking no part. Vectors run over channels; the inputs of a window
/// are taken in order.
/// </summary>
internal static class Float32Pooling
{
    /// <summary>A pooling's shape. Spans hold planes, rows and columns, steps also images before them.</summary>
    internal readonly ref struct Shape
    {
        /// <summary>The number of images.</summary>
        public required int Images { get; init; }

        /// <summary>Contiguous channels of one pixel.</summary>
        public required int Channels { get; init; }

        /// <summary>The least result.</summary>
        public required float Minimum { get; init; }

        /// <summary>The greatest result.</summary>
        public required float Maximum { get; init; }

        /// <summary>The input's extents.</summary>
        public required ReadOnlySpan<int> InputSizes { get; init; }

        /// <summary>The output's extents.</summary>
        public required ReadOnlySpan<int> OutputSizes { get; init; }

        /// <summary>The window's extents.</summary>
        public required ReadOnlySpan<int> Kernel { get; init; }

        /// <summary>Inputs between neighbouring windows.</summary>
        public required ReadOnlySpan<int> Strides { get; init; }

        /// <summary>Inputs between neighbouring elements of a window.</summary>
        public required ReadOnlySpan<int> Dilations { get; init; }

        /// <summary>Padding before the first input.</summary>
        public required ReadOnlySpan<int> Pads { get; init; }

        /// <summary>Padding behind the last input where padding counts; empty where it does not.</summary>
        public required ReadOnlySpan<int> CountedPadEnds { get; init; }

        /// <summary>Bytes between neighbours of the input.</summary>
        public required ReadOnlySpan<int> InputSteps { get; init; }

        /// <summary>Bytes between neighbours of the output.</summary>
        public required ReadOnlySpan<int> OutputSteps { get; init; }

        /// <summary>The window of one output along one axis.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public PoolingWindow Window(int axis, int output) =>
            new((output * Strides[axis]) - Pads[axis], Kernel[axis], Dilations[axis], 0, InputSizes[axis]);

        /// <summary>How many elements of a window along one axis count.</summary>
        public int Counted(int axis, in PoolingWindow window) => CountedPadEnds.Length == 0
            ? window.Count
            : new PoolingWindow(
                window.Origin, Kernel[axis], Dilations[axis], window.Origin, InputSizes[axis] + CountedPadEnds[axis]).Count;
    }

    /// <summary>Computes all outputs.</summary>
    /// <typeparam name="TPooling">What is done with the inputs under a window.</typeparam>
    /// <param name="input">The first input.</param>
    /// <param name="output">The first output.</param>
    /// <param name="shape">The shape.</param>
    public static void Run<TPooling>(ref byte input, ref byte output, in Shape shape)
        where TPooling : struct, IFloat32Pooling
    {
        if (Float32Path.Is512)
            Rows<TPooling, Vector512<float>, Float32Lanes512>(ref input, ref output, shape);
        else if (Float32Path.Is256)
            Rows<TPooling, Vector256<float>, Float32Lanes256>(ref input, ref output, shape);
        else if (Float32Path.Is128)
            Rows<TPooling, Vector128<float>, Float32Lanes128>(ref input, ref output, shape);
        else
            Rows<TPooling, float, Float32Lanes1>(ref input, ref output, shape);
    }

    private static void Rows<TPooling, TVector, TLanes>(ref byte input, ref byte output, in Shape shape)
        where TPooling : struct, IFloat32Pooling
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        for (int n = 0; n < shape.Images; n++)
        {
            for (int z = 0; z < shape.OutputSizes[0]; z++)
            {
                PoolingWindow planes = shape.Window(0, z);
                for (int y = 0; y < shape.OutputSizes[1]; y++)
                {
                    PoolingWindow rows = shape.Window(1, y);
                    nint from = ((nint)n * shape.InputSteps[0]) + ((nint)planes.Origin * shape.InputSteps[1])
                        + ((nint)rows.Origin * shape.InputSteps[2]);
                    nint to = ((nint)n * shape.OutputSteps[0]) + ((nint)z * shape.OutputSteps[1]) + ((nint)y * shape.OutputSteps[2]);
                    Row<TPooling, TVector, TLanes>(ref Unsafe.Add(ref input, from), ref Unsafe.Add(ref output, to), planes, rows, shape);
                }
            }
        }
    }

    // One row of outputs. The first input is that of column 0 in the window's row and plane 0, which may lie in the padding.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row<TPooling, TVector, TLanes>(
        ref byte input, ref byte output, in PoolingWindow planes, in PoolingWindow rows, in Shape shape)
        where TPooling : struct, IFloat32Pooling
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        TVector low = TLanes.Broadcast(shape.Minimum);
        TVector high = TLanes.Broadcast(shape.Maximum);
        int width = shape.OutputSizes[2];
        nint outputStep = shape.OutputSteps[3];
        nint planeStep = (nint)shape.Dilations[0] * shape.InputSteps[1];
        nint rowStep = (nint)shape.Dilations[1] * shape.InputSteps[2];
        nint columnStep = (nint)shape.Dilations[2] * shape.InputSteps[3];
        int inner = TPooling.Counts ? shape.Counted(0, planes) * shape.Counted(1, rows) : 0;
        int channels = shape.Channels;
        var remainder = default(Float32Remainder);
        ref byte room = ref Unsafe.As<Float32Remainder, byte>(ref remainder);
        for (int x = 0; x < width; x++)
        {
            PoolingWindow columns = shape.Window(2, x);
            TVector count = TLanes.Broadcast(TPooling.Counts ? global::System.Math.Max(inner * shape.Counted(2, columns), 1) : 0);
            bool isEmpty = planes.Count == 0 || rows.Count == 0 || columns.Count == 0;
            TVector start = TLanes.Broadcast(isEmpty ? TPooling.Empty : TPooling.Start);
            ref byte source = ref Unsafe.Add(ref input, (nint)columns.Origin * shape.InputSteps[3]);
            ref byte target = ref Unsafe.Add(ref output, x * outputStep);
            for (int c = 0; c < channels; c += TLanes.Count)
            {
                TVector result = start;
                for (int z = planes.First; z < planes.End; z++)
                {
                    for (int y = rows.First; y < rows.End; y++)
                    {
                        ref byte row = ref Unsafe.Add(ref source, (z * planeStep) + (y * rowStep) + ((nint)c * sizeof(float)));
                        for (int i = columns.First; i < columns.End; i++)
                        {
                            result = TPooling.Step<TVector, TLanes>(
                                result, TLanes.Load(ref Unsafe.As<byte, float>(ref Unsafe.Add(ref row, i * columnStep))));
                        }
                    }
                }
                result = TLanes.Min(high, TLanes.Max(low, TPooling.End<TVector, TLanes>(result, count)));
                ref byte to = ref Unsafe.Add(ref target, (nint)c * sizeof(float));
                if (c <= channels - TLanes.Count)
                {
                    TLanes.Store(result, ref Unsafe.As<byte, float>(ref to));
                    continue;
                }
                TLanes.Store(result, ref Unsafe.As<byte, float>(ref room));
                Float32Remainder.Copy(ref room, ref to, channels - c);
            }
        }
    }
}
