namespace OptimizerBuild.Kernels;

using global::System.Numerics;

/// <summary>A kernel that is generic over the element type; an instance holds its arguments.</summary>
internal interface INumericKernel
{
    /// <summary>Runs the kernel on elements of a type.</summary>
    /// <typeparam name="T">The type.</typeparam>
    void Run<T>()
        where T : unmanaged, INumber<T>;
}

/// <summary>Chooses the instance of a kernel by the number of the element type.</summary>
internal static class NumericKernel
{
    /// <summary>Runs the kernel on elements of a type; booleans are bytes.</summary>
    /// <typeparam name="TKernel">The kernel.</typeparam>
    /// <param name="kernel">The kernel with its arguments.</param>
    /// <param name="elementType">The element type, a number of <see cref="NumericType"/>.</param>
    public static void Run<TKernel>(TKernel kernel, int elementType)
        where TKernel : struct, INumericKernel
    {
        switch (elementType)
        {
            case NumericType.UInt8:
            case NumericType.Bool:
                kernel.Run<byte>();
                break;
            case NumericType.Int8:
                kernel.Run<sbyte>();
                break;
            case NumericType.UInt16:
                kernel.Run<ushort>();
                break;
            case NumericType.Int16:
                kernel.Run<short>();
                break;
            case NumericType.Int32:
                kernel.Run<int>();
                break;
            case NumericType.UInt32:
                kernel.Run<uint>();
                break;
            case NumericType.Int64:
                kernel.Run<long>();
                break;
            case NumericType.UInt64:
                kernel.Run<ulong>();
                break;
            case NumericType.Float16:
                kernel.Run<global::System.Half>();
                break;
            case NumericType.Float64:
                kernel.Run<double>();
                break;
            default:
                kernel.Run<float>();
                break;
        }
    }
}
