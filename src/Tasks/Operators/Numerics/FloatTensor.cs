using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Numerics;

/// <summary>Tensors of any numeric type seen as float32, for operators whose reference arithmetic is float32 only.</summary>
internal static class FloatTensor
{
    /// <summary>The elements as float32; not copied where they are float32 already.</summary>
    public static float[] Values(Tensor tensor) =>
        (NumericCast.Convert(tensor, ElementType.Float32) ?? throw new InvalidOperationException($"{tensor} is not numeric"))
            .Values<float>();

    /// <summary>A tensor of the given type from float32 elements.</summary>
    public static Tensor Of(TensorType type, float[] values) =>
        NumericCast.Convert(new Tensor(type.As(ElementType.Float32), values), type.Element)!;
}
