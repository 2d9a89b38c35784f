namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>The greatest bytes over a grid of runs, each position of a run for itself.</summary>
internal static class ByteMaximum
{
    /// <summary>Reduces [rows][columns] runs of adjacent bytes to one run; without any run, to zeros.</summary>
    /// <param name="source">The first run.</param>
    /// <param name="rows">Rows of runs.</param>
    /// <param name="rowStep">Bytes from one row to the next.</param>
    /// <param name="columns">Runs of a row.</param>
    /// <param name="columnStep">Bytes from one run of a row to the next.</param>
    /// <param name="output">Receives the run.</param>
    /// <param name="length">Bytes of a run.</param>
    public static void Reduce(
        bool isStarting, ref byte source, int rows, int rowStep, int columns, int columnStep, ref byte output, int length)
    {
        if (isStarting)
            OneByOne(ref source, rows, rowStep, columns, columnStep, ref output, length);
        else
            Vectors(ref source, rows, rowStep, columns, columnStep, ref output, length);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Vectors(ref byte source, int rows, int rowStep, int columns, int columnStep, ref byte output, int length)
    {
        unchecked
        {
            int i = 0;
            if (Vector256.IsHardwareAccelerated)
            {
                for (; length - i >= 32; i += 32)
                {
                    Vector256<byte> greatest = default;
                    for (int y = 0; y < rows; y++)
                    {
                        ref byte run = ref Unsafe.Add(ref source, (y * rowStep) + i);
                        for (int x = 0; x < columns; x++)
                        {
                            greatest = Vector256.Max(greatest, Vector256.LoadUnsafe(ref run));
                            run = ref Unsafe.Add(ref run, columnStep);
                        }
                    }

                    greatest.StoreUnsafe(ref Unsafe.Add(ref output, i));
                }
            }

            if (Vector128.IsHardwareAccelerated)
            {
                for (; i < length; i += 16)
                {
                    Vector128<byte> greatest = default;
                    for (int y = 0; y < rows; y++)
                    {
                        ref byte run = ref Unsafe.Add(ref source, (y * rowStep) + i);
                        for (int x = 0; x < columns; x++)
                        {
                            greatest = Vector128.Max(greatest, Vector128.LoadUnsafe(ref run));
                            run = ref Unsafe.Add(ref run, columnStep);
                        }
                    }

                    PartialStore.Bytes(greatest, ref Unsafe.Add(ref output, i), length - i);
                }

                return;
            }

            OneByOne(ref source, rows, rowStep, columns, columnStep, ref output, length);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneByOne(ref byte source, int rows, int rowStep, int columns, int columnStep, ref byte output, int length)
    {
        unchecked
        {
            for (int i = 0; i < length; i++)
            {
                byte greatest = 0;
                for (int y = 0; y < rows; y++)
                {
                    for (int x = 0; x < columns; x++)
                    {
                        byte value = Unsafe.Add(ref source, (y * rowStep) + (x * columnStep) + i);
                        greatest = value > greatest ? value : greatest;
                    }
                }

                Unsafe.Add(ref output, i) = greatest;
            }
        }
    }
}
