using System.Runtime.InteropServices;
using System.Text;
using Google.Protobuf;
using OptimizerBuild.Onnx.Schema;

namespace OptimizerBuild.Harness;

/// <summary>Two small networks with seeded weights and data for them, so that the package's tests need no files from elsewhere.</summary>
internal static class TestModels
{
    private const int Features = 16;
    private const int Hidden = 12;
    private const int Classes = 3;
    private const int Side = 12;
    private const int Channels = 8;
    private const int Samples = 64;

    /// <summary>A multi-layer perceptron of 16 features, 12 hidden units and 3 classes.</summary>
    public static byte[] Mlp(int seed = 1)
    {
        var random = new Random(seed);
        return Model(
            [Input("x", 1, Features)],
            [Output("scores", 1, Classes)],
            [
                Node("Gemm", "hidden", ["x", "w1", "b1"], ("transB", 1)),
                Node("Relu", "active", ["hidden"]),
                Node("Gemm", "scores", ["active", "w2", "b2"], ("transB", 1)),
            ],
            [
                Tensor("w1", random, 0.5, Hidden, Features), Tensor("b1", random, 0.1, Hidden),
                Tensor("w2", random, 0.5, Classes, Hidden), Tensor("b2", random, 0.1, Classes),
            ]).ToByteArray();
    }

    /// <summary>A convolutional network on 12×12 images of one channel; its first weights lie in a file of their own.</summary>
    /// <param name="externalFile">The name of that file.</param>
    /// <param name="externalData">Its contents.</param>
    public static byte[] Cnn(string externalFile, out byte[] externalData)
    {
        var random = new Random(2);
        TensorProto first = Tensor("w1", random, 0.5, Channels, 1, 3, 3);
        externalData = first.RawData.ToByteArray();
        first.ClearRawData();
        first.DataLocation = TensorProto.Types.DataLocation.External;
        first.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = externalFile });
        return Model(
            [Input("image", 1, 1, Side, Side)],
            [Output("probabilities", 1, Classes)],
            [
                Node("Conv", "c1", ["image", "w1", "b1"], ("pads", new[] { 1, 1, 1, 1 })),
                Node("Relu", "r1", ["c1"]),
                Node("MaxPool", "p1", ["r1"], ("kernel_shape", new[] { 2, 2 }), ("strides", new[] { 2, 2 })),
                Node("Conv", "c2", ["p1", "w2", "b2"]),
                Node("Relu", "r2", ["c2"]),
                Node("GlobalAveragePool", "g", ["r2"]),
                Node("Flatten", "f", ["g"]),
                Node("Gemm", "logits", ["f", "w3", "b3"], ("transB", 1)),
                Node("Softmax", "probabilities", ["logits"]),
            ],
            [
                first, Tensor("b1", random, 0.1, Channels),
                Tensor("w2", random, 0.3, Channels, Channels, 3, 3), Tensor("b2", random, 0.1, Channels),
                Tensor("w3", random, 0.8, Classes, Channels), Tensor("b3", random, 0.1, Classes),
            ]).ToByteArray();
    }

    /// <summary>
    /// The model of <c>sample-app/sounds</c>: how likely it is that 512 samples are louder than the silence around them. Its state is the
    /// loudness of the silence, which follows falling loudness at once and rising one slowly, and the smoothed answer.
    /// </summary>
    public static byte[] SoundGate() => Model(
        [Input("frame", 1, 512), Input("floor", 1, 1), Input("smooth", 1, 1)],
        [Output("active", 1, 1), Output("floor_next", 1, 1), Output("smooth_next", 1, 1)],
        [
            Node("Mul", "square", ["frame", "frame"]),
            Node("ReduceMean", "power", ["square"], ("axes", new[] { 1 }), ("keepdims", 1)),
            Node("Add", "some_power", ["power", "least_power"]),
            Node("Log", "logarithm", ["some_power"]),
            Node("Mul", "loudness", ["logarithm", "decibels"]),
            Node("Add", "risen", ["floor", "rise"]),
            Node("Min", "floor_next", ["loudness", "risen"]),
            Node("Sub", "above", ["loudness", "floor_next"]),
            Node("Sub", "above_gate", ["above", "gate"]),
            Node("Mul", "logit", ["above_gate", "steepness"]),
            Node("Sigmoid", "now", ["logit"]),
            Node("Mul", "old_part", ["smooth", "keep"]),
            Node("Mul", "new_part", ["now", "take"]),
            Node("Add", "active", ["old_part", "new_part"]),
            Node("Identity", "smooth_next", ["active"]),
        ],
        [
            // 10 / ln 10, half a decibel a second, and a gate of 12 decibels.
            Scalar("least_power", 1e-10f), Scalar("decibels", 4.3429448f), Scalar("rise", 0.016f), Scalar("gate", 12),
            Scalar("steepness", 0.5f), Scalar("keep", 0.6f), Scalar("take", 0.4f),
        ]).ToByteArray();

    /// <summary>Samples for <see cref="Mlp"/> as <c>.npy</c>.</summary>
    public static byte[] MlpSamples() => Npy("<f4", Values(new Random(3), Samples * Features, 1), Samples, Features);

    /// <summary>Labels for <see cref="MlpSamples"/> as <c>.npy</c>: what the float model of a seed says.</summary>
    public static byte[] MlpLabels(int seed = 1)
    {
        var random = new Random(seed);
        float[] w1 = Values(random, Hidden * Features, 0.5), b1 = Values(random, Hidden, 0.1);
        float[] w2 = Values(random, Classes * Hidden, 0.5), b2 = Values(random, Classes, 0.1);
        float[] x = Values(new Random(3), Samples * Features, 1);
        var labels = new long[Samples];
        for (int s = 0; s < Samples; s++)
        {
            float[] hidden = [.. Dense(x.AsSpan(s * Features, Features), w1, b1).Select(v => Math.Max(v, 0))];
            float[] scores = Dense(hidden, w2, b2);
            labels[s] = Array.IndexOf(scores, scores.Max());
        }
        return Npy("<i8", labels, Samples);
    }

    /// <summary>Samples for <see cref="Cnn"/> as <c>.npy</c>.</summary>
    public static byte[] CnnSamples() => Npy("<f4", Values(new Random(4), Samples * Side * Side, 1), Samples, 1, Side, Side);

    /// <summary>An array as <c>.npy</c>, format 1.0.</summary>
    public static byte[] Npy<T>(string type, T[] values, params int[] shape)
        where T : unmanaged
    {
        string header = $"{{'descr': '{type}', 'fortran_order': False, 'shape': ({string.Concat(shape.Select(d => d + ","))}), }}";
        header = header.PadRight(((10 + header.Length + 1 + 63) / 64 * 64) - 11) + "\n";
        byte[] start = [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, (byte)(header.Length >> 8)];
        return [.. start, .. Encoding.ASCII.GetBytes(header), .. MemoryMarshal.AsBytes(values.AsSpan())];
    }

    private static float[] Dense(ReadOnlySpan<float> x, float[] weights, float[] bias)
    {
        var y = new float[bias.Length];
        for (int o = 0; o < y.Length; o++)
        {
            double sum = bias[o];
            for (int i = 0; i < x.Length; i++)
                sum += (double)x[i] * weights[(o * x.Length) + i];
            y[o] = (float)sum;
        }
        return y;
    }

    private static ModelProto Model(ValueInfoProto[] inputs, ValueInfoProto[] outputs, NodeProto[] nodes, TensorProto[] weights)
    {
        var model = new ModelProto { IrVersion = 8, Graph = new GraphProto { Name = "test" } };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
        model.Graph.Input.AddRange(inputs);
        model.Graph.Output.AddRange(outputs);
        model.Graph.Node.AddRange(nodes);
        model.Graph.Initializer.AddRange(weights);
        return model;
    }

    private static NodeProto Node(string type, string output, string[] inputs, params (string Name, object Value)[] attributes)
    {
        var node = new NodeProto { Name = output, OpType = type };
        node.Input.AddRange(inputs);
        node.Output.Add(output);
        foreach ((string name, object value) in attributes)
        {
            var attribute = new AttributeProto { Name = name };
            if (value is int[] list)
            {
                attribute.Type = AttributeProto.Types.AttributeType.Ints;
                attribute.Ints.AddRange(list.Select(v => (long)v));
            }
            else
            {
                attribute.Type = AttributeProto.Types.AttributeType.Int;
                attribute.I = (int)value;
            }
            node.Attribute.Add(attribute);
        }
        return node;
    }

    private static ValueInfoProto Input(string name, params int[] shape) => Output(name, shape);

    private static ValueInfoProto Output(string name, params int[] shape)
    {
        var type = new TypeProto.Types.Tensor { ElemType = 1, Shape = new TensorShapeProto() };
        type.Shape.Dim.AddRange(shape.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = type } };
    }

    private static TensorProto Scalar(string name, float value)
    {
        var tensor = new TensorProto { Name = name, DataType = 1 };
        tensor.RawData = ByteString.CopyFrom(BitConverter.GetBytes(value));
        return tensor;
    }

    private static TensorProto Tensor(string name, Random random, double amplitude, params int[] shape)
    {
        var tensor = new TensorProto { Name = name, DataType = 1 };
        tensor.Dims.AddRange(shape.Select(d => (long)d));
        tensor.RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(Values(random, shape.Aggregate((a, b) => a * b), amplitude).AsSpan()));
        return tensor;
    }

    private static float[] Values(Random random, int count, double amplitude) =>
        [.. Enumerable.Range(0, count).Select(_ => (float)(((random.NextDouble() * 2) - 1) * amplitude))];
}
