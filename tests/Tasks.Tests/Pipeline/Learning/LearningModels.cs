using Google.Protobuf;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Options;

namespace OptimizerBuild.Pipeline.Learning;

/// <summary>Small models of random weights in files, and samples for them.</summary>
internal sealed class LearningModels : IDisposable
{
    /// <summary>The length of the input.</summary>
    public const int Width = 24;

    /// <summary>The number of outputs.</summary>
    public const int Classes = 6;

    private readonly DataFiles _files = new();

    /// <summary>The folder of all files.</summary>
    public string Folder => _files.Folder;

    /// <summary>Writes samples without labels as <c>x.npy</c>.</summary>
    public LearningModels Samples(int count, int seed = 3, string name = "x.npy")
    {
        var random = new Random(seed);
        _files.Write(name, DataFiles.Npy(Uniform(random, count * Width), "<f4", $"({count}, {Width})"));
        return this;
    }

    /// <summary>Writes a network with two hidden layers.</summary>
    /// <param name="name">The file's name.</param>
    /// <param name="hidden">The units of its first hidden layer; the second one has half of them.</param>
    /// <param name="seed">Where its weights come from.</param>
    /// <param name="softmax">Whether its output is probabilities.</param>
    /// <param name="outputs">The number of its outputs.</param>
    /// <param name="names">Names of its input, its hidden values and its output.</param>
    public string Network(string name, int hidden, int seed, bool softmax = false, int outputs = Classes,
        (string Input, string Hidden, string Output)? names = null)
    {
        (string x, string h, string y) = names ?? ("x", "h", "y");
        var random = new Random(seed);
        ModelBuilder model = new ModelBuilder().Input(x, "n", Width);
        Dense(model, random, x, h + "a", Width, hidden, relu: true);
        Dense(model, random, h + "a", h, hidden, hidden / 2, relu: true);
        Dense(model, random, h, softmax ? h + "s" : y, hidden / 2, outputs, relu: false);
        if (softmax)
            model.Node("Softmax", h + "s", y, ("axis", -1));
        _files.Write(name, model.Output(y).Bytes);
        return Path.Combine(Folder, name);
    }

    /// <summary>Writes a network of residual blocks, h + V·relu(U·h), between two layers.</summary>
    /// <param name="name">The file's name.</param>
    /// <param name="sizes">For each block how large what it adds is.</param>
    /// <param name="rectified">Whether each sum goes through a rectifier.</param>
    public string Residual(string name, float[] sizes, bool rectified = false)
    {
        const int Hidden = 16;
        var random = new Random(5);
        ModelBuilder model = new ModelBuilder().Input("x", "n", Width);
        Dense(model, random, "x", "h0", Width, Hidden, relu: true);
        for (int b = 0; b < sizes.Length; b++)
        {
            string end = $"h{b + 1}", sum = rectified ? end + "_before" : end;
            Dense(model, random, $"h{b}", $"u{b}", Hidden, Hidden, relu: true);
            Dense(model, random, $"u{b}", $"v{b}", Hidden, Hidden, relu: false);
            model.Constant($"size{b}", Tensor.Scalar(sizes[b])).Node("Mul", $"v{b},size{b}", $"s{b}").Node("Add", $"h{b},s{b}", sum);
            if (rectified)
                model.Node("Relu", sum, end);
        }
        Dense(model, random, $"h{sizes.Length}", "y", Hidden, Classes, relu: false);
        _files.Write(name, model.Output("y").Bytes);
        return Path.Combine(Folder, name);
    }

    /// <summary>Copies a model of the folder to another one, with its weights in files of their own beside it.</summary>
    /// <param name="name">The model's name.</param>
    /// <param name="to">The copy's name.</param>
    public string WithWeightsBeside(string name, string to)
    {
        ModelProto model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(Path.Combine(Folder, name)));
        string folder = Path.GetDirectoryName(Path.Combine(Folder, to))!;
        Directory.CreateDirectory(Path.Combine(folder, "weights"));
        foreach (TensorProto weights in model.Graph.Initializer.Where(t => t.RawData.Length > 0 && t.Dims.Count > 1))
        {
            string file = $"weights/{weights.Name}.bin";
            File.WriteAllBytes(Path.Combine(folder, file), weights.RawData.ToByteArray());
            weights.ClearRawData();
            weights.DataLocation = TensorProto.Types.DataLocation.External;
            weights.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = file });
        }
        File.WriteAllBytes(Path.Combine(Folder, to), model.ToByteArray());
        return Path.Combine(Folder, to);
    }

    /// <summary>Writes a file.</summary>
    public string Write(string name, byte[] bytes) => Path.Combine(Folder, _files.Write(name, bytes));

    /// <summary>The options of a model in the folder, which learns from <c>x.npy</c>.</summary>
    public ModelOptions Options(string model) => new()
    {
        ModelPath = Path.Combine(Folder, model), Name = "m", ClassName = "M", CalibrationData = new("x.npy", Folder), RecoverySteps = 200,
    };

    /// <inheritdoc/>
    public void Dispose() => _files.Dispose();

    private static void Dense(ModelBuilder model, Random random, string input, string output, int length, int units, bool relu)
    {
        float scale = (float)(Math.Sqrt(3) * Math.Sqrt(relu ? 2.0 / length : 1.0 / length));
        string sums = relu ? output + "_sums" : output;
        model.Constant(output + "_w", Tensor.Of(Uniform(random, length * units, scale), length, units))
            .Constant(output + "_b", Tensor.Of(Uniform(random, units, 0.2f), units))
            .Node("Gemm", $"{input},{output}_w,{output}_b", sums);
        if (relu)
            model.Node("Relu", sums, output);
    }

    private static float[] Uniform(Random random, int count, float scale = 1) =>
        [.. Enumerable.Range(0, count).Select(_ => ((random.NextSingle() * 2) - 1) * scale)];
}
