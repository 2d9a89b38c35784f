using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>How a quantiser stores weights.</summary>
public enum WeightForm
{
    /// <summary>s8, one scale for each output channel.</summary>
    SignedPerChannel,

    /// <summary>s8, one scale for the tensor, −128 among the integers.</summary>
    SignedPerTensor,

    /// <summary>u8 with the zero point 128.</summary>
    UnsignedCentred,

    /// <summary>u8 with a zero point of each channel between 126 and 129, of which some are s8 less their zero point.</summary>
    UnsignedNearlyCentred,

    /// <summary>u8 with the zero point 40: integers less it need nine bits.</summary>
    UnsignedAsymmetric,
}

/// <summary>
/// Writes networks as static quantisers do, with drawn weights: levels between all layers, in QDQ form, their ranges from drawn samples.
/// </summary>
/// <param name="seed">The random numbers' seed.</param>
/// <param name="levels">The type of the activations: u8 or s8.</param>
/// <param name="weights">How weights are stored.</param>
internal sealed class QuantizedNetwork(int seed, ElementType levels, WeightForm weights)
{
    private readonly Random _random = new(seed);
    private readonly Dictionary<string, (float Scale, int[] Shape)> _values = new(StringComparer.Ordinal);
    private int _count;

    /// <summary>The model so far.</summary>
    public ModelBuilder Model { get; } = new();

    /// <summary>The scale of a value.</summary>
    public float Scale(string value) => _values[value].Scale;

    /// <summary>The dimensions of a value.</summary>
    public int[] Shape(string value) => _values[value].Shape;

    /// <summary>Adds a float input between -1 and 1, rounded to levels.</summary>
    public string Input(params int[] shape)
    {
        string x = Next("input");
        Model.Input(x, [.. shape.Cast<object?>()]);
        return Rounded(x);
    }

    /// <summary>A drawn input for each of the model's.</summary>
    public IReadOnlyList<Tensor> Sample(Random random) => [.. Model.Import().Inputs.Select(i => Draw(random, Model.Import().TypeOf(i)))];

    /// <summary>Adds a convolution with a bias.</summary>
    public string Conv(string x, int outputs, int kernel, int group = 1, int stride = 1, string activation = "", int dilation = 1)
    {
        int[] shape = Shape(x);
        int pad = dilation * (kernel - 1) / 2;
        string w = Weights([outputs, shape[1] / group, kernel, kernel], 0, out float[] scales);
        string b = Bias(outputs, Scale(x), scales);
        string y = Add("Conv", [x, w, b], ("group", group), ("pads", new long[] { pad, pad, pad, pad }),
            ("strides", new long[] { stride, stride }), ("dilations", new long[] { dilation, dilation }));
        return Rounded(activation.Length > 0 ? Add(activation, [y]) : y);
    }

    /// <summary>Adds a dense layer as Gemm with transposed weights.</summary>
    public string Gemm(string x, int outputs, bool rounds = true)
    {
        string w = Weights([outputs, Shape(x)[^1]], 0, out float[] scales);
        string y = Add("Gemm", [x, w, Bias(outputs, Scale(x), scales)], ("transB", 1));
        return rounds ? Rounded(y) : y;
    }

    /// <summary>Adds a dense layer as MatMul and Add.</summary>
    public string MatMul(string x, int outputs)
    {
        string w = Weights([Shape(x)[^1], outputs], 1, out float[] scales);
        return Rounded(Add("Add", [Add("MatMul", [x, w]), Bias(outputs, Scale(x), scales)]));
    }

    /// <summary>Adds any operation on values, rounded to levels of its own.</summary>
    public string Op(string opType, string[] inputs, params (string, object)[] attributes) => Rounded(Add(opType, inputs, attributes));

    /// <summary>Adds an operation whose result keeps the levels of its input, as quantisers give them to movements.</summary>
    public string Move(string opType, string[] inputs, params (string, object)[] attributes)
    {
        string y = Add(opType, inputs, attributes);
        return Rounded(y, Scale(inputs[0]), _zeroPoints[inputs[0]]);
    }

    /// <summary>Adds an operation without levels of its own.</summary>
    public string Add(string opType, string[] inputs, params (string Name, object Value)[] attributes)
    {
        string y = Next(opType);
        Model.Node(opType, string.Join(',', inputs), y, attributes);
        return y;
    }

    /// <summary>A constant list of integers.</summary>
    public string Ints(params long[] values)
    {
        string name = Next("ints");
        Model.Constant(name, Tensor.Of(values, values.Length));
        return name;
    }

    private readonly Dictionary<string, int> _zeroPoints = new(StringComparer.Ordinal);

    // Levels for the range that the value has on some samples.
    private string Rounded(string real)
    {
        Graph graph = With(real);
        var evaluator = new GraphEvaluator(graph);
        var random = new Random(seed + 1);
        float[] values = [.. Enumerable.Range(0, 3).SelectMany(_ =>
            evaluator.Evaluate([.. graph.Inputs.Select(i => Draw(random, graph.TypeOf(i)))])[0].Values<float>())];
        float low = Math.Min(values.Min(), 0), high = Math.Max(values.Max(), 0);
        float scale = Math.Max((high - low) / 255, 1e-3f);
        int least = levels == ElementType.Int8 ? sbyte.MinValue : 0;
        return Rounded(real, scale, (int)Math.Clamp(Math.Round(least - (low / scale)), least, least + 255));
    }

    private string Rounded(string real, float scale, int zeroPoint)
    {
        string s = Next("scale"), z = Next("zero_point"), q = Next("levels"), y = Next("value");
        Model.Constant(s, Tensor.Scalar(scale));
        Model.Constant(z, levels == ElementType.Int8 ? Tensor.Scalar((sbyte)zeroPoint) : Tensor.Scalar((byte)zeroPoint));
        Model.Node("QuantizeLinear", $"{real},{s},{z}", q).Node("DequantizeLinear", $"{q},{s},{z}", y);
        _values[y] = (scale, [.. With(y).TypeOf(y).Dimensions]);
        _zeroPoints[y] = zeroPoint;
        return y;
    }

    private Graph With(string output)
    {
        var model = new ModelBuilder { Model = { Graph = Model.Model.Graph.Clone() } };
        return model.Output(output).Import();
    }

    private string Weights(int[] shape, int axis, out float[] scales)
    {
        string q = Next("weights"), s = Next("scale"), w = Next("weights_real");
        int channels = shape[axis], count = Shapes.Count(shape), inner = Shapes.Count(shape.AsSpan()[(axis + 1)..]);
        float size = (float)(1 / Math.Sqrt((double)count / channels) / 70);
        bool single = weights is WeightForm.SignedPerTensor or WeightForm.UnsignedCentred or WeightForm.UnsignedAsymmetric;
        scales = [.. Enumerable.Range(0, channels).Select(_ => size * (single ? 1 : 0.5f + _random.NextSingle()))];
        Model.Constant(s, single ? Tensor.Scalar(scales[0]) : Tensor.Of(scales, channels));
        int[] integers = [.. Enumerable.Range(0, count).Select(_ =>
            weights == WeightForm.UnsignedAsymmetric ? _random.Next(-40, 216)
                : _random.Next(weights == WeightForm.SignedPerTensor ? -128 : -126, 127))];
        string inputs = $"{q},{s}";
        if (weights is WeightForm.SignedPerChannel or WeightForm.SignedPerTensor)
        {
            Model.Constant(q, Tensor.Of(Array.ConvertAll(integers, i => (sbyte)i), shape));
        }
        else
        {
            string z = Next("zero_point");
            byte[] zeroPoints = [.. Enumerable.Range(0, single ? 1 : channels).Select(c =>
                (byte)(weights == WeightForm.UnsignedAsymmetric ? 40 : single ? 128 : 126 + (c % 4)))];
            Model.Constant(z, single ? Tensor.Scalar(zeroPoints[0]) : Tensor.Of(zeroPoints, channels));
            Model.Constant(q, Tensor.Of([.. integers.Select((v, i) => (byte)(v + zeroPoints[single ? 0 : i / inner % channels]))], shape));
            inputs += "," + z;
        }
        Model.Node("DequantizeLinear", inputs, w, ("axis", axis));
        return w;
    }

    private string Bias(int channels, float inputScale, float[] scales)
    {
        string q = Next("bias"), s = Next("scale"), b = Next("bias_real");
        Model.Constant(q, Tensor.Of([.. Enumerable.Range(0, channels).Select(_ => _random.Next(-3000, 3000))], channels));
        Model.Constant(s, Tensor.Of([.. scales.Select(w => w * inputScale)], channels));
        Model.Node("DequantizeLinear", $"{q},{s}", b, ("axis", 0));
        return b;
    }

    private static Tensor Draw(Random random, TensorType type) => type.Element switch
    {
        ElementType.UInt8 => new(type, Enumerable.Range(0, type.Count).Select(_ => (byte)random.Next(256)).ToArray()),
        ElementType.Int8 => new(type, Enumerable.Range(0, type.Count).Select(_ => (sbyte)random.Next(-128, 128)).ToArray()),
        _ => new(type, Enumerable.Range(0, type.Count).Select(_ => (random.NextSingle() * 2) - 1).ToArray()),
    };

    private string Next(string stem) => $"{stem.ToLowerInvariant()}{_count++}";
}
