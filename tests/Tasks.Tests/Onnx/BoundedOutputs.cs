using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Onnx;

/// <summary>Outputs of which only the first places along an axis count, as other runtimes give them.</summary>
internal static class BoundedOutputs
{
    /// <summary>The outputs without those places that do not count and without the lengths that tell them.</summary>
    /// <param name="names">The names of the outputs.</param>
    /// <param name="outputs">The outputs.</param>
    /// <param name="expected">What other runtimes give, for the axes: that whose extent differs.</param>
    public static Tensor[] Cut(IReadOnlyList<string> names, IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor> expected)
    {
        var result = new List<Tensor>();
        for (int i = 0; i < outputs.Count; i++)
        {
            if (i + 1 < outputs.Count && names[i + 1] == names[i] + ".length")
            {
                result.Add(Cut(outputs[i], (int)outputs[i + 1].Values<long>()[0], expected[Math.Min(result.Count, expected.Count - 1)]));
                i++;
            }
            else
            {
                result.Add(outputs[i]);
            }
        }
        return [.. result];
    }

    private static Tensor Cut(Tensor output, int length, Tensor expected)
    {
        int axis = Enumerable.Range(0, output.Rank).FirstOrDefault(d => output.Dimensions[d] != expected.Dimensions[d]);
        if (output.Rank == 0 || length >= output.Dimensions[axis])
            return output;
        Tensor cut = Tensor.Zeros(new TensorType(output.Element, output.Dimensions.SetItem(axis, length)));
        ReadOnlySpan<int> dimensions = cut.Dimensions.AsSpan();
        TensorMove.Copy(output, 0, Shapes.Strides(output.Dimensions.AsSpan()), cut, 0, Shapes.Strides(dimensions), dimensions);
        return cut;
    }
}
