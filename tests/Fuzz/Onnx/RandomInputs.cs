using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Fuzz.Onnx;

/// <summary>Inputs for models of all element types.</summary>
internal static class RandomInputs
{
    /// <summary>A tensor of small numbers; texts are empty.</summary>
    public static Tensor Of(TensorType type, Random random)
    {
        if (type.Element == ElementType.String)
            return Tensor.Zeros(type);
        // Numbers of trips and indices are small; more would only take longer.
        bool isReal = type.Element.IsFloat() || type.Element.IsNarrowFloat();
        var values = new double[type.Count];
        for (int i = 0; i < values.Length; i++)
            values[i] = isReal ? (random.NextDouble() * 4) - 2 : random.Next(0, 4);
        return NumericCast.Convert(Tensor.Of(values, type.Dimensions.AsSpan()), type.Element) ?? Tensor.Zeros(type);
    }

    /// <summary>The same numbers, real ones with other last digits.</summary>
    public static Tensor Near(Tensor input, Random random)
    {
        if (input.Element is not (ElementType.Float32 or ElementType.Float64))
            return input;
        double[] values = [.. NumericCast.Convert(input, ElementType.Float64)!.Values<double>()];
        for (int i = 0; i < values.Length; i++)
            values[i] *= 1 + ((random.NextDouble() - 0.5) * 2e-6);
        return NumericCast.Convert(Tensor.Of(values, input.Dimensions.AsSpan()), input.Element)!;
    }
}
