using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Lowering;

/// <summary>Quantises constants and tables at build time by the rules that the kernels follow at run time.</summary>
internal static class ConstantQuantizer
{
    /// <summary>A float32 constant as u8 (docs/arithmetic.md, Between float and integer).</summary>
    public static byte[] ToUInt8(Tensor constant, ActivationQuantization quantization)
    {
        float inverse = 1f / (float)quantization.Scale;
        return Array.ConvertAll(constant.Values<float>(), v => Quantize.Single(v, inverse, quantization.ZeroPoint));
    }

    /// <summary>The level nearest to a real number, half up; also for infinite ones.</summary>
    public static int Level(ActivationQuantization quantization, double real) => double.IsNaN(real)
        ? quantization.ZeroPoint
        : (int)Math.Clamp(Math.Floor((real / quantization.Scale) + 0.5) + quantization.ZeroPoint, 0, 255);

    /// <summary>The levels between which a fused activation keeps the outputs.</summary>
    public static (int Minimum, int Maximum) ActivationLevels(Node node, ActivationQuantization output)
    {
        (float lower, float upper) = node.ActivationBounds();
        int minimum = Level(output, lower);
        return (minimum, Math.Max(minimum, Level(output, upper)));
    }
}
