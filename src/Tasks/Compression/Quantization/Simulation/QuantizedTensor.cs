using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Compression.Quantization.Simulation;

/// <summary>A tensor of integers together with what they stand for.</summary>
/// <param name="Values">The integers, in row-major order.</param>
/// <param name="Dimensions">The dimensions.</param>
/// <param name="Quantization">Scale and zero point.</param>
internal sealed record QuantizedTensor(int[] Values, int[] Dimensions, ActivationQuantization Quantization)
{
    /// <summary>
    /// Quantises a float32 tensor: to u8 as docs/arithmetic.md, "Between float and integer", says. Nothing in a quantised graph turns
    /// floats into s32; where a node is measured by itself, s32 inputs are the nearest ones.
    /// </summary>
    public static QuantizedTensor Of(Tensor tensor, ActivationQuantization quantization)
    {
        if (quantization.Type == ActivationType.S32)
            return new(
                Array.ConvertAll(tensor.Values<float>(), x =>
                    (int)Math.Clamp(Math.Round(float.IsNaN(x) ? 0 : x / quantization.Scale), int.MinValue, int.MaxValue)),
                [.. tensor.Dimensions],
                quantization);
        return new(
            Array.ConvertAll(NearestLevels.Of(tensor.Values<float>(), quantization), q => (int)q), [.. tensor.Dimensions], quantization);
    }

    /// <summary>The real values: one conversion and one float32 multiplication each.</summary>
    public Tensor ToFloat()
    {
        float scale = (float)Quantization.Scale;
        int zeroPoint = Quantization.ZeroPoint;
        return Tensor.Of(Array.ConvertAll(Values, q => (q - zeroPoint) * scale), Dimensions);
    }
}
