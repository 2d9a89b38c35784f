using OptimizerBuild.Export;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Bench.Models;

/// <summary>
/// ResNet-18 for 224×224 pixels (K. He et al., "Deep Residual Learning for Image Recognition", arXiv 1512.03385, table 1) of random
/// weights, batch norms folded: what it computes means nothing, but its layers are those that the time of residual networks goes to.
/// </summary>
internal static class ResidualNetwork
{
    /// <summary>The model's name.</summary>
    public const string Name = "resnet18";

    /// <summary>The dimensions of a sample.</summary>
    public static IReadOnlyList<int> Input { get; } = [3, 224, 224];

    private const int Seed = 20151210;
    private const int Classes = 1000;

    /// <summary>Writes the model to a file, the same bytes each time.</summary>
    public static void Write(string path)
    {
        var random = new Random(Seed);
        var model = new OnnxModelBuilder(Name);
        foreach (string name in (string[])["image", "scores"])
            model.Reserve(name);
        model.Input("image", TensorType.Float32([1, .. Input]));
        string x = Relu(Convolution("image", 3, 64, window: 7, stride: 2));
        x = model.Add("pool", "MaxPool", [x], Ints("kernel_shape", 3, 3), Ints("strides", 2, 2), Ints("pads", 1, 1, 1, 1));
        int inputs = 64;
        foreach (int outputs in (int[])[64, 128, 256, 512])
        {
            for (int block = 0; block < 2; block++)
            {
                int stride = inputs == outputs ? 1 : 2;
                string shortcut = inputs == outputs ? x : Convolution(x, inputs, outputs, window: 1, stride);
                string y = Relu(Convolution(x, inputs, outputs, window: 3, stride));
                x = Relu(model.Add("add", "Add", [Convolution(y, outputs, outputs, window: 3, stride: 1), shortcut]));
                inputs = outputs;
            }
        }
        x = model.Add("flat", "Flatten", [model.Add("mean", "GlobalAveragePool", [x])]);
        x = model.Add("dense", "Gemm", [x, Weights("w", Classes, inputs), Weights("b", Classes)],
            ("transB", new AttributeValue.Int(1)));
        model.Output("scores", TensorType.Float32(1, Classes), x);
        File.WriteAllBytes(path, model.ToBytes());

        string Relu(string value) => model.Add("relu", "Relu", [value]);

        string Convolution(string value, int from, int to, int window, int stride) => model.Add(
            "conv", "Conv", [value, Weights("w", to, from, window, window), Weights("b", to)],
            Ints("kernel_shape", window, window), Ints("strides", stride, stride), Ints("pads", [.. Enumerable.Repeat(window / 2, 4)]));

        // Half the variance at which a rectified layer keeps its input's, since two branches are added.
        string Weights(string stem, params int[] dimensions)
        {
            TensorType type = TensorType.Float32(dimensions);
            double scale = Math.Sqrt(1.0 / (dimensions.Length == 1 ? 100 : type.Count / dimensions[0]));
            var values = new float[type.Count];
            for (int i = 0; i < values.Length; i++)
                values[i] = (float)(scale * Normal(random));
            return model.Constant(stem, new Tensor(type, values));
        }
    }

    // The sum of twelve uniform numbers less 6 has the mean 0 and the variance 1.
    private static double Normal(Random random)
    {
        double sum = -6;
        for (int i = 0; i < 12; i++)
            sum += random.NextDouble();
        return sum;
    }

    private static (string Name, AttributeValue Value) Ints(string name, params int[] values) =>
        (name, new AttributeValue.Ints([.. values.Select(v => (long)v)]));
}
