namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>Rows of two operands and their outputs: how far elements and rows are apart, in bytes, and the loop over them.</summary>
internal readonly struct Int8BinaryPlane
{
    private readonly int _firstStep;
    private readonly int _firstRowStride;
    private readonly int _secondStep;
    private readonly int _secondRowStride;
    private readonly int _outputStep;
    private readonly int _outputRowStride;
    private readonly int _rows;
    private readonly int _rowLength;

    /// <summary>Rows whose elements are some bytes apart; 0 where all elements of a row are one.</summary>
    public Int8BinaryPlane(
        int firstStep,
        int firstRowStride,
        int secondStep,
        int secondRowStride,
        int outputStep,
        int outputRowStride,
        int rows,
        int rowLength)
    {
        _firstStep = firstStep;
        _firstRowStride = firstRowStride;
        _secondStep = secondStep;
        _secondRowStride = secondRowStride;
        _outputStep = outputStep;
        _outputRowStride = outputRowStride;
        _rows = rows;
        _rowLength = rowLength;
    }

    /// <summary>Rows of adjacent elements.</summary>
    public Int8BinaryPlane(int firstRowStride, int secondRowStride, int outputRowStride, int rows, int rowLength)
        : this(1, firstRowStride, 1, secondRowStride, 1, outputRowStride, rows, rowLength)
    {
    }

    /// <summary>Carries an operation out for all elements, one by one on the start-up path.</summary>
    public void Run<TOperation>(bool isStarting, ref byte first, ref byte second, ref byte output, in Int8BinaryConstants constants)
        where TOperation : struct, IInt8BinaryOperation
    {
        if (isStarting)
            Scalar<TOperation>(ref first, ref second, ref output, in constants);
        else
            OnPath<TOperation>(ref first, ref second, ref output, in constants);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void OnPath<TOperation>(ref byte first, ref byte second, ref byte output, in Int8BinaryConstants constants)
        where TOperation : struct, IInt8BinaryOperation
    {
        bool vectors = (uint)_firstStep <= 1 && (uint)_secondStep <= 1 && _outputStep == 1 && TOperation.HasVectors(in constants);
        if (vectors && ByteLanes.Has512 && _rowLength > ByteLanes256.Count)
            Vectors<TOperation, ByteLanes512, Vector512<byte>>(ref first, ref second, ref output, in constants);
        else if (vectors && ByteLanes.Has256 && _rowLength > ByteLanes128.Count)
            Vectors<TOperation, ByteLanes256, Vector256<byte>>(ref first, ref second, ref output, in constants);
        else if (vectors && ByteLanes.Has128)
            Vectors<TOperation, ByteLanes128, Vector128<byte>>(ref first, ref second, ref output, in constants);
        else
            Scalar<TOperation>(ref first, ref second, ref output, in constants);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Vectors<TOperation, TLanes, TVector>(ref byte first, ref byte second, ref byte output, in Int8BinaryConstants constants)
        where TOperation : struct, IInt8BinaryOperation
        where TLanes : struct, IByteLanes<TVector>
        where TVector : struct
    {
        unchecked
        {
            Int8BinaryVectors<TVector> vectors = TOperation.Prepare<TLanes, TVector>(in constants);
            TVector zeros = TLanes.Repeat((constants.SecondZeroPoint << 16) + constants.FirstZeroPoint);
            TVector zeroPoint = TLanes.Repeat((short)constants.Requantization.ZeroPoint);
            TVector least = TLanes.Repeat((byte)constants.Requantization.Minimum);
            TVector greatest = TLanes.Repeat((byte)constants.Requantization.Maximum);
            int length = _rowLength;
            bool isFirstAdjacent = _firstStep != 0;
            bool isSecondAdjacent = _secondStep != 0;
            for (int row = 0; row < _rows; row++)
            {
                ref byte from = ref Unsafe.Add(ref first, row * _firstRowStride);
                ref byte with = ref Unsafe.Add(ref second, row * _secondRowStride);
                ref byte to = ref Unsafe.Add(ref output, row * _outputRowStride);
                TVector a = TLanes.Repeat(from);
                TVector b = TLanes.Repeat(with);
                for (int i = 0; i < length; i += TLanes.Count)
                {
                    if (isFirstAdjacent)
                        a = TLanes.Load(ref Unsafe.Add(ref from, i));
                    if (isSecondAdjacent)
                        b = TLanes.Load(ref Unsafe.Add(ref with, i));
                    TVector low = TLanes.InterleaveLow(a, b);
                    TVector high = TLanes.InterleaveHigh(a, b);
                    TVector q0 = TOperation.Apply<TLanes, TVector>(TLanes.Subtract16(TLanes.WidenLow(low), zeros), in vectors);
                    TVector q1 = TOperation.Apply<TLanes, TVector>(TLanes.Subtract16(TLanes.WidenHigh(low), zeros), in vectors);
                    TVector q2 = TOperation.Apply<TLanes, TVector>(TLanes.Subtract16(TLanes.WidenLow(high), zeros), in vectors);
                    TVector q3 = TOperation.Apply<TLanes, TVector>(TLanes.Subtract16(TLanes.WidenHigh(high), zeros), in vectors);

                    // What saturates here is beyond every bound, with and without the zero point.
                    TVector lower = TLanes.AddSaturate16(TLanes.Narrow32(q0, q1), zeroPoint);
                    TVector upper = TLanes.AddSaturate16(TLanes.Narrow32(q2, q3), zeroPoint);
                    TVector bytes = TLanes.Clamp(TLanes.Narrow16(lower, upper), least, greatest);
                    if (length - i >= TLanes.Count)
                        TLanes.Store(bytes, ref Unsafe.Add(ref to, i));
                    else
                        TLanes.Store(bytes, ref Unsafe.Add(ref to, i), length - i);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Scalar<TOperation>(ref byte first, ref byte second, ref byte output, in Int8BinaryConstants constants)
        where TOperation : struct, IInt8BinaryOperation
    {
        unchecked
        {
            for (int row = 0; row < _rows; row++)
            {
                for (int i = 0; i < _rowLength; i++)
                {
                    Unsafe.Add(ref output, (row * _outputRowStride) + (i * _outputStep)) = (byte)TOperation.Apply(
                        Unsafe.Add(ref first, (row * _firstRowStride) + (i * _firstStep)) - constants.FirstZeroPoint,
                        Unsafe.Add(ref second, (row * _secondRowStride) + (i * _secondStep)) - constants.SecondZeroPoint,
                        in constants);
                }
            }
        }
    }
}
