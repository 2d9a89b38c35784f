namespace OptimizerBuild.Kernels;

/// <summary>
/// Element types as the generic kernels take them in their <c>elementType</c> arguments, numbered as in the ONNX specification.
/// </summary>
internal static class NumericType
{
    public const int Float32 = 1;
    public const int UInt8 = 2;
    public const int Int8 = 3;
    public const int UInt16 = 4;
    public const int Int16 = 5;
    public const int Int32 = 6;
    public const int Int64 = 7;
    public const int Bool = 9;
    public const int Float16 = 10;
    public const int Float64 = 11;
    public const int UInt32 = 12;
    public const int UInt64 = 13;
}
