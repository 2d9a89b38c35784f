namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>The loops around <see cref="IPairOperation"/>: row by row for operands of equal shape, and with broadcasting.</summary>
internal static class PairLoop
{
    /// <summary>The most dimensions of a broadcast.</summary>
    private const int MaximumRank = 16;

    /// <summary>Operands of equal shape.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows<TOperation>(
        Workspace w,
        int first,
        int firstImageStride,
        int firstRowStride,
        int second,
        int secondImageStride,
        int secondRowStride,
        int output,
        int outputImageStride,
        int outputRowStride,
        in PairConstants constants,
        int images,
        int rows,
        int rowLength)
        where TOperation : struct, IPairOperation
    {
        unchecked
        {
            ref byte a = ref w.Operand(first);
            ref byte b = ref w.Operand(second);
            for (int image = 0; image < images; image++)
            {
                for (int row = 0; row < rows; row++)
                {
                    Row<TOperation>(
                        ref Unsafe.Add(ref a, (image * firstImageStride) + (row * firstRowStride)),
                        1,
                        ref Unsafe.Add(ref b, (image * secondImageStride) + (row * secondRowStride)),
                        1,
                        ref w.Arena(output + (image * outputImageStride) + (row * outputRowStride)),
                        1,
                        in constants,
                        rowLength);
                }
            }
        }
    }

    /// <summary>Operands that are broadcast: rows along the last dimension, the others counted like an odometer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Broadcast<TOperation>(
        Workspace w,
        int first,
        int second,
        int output,
        in PairConstants constants,
        ReadOnlySpan<int> dimensions,
        ReadOnlySpan<int> firstStrides,
        ReadOnlySpan<int> secondStrides,
        ReadOnlySpan<int> outputStrides)
        where TOperation : struct, IPairOperation
    {
        unchecked
        {
            ref byte a = ref w.Operand(first);
            ref byte b = ref w.Operand(second);
            int last = dimensions.Length - 1;
            if (last < 0)
            {
                Row<TOperation>(ref a, 0, ref b, 0, ref w.Arena(output), 1, in constants, 1);
                return;
            }

            if (last >= MaximumRank)
                throw new NotSupportedException("A broadcast has at most 16 dimensions.");
            int rows = 1;
            for (int d = 0; d < last; d++)
                rows *= dimensions[d];
            Span<int> index = stackalloc int[MaximumRank];
            for (; rows > 0; rows--)
            {
                Row<TOperation>(
                    ref a, firstStrides[last], ref b, secondStrides[last], ref w.Arena(output), outputStrides[last], in constants,
                    dimensions[last]);
                for (int d = last - 1; d >= 0; d--)
                {
                    a = ref Unsafe.Add(ref a, firstStrides[d]);
                    b = ref Unsafe.Add(ref b, secondStrides[d]);
                    output += outputStrides[d];
                    if (++index[d] < dimensions[d])
                        break;
                    a = ref Unsafe.Subtract(ref a, dimensions[d] * firstStrides[d]);
                    b = ref Unsafe.Subtract(ref b, dimensions[d] * secondStrides[d]);
                    output -= dimensions[d] * outputStrides[d];
                    index[d] = 0;
                }
            }
        }
    }

    /// <summary>One row, whose elements are some bytes apart; 0 where an operand is one element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row<TOperation>(
        ref byte first, int firstStep, ref byte second, int secondStep, ref byte output, int outputStep, in PairConstants constants,
        int length)
        where TOperation : struct, IPairOperation
    {
        unchecked
        {
            bool vectors = constants.Requantization.Shift >= TOperation.LeastVectorShift
                && (uint)firstStep <= 1 && (uint)secondStep <= 1 && outputStep == 1;
            if (vectors && ProductLanes.Has256)
                Row256<TOperation>(ref first, firstStep, ref second, secondStep, ref output, in constants, length);
            else if (vectors && ProductLanes.Has128)
                Row128<TOperation>(ref first, firstStep, ref second, secondStep, ref output, in constants, length);
            else
                RowScalar<TOperation>(ref first, firstStep, ref second, secondStep, ref output, outputStep, in constants, length);
        }
    }

    /// <summary>One row without vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RowScalar<TOperation>(
        ref byte first, int firstStep, ref byte second, int secondStep, ref byte output, int outputStep, in PairConstants constants,
        int length)
        where TOperation : struct, IPairOperation
    {
        unchecked
        {
            for (int i = 0; i < length; i++)
            {
                Unsafe.Add(ref output, i * outputStep) = (byte)TOperation.Apply(
                    Unsafe.Add(ref first, i * firstStep) - constants.FirstZeroPoint,
                    Unsafe.Add(ref second, i * secondStep) - constants.SecondZeroPoint,
                    in constants);
            }
        }
    }

    /// <summary>One row, eight elements at a time; steps are 0 or 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row256<TOperation>(
        ref byte first, int firstStep, ref byte second, int secondStep, ref byte output, in PairConstants constants, int length)
        where TOperation : struct, IPairOperation
    {
        unchecked
        {
            Vector256<int> firstZero = Vector256.Create(constants.FirstZeroPoint);
            Vector256<int> secondZero = Vector256.Create(constants.SecondZeroPoint);
            Vector256<int> a = Vector256.Create((int)first) - firstZero;
            Vector256<int> b = Vector256.Create((int)second) - secondZero;
            for (int i = 0; i < length; i += 8)
            {
                if (firstStep != 0)
                    a = ProductLanes.LoadBytes(ref Unsafe.Add(ref first, i)) - firstZero;
                if (secondStep != 0)
                    b = ProductLanes.LoadBytes(ref Unsafe.Add(ref second, i)) - secondZero;
                ulong bytes = ProductLanes.ToBytes(TOperation.Apply(a, b, in constants), in constants.Requantization);
                PartialStore.Bytes(bytes, ref Unsafe.Add(ref output, i), length - i);
            }
        }
    }

    /// <summary>One row, four elements at a time; steps are 0 or 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row128<TOperation>(
        ref byte first, int firstStep, ref byte second, int secondStep, ref byte output, in PairConstants constants, int length)
        where TOperation : struct, IPairOperation
    {
        unchecked
        {
            Vector128<int> firstZero = Vector128.Create(constants.FirstZeroPoint);
            Vector128<int> secondZero = Vector128.Create(constants.SecondZeroPoint);
            Vector128<int> a = Vector128.Create((int)first) - firstZero;
            Vector128<int> b = Vector128.Create((int)second) - secondZero;
            for (int i = 0; i < length; i += 4)
            {
                if (firstStep != 0)
                    a = ProductLanes.LoadFourBytes(ref Unsafe.Add(ref first, i)) - firstZero;
                if (secondStep != 0)
                    b = ProductLanes.LoadFourBytes(ref Unsafe.Add(ref second, i)) - secondZero;
                ulong bytes = ProductLanes.ToBytes(TOperation.Apply(a, b, in constants), in constants.Requantization);
                PartialStore.Bytes(bytes, ref Unsafe.Add(ref output, i), length - i < 4 ? length - i : 4);
            }
        }
    }
}
