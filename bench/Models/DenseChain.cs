using OptimizerBuild.Export;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Bench.Models;

/// <summary>
/// Dense layers of 1,024 by 1,024 random weights with ReLU between them, as many as are asked for: every layer costs a build the same, so
/// that what grows faster than their number does so by itself.
/// </summary>
internal static class DenseChain
{
    /// <summary>Inputs and outputs of every layer.</summary>
    public const int Width = 1024;

    private const int Seed = 20261201;

    /// <summary>Writes a model to a file, the same bytes each time.</summary>
    /// <param name="path">The file.</param>
    /// <param name="layers">How many layers.</param>
    public static void Write(string path, int layers)
    {
        var random = new Random(Seed);
        var model = new OnnxModelBuilder("chain");
        foreach (string name in (string[])["values", "results"])
            model.Reserve(name);
        model.Input("values", TensorType.Float32(1, Width));
        string x = "values";
        for (int layer = 0; layer < layers; layer++)
        {
            if (layer > 0)
                x = model.Add("relu", "Relu", [x]);
            x = model.Add("dense", "Gemm", [x, Weights(Width, Width), Weights(Width)], ("transB", new AttributeValue.Int(1)));
        }
        model.Output("results", TensorType.Float32(1, Width), x);
        File.WriteAllBytes(path, model.ToBytes());

        // Uniform weights of the variance 2 in Width keep a rectified layer's power (K. He et al. 2015, arXiv 1502.01852, section 2.2).
        string Weights(params int[] dimensions)
        {
            TensorType type = TensorType.Float32(dimensions);
            double reach = dimensions.Length == 1 ? 0.1 : Math.Sqrt(6.0 / Width);
            var values = new float[type.Count];
            for (int i = 0; i < values.Length; i++)
                values[i] = (float)(reach * ((2 * random.NextDouble()) - 1));
            return model.Constant("w", new Tensor(type, values));
        }
    }
}
