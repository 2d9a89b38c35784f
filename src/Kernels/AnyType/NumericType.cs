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

    // The narrow types, of which the arena holds the raw bits (see NarrowFormat).
    public const int BFloat16 = 16;
    public const int Float8E4M3FN = 17;
    public const int Float8E4M3FNUZ = 18;
    public const int Float8E5M2 = 19;
    public const int Float8E5M2FNUZ = 20;
    public const int UInt4 = 21;
    public const int Int4 = 22;
    public const int Float4E2M1 = 23;
    public const int Float8E8M0 = 24;
    public const int UInt2 = 25;
    public const int Int2 = 26;
}
