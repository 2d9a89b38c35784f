namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>Maxima over windows of feature maps in float32. Padding does not take part. Vectors run over channels.</summary>
internal static class Float32MaxPool
{
    /// <summary>Computes the maxima and bounds them.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the first input.</param>
    /// <param name="output">Arena offset of the first output.</param>
    /// <param name="images">The number of images (times channels, where the map is channels-first).</param>
    /// <param name="channels">Contiguous channels of one pixel (1 where the map is channels-first).</param>
    /// <param name="inputSizes">The input's planes, rows and columns.</param>
    /// <param name="outputSizes">The output's planes, rows and columns.</param>
    /// <param name="kernel">The window's planes, rows and columns.</param>
    /// <param name="strides">Inputs between neighbouring windows, for planes, rows and columns.</param>
    /// <param name="dilations">Inputs between neighbouring elements of a window, for planes, rows and columns.</param>
    /// <param name="pads">Padding before the first plane, row and column.</param>
    /// <param name="minimum">The least result: the fused activation's lower bound.</param>
    /// <param name="maximum">The greatest result: the fused activation's upper bound.</param>
    /// <param name="inputSteps">Bytes between neighbouring images, planes, rows and columns of the input.</param>
    /// <param name="outputSteps">The same of the output.</param>
    public static void Run(
        Workspace w,
        int input,
        int output,
        int images,
        int channels,
        float minimum,
        float maximum,
        ReadOnlySpan<int> inputSizes,
        ReadOnlySpan<int> outputSizes,
        ReadOnlySpan<int> kernel,
        ReadOnlySpan<int> strides,
        ReadOnlySpan<int> dilations,
        ReadOnlySpan<int> pads,
        ReadOnlySpan<int> inputSteps,
        ReadOnlySpan<int> outputSteps)
    {
        ref byte from = ref w.Operand(input);
        ref byte to = ref w.Arena(output);
        for (int n = 0; n < images; n++)
        {
            for (int z = 0; z < outputSizes[0]; z++)
            {
                var planes = new PoolingWindow(z, kernel[0], strides[0], dilations[0], pads[0], inputSizes[0]);
                for (int y = 0; y < outputSizes[1]; y++)
                {
                    var rows = new PoolingWindow(y, kernel[1], strides[1], dilations[1], pads[1], inputSizes[1]);
                    for (int x = 0; x < outputSizes[2]; x++)
                    {
                        var columns = new PoolingWindow(x, kernel[2], strides[2], dilations[2], pads[2], inputSizes[2]);
                        nint origin = ((nint)n * inputSteps[0]) + ((nint)planes.Origin * inputSteps[1])
                            + ((nint)rows.Origin * inputSteps[2]) + ((nint)columns.Origin * inputSteps[3]);
                        nint target = ((nint)n * outputSteps[0]) + ((nint)z * outputSteps[1])
                            + ((nint)y * outputSteps[2]) + ((nint)x * outputSteps[3]);
                        ref float source = ref Unsafe.As<byte, float>(ref Unsafe.Add(ref from, origin));
                        ref float result = ref Unsafe.As<byte, float>(ref Unsafe.Add(ref to, target));
                        nint planeStep = (nint)dilations[0] * inputSteps[1];
                        nint rowStep = (nint)dilations[1] * inputSteps[2];
                        nint columnStep = (nint)dilations[2] * inputSteps[3];
                        if (Float32Path.Is512)
                            Pixel<Vector512<float>, Float32Lanes512>(
                                ref source, ref result, channels, minimum, maximum, planes, rows, columns, planeStep, rowStep, columnStep);
                        else if (Float32Path.Is256)
                            Pixel<Vector256<float>, Float32Lanes256>(
                                ref source, ref result, channels, minimum, maximum, planes, rows, columns, planeStep, rowStep, columnStep);
                        else if (Float32Path.Is128)
                            Pixel<Vector128<float>, Float32Lanes128>(
                                ref source, ref result, channels, minimum, maximum, planes, rows, columns, planeStep, rowStep, columnStep);
                        else
                            Pixel<float, Float32Lanes1>(
                                ref source, ref result, channels, minimum, maximum, planes, rows, columns, planeStep, rowStep, columnStep);
                    }
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pixel<TVector, TLanes>(
        ref float from,
        ref float to,
        int channels,
        float minimum,
        float maximum,
        PoolingWindow planes,
        PoolingWindow rows,
        PoolingWindow columns,
        nint planeStep,
        nint rowStep,
        nint columnStep)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        nint c = 0;
        for (; c <= channels - TLanes.Count; c += TLanes.Count)
        {
            TVector best = TLanes.Broadcast(float.NegativeInfinity);
            for (int z = planes.First; z < planes.End; z++)
            {
                for (int y = rows.First; y < rows.End; y++)
                {
                    ref float row = ref Unsafe.AddByteOffset(ref Unsafe.Add(ref from, c), (z * planeStep) + (y * rowStep));
                    for (int x = columns.First; x < columns.End; x++)
                        best = TLanes.Max(best, TLanes.Load(ref Unsafe.AddByteOffset(ref row, x * columnStep)));
                }
            }
            TLanes.Store(TLanes.Min(TLanes.Broadcast(maximum), TLanes.Max(TLanes.Broadcast(minimum), best)), ref Unsafe.Add(ref to, c));
        }
        for (; c < channels; c++)
        {
            float best = float.NegativeInfinity;
            for (int z = planes.First; z < planes.End; z++)
            {
                for (int y = rows.First; y < rows.End; y++)
                {
                    ref float row = ref Unsafe.AddByteOffset(ref Unsafe.Add(ref from, c), (z * planeStep) + (y * rowStep));
                    for (int x = columns.First; x < columns.End; x++)
                        best = Float32Lanes1.Max(best, Unsafe.AddByteOffset(ref row, x * columnStep));
                }
            }
            Unsafe.Add(ref to, c) = Float32Lanes1.Min(maximum, Float32Lanes1.Max(minimum, best));
        }
    }
}
