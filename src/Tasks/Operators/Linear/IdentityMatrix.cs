using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Linear;

/// <summary>Matrices that change nothing, as exporters write them where an operator asks for weights.</summary>
internal static class IdentityMatrix
{
    /// <summary>Whether a constant is a square matrix of ones on its diagonal and zeros elsewhere.</summary>
    public static bool Is(Tensor? constant)
    {
        if (constant is not { Element: ElementType.Float32, Rank: 2 } || constant.Dimensions[0] != constant.Dimensions[1])
            return false;
        float[] values = constant.Values<float>();
        int size = constant.Dimensions[0];
        for (int i = 0; i < values.Length; i++)
            if (values[i] != (i % (size + 1) == 0 ? 1 : 0))
                return false;
        return true;
    }

    /// <summary>Whether a constant holds nothing but zeros.</summary>
    public static bool IsZero(Tensor? constant) =>
        constant is { Element: ElementType.Float32 } && constant.Values<float>().All(v => v == 0);
}
