namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;

/// <summary>The loops around <see cref="Int8BinaryPlane"/>: images of operands of equal shape, and broadcasting.</summary>
internal static class Int8BinaryLoop
{
    /// <summary>The most dimensions of a broadcast.</summary>
    private const int MaximumRank = 16;

    /// <summary>Bytes of a row that is made of copies of a shorter one.</summary>
    private const int RepeatedBytes = 1664;

    /// <summary>Bytes of a cache line.</summary>
    private const int Line = 64;

    /// <summary>Operands of equal shape.</summary>
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
        in Int8BinaryConstants constants,
        int images,
        int rows,
        int rowLength)
        where TOperation : struct, IInt8BinaryOperation
    {
        unchecked
        {
            var plane = new Int8BinaryPlane(firstRowStride, secondRowStride, outputRowStride, rows, rowLength);
            for (int image = 0; image < images; image++)
            {
                plane.Run<TOperation>(
                    w.IsStarting,
                    ref Unsafe.Add(ref w.Operand(first), image * firstImageStride),
                    ref Unsafe.Add(ref w.Operand(second), image * secondImageStride),
                    ref w.Arena(output + (image * outputImageStride)),
                    in constants);
            }
        }
    }

    /// <summary>Operands that are broadcast: planes along the last two dimensions, the others counted like an odometer.</summary>
    public static void Broadcast<TOperation>(
        Workspace w,
        int first,
        int second,
        int output,
        in Int8BinaryConstants constants,
        ReadOnlySpan<int> dimensions,
        ReadOnlySpan<int> firstStrides,
        ReadOnlySpan<int> secondStrides,
        ReadOnlySpan<int> outputStrides)
        where TOperation : struct, IInt8BinaryOperation
    {
        unchecked
        {
            if (dimensions.Length > MaximumRank)
                throw new NotSupportedException("A broadcast has at most 16 dimensions.");
            ref byte a = ref w.Operand(first);
            ref byte b = ref w.Operand(second);
            int last = dimensions.Length - 1;
            int outer = Math.Max(last - 1, 0);
            bool isPlane = last >= 1;
            int planes = 1;
            for (int d = 0; d < outer; d++)
                planes *= dimensions[d];
            var plane = new Int8BinaryPlane(
                last < 0 ? 0 : firstStrides[last], isPlane ? firstStrides[outer] : 0,
                last < 0 ? 0 : secondStrides[last], isPlane ? secondStrides[outer] : 0,
                last < 0 ? 1 : outputStrides[last], isPlane ? outputStrides[outer] : 0,
                isPlane ? dimensions[outer] : 1, last < 0 ? 1 : dimensions[last]);
            bool firstRepeats = !w.IsStarting && Repeats(dimensions, firstStrides, secondStrides, outputStrides);
            bool secondRepeats = !w.IsStarting && Repeats(dimensions, secondStrides, firstStrides, outputStrides);
            Span<int> index = stackalloc int[MaximumRank];
            for (; planes > 0; planes--)
            {
                if (firstRepeats || secondRepeats)
                {
                    Repeated<TOperation>(
                        ref a, ref b, firstRepeats, ref w.Arena(output), in constants, dimensions[outer], dimensions[last]);
                }
                else
                {
                    plane.Run<TOperation>(w.IsStarting, ref a, ref b, ref w.Arena(output), in constants);
                }

                for (int d = outer - 1; d >= 0; d--)
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

    /// <summary>
    /// Whether an operand is one short row for all rows of a plane, while the other one and the output run on without gaps: a value for
    /// each channel.
    /// </summary>
    private static bool Repeats(
        ReadOnlySpan<int> dimensions, ReadOnlySpan<int> strides, ReadOnlySpan<int> otherStrides, ReadOnlySpan<int> outputStrides)
    {
        int last = unchecked(dimensions.Length - 1);
        if (last < 1 || dimensions[last] > 512)
            return false;
        int rows = unchecked(last - 1);
        return strides[last] == 1 && strides[rows] == 0 && otherStrides[last] == 1 && otherStrides[rows] == dimensions[last]
            && outputStrides[last] == 1 && outputStrides[rows] == dimensions[last];
    }

    /// <summary>A plane of adjacent rows beside one row that is repeated: copies of it side by side make long rows of both.</summary>
    private static void Repeated<TOperation>(
        ref byte first, ref byte second, bool firstRepeats, ref byte output, in Int8BinaryConstants constants, int rows, int rowLength)
        where TOperation : struct, IInt8BinaryOperation
    {
        unchecked
        {
            // Whole lines where the row allows it, since vectors that cross lines cost twice; whole vectors are read at the end.
            Span<byte> memory = stackalloc byte[RepeatedBytes + (2 * Line)];
            Span<byte> repeated = memory.Slice((int)(-Unsafe.ByteOffset(ref Unsafe.NullRef<byte>(), ref memory[0]) & (Line - 1)));
            int copies = Math.Max(Math.Min(RepeatedBytes / rowLength, rows), 1);
            int toLine = Line / Math.Min(rowLength & -rowLength, Line);
            if (copies >= toLine)
                copies -= copies % toLine;
            ReadOnlySpan<byte> once = MemoryMarshal.CreateReadOnlySpan(ref firstRepeats ? ref first : ref second, rowLength);
            once.CopyTo(repeated);
            for (int copied = 1; copied < copies; copied *= 2)
                repeated.Slice(0, Math.Min(copied, copies - copied) * rowLength).CopyTo(repeated.Slice(copied * rowLength));
            int longRows = rows / copies;
            int longLength = copies * rowLength;
            ref byte a = ref firstRepeats ? ref repeated[0] : ref first;
            ref byte b = ref firstRepeats ? ref second : ref repeated[0];
            int aStride = firstRepeats ? 0 : longLength;
            int bStride = firstRepeats ? longLength : 0;
            new Int8BinaryPlane(aStride, bStride, longLength, longRows, longLength)
                .Run<TOperation>(false, ref a, ref b, ref output, in constants);
            int left = (rows - (longRows * copies)) * rowLength;
            if (left > 0)
            {
                new Int8BinaryPlane(0, 0, 0, 1, left).Run<TOperation>(
                    false, ref Unsafe.Add(ref a, longRows * aStride), ref Unsafe.Add(ref b, longRows * bStride),
                    ref Unsafe.Add(ref output, longRows * longLength), in constants);
            }
        }
    }
}
