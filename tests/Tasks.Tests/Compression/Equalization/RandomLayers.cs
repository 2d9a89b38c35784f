using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Compression.Equalization;

/// <summary>
/// A random graph of layers whose channels have ranges far apart, and between them nodes of all kinds: those that hand factors and
/// offsets on, those that do in some of their forms, and those that do not.
/// </summary>
internal sealed class RandomLayers
{
    private const int MostElements = 2048;

    private static readonly string[] Functions =
        ["Relu", "Relu", "Relu", "LeakyRelu", "LeakyRelu", "Identity", "Sigmoid", "Tanh", "HardSwish", "Abs", "Softmax", "Clip"];

    private readonly FloatGraph _g = new();
    private readonly Random _random;
    private readonly List<(string Name, int[] Shape)> _values = [];
    private readonly List<(string Name, int[] Shape)> _weights = [];
    private readonly HashSet<string> _read = [];
    private int _count;

    /// <summary>Makes a graph.</summary>
    public RandomLayers(int seed)
    {
        _random = new(seed);
        _values.Add((_g.Input("x", 1, 4, 4, 3), [1, 4, 4, 3]));
        _values.Add((_g.Input("z", 1, 6), [1, 6]));
        Layer();
        for (int steps = _random.Next(6, 16); steps > 0; steps--)
            Step();
        // Nearly all that nothing reads is read by a layer, and what these give are the outputs, with a value in between at times.
        var outputs = new List<string>();
        foreach ((string name, int[] shape) in _values.Where(v => !_read.Contains(v.Name)).ToArray())
            outputs.Add(shape.Length < 2 || Chance(8) ? name : MatMul((name, shape), 3));
        if (Chance(4))
            outputs.Add(Pick().Name);
        Graph = _g.Build([.. outputs.Where(o => o is not ("x" or "z")).Distinct()]);
    }

    /// <summary>The graph.</summary>
    public Graph Graph { get; }

    private bool Chance(int of) => _random.Next(of) == 0;

    // Mostly what has been made last, so that chains are long.
    private (string Name, int[] Shape) Pick() => Chance(4) ? _values[_random.Next(_values.Count)] : _values[^1];

    private string Name() => FormattableString.Invariant($"v{_count++}_");

    private string Noise(params int[] shape) => _g.Noise(Name() + ".c", 1, shape);

    private string Add(string op, string[] inputs, Func<Node, Node>? attributes = null, int outputs = 1)
    {
        string name = Name();
        _g.Add(name, op, inputs, attributes, outputs);
        Graph soFar = _g.Build();
        _read.UnionWith(inputs);
        for (int i = 0; i < outputs; i++)
        {
            string output = i == 0 ? name : name + i;
            _values.Add((output, [.. soFar.TypeOf(output).Dimensions]));
        }
        return name;
    }

    private void Step()
    {
        switch (_random.Next(14))
        {
            case 0 or 1 or 2:
                Layer();
                break;
            case 3 or 4:
                Function();
                break;
            case 5 or 6:
                WithConstant();
                break;
            case 7 or 8:
                WithValue();
                break;
            case 9:
                Pool();
                break;
            case 10:
                Reduce();
                break;
            case 11:
                Reshape();
                break;
            default:
                Move();
                break;
        }
    }

    private void Layer()
    {
        (string Name, int[] Shape) x = Pick();
        if (x.Shape.Length == 4 && !Chance(4))
            Convolution(x);
        else if (x.Shape.Length == 2 && x.Shape[0] == 1 && !Chance(4))
            Gemm(x);
        else if (x.Shape.Length >= 2)
            MatMul(x, 2 * _random.Next(1, 5));
    }

    // Channels a thousandth of others, some without any weights; at times those of another layer.
    private string Weights(int[] shape, int outputAxis)
    {
        if (Chance(4) && _weights.FirstOrDefault(w => w.Shape.SequenceEqual(shape)) is { Name: not null } shared)
            return shared.Name;
        int inner = Shapes.Count(shape.AsSpan()[(outputAxis + 1)..]), count = Shapes.Count(shape);
        double[] ranges = [.. Enumerable.Range(0, shape[outputAxis]).Select(_ =>
            Chance(12) ? 0 : Chance(30) ? 1e-30 : Math.Exp((_random.NextDouble() * 6) - 4))];
        string name = _g.Constant(Name() + ".w", Tensor.Of([.. Enumerable.Range(0, count).Select(i =>
            (float)(((_random.NextDouble() * 2) - 1) * ranges[i / inner % ranges.Length]))], shape));
        _weights.Add((name, shape));
        return name;
    }

    private string Bias(params int[] shape)
    {
        int lift = Chance(3) ? _random.Next(-5, 20) : 0;
        return _g.Constant(Name() + ".b", Tensor.Of([.. Enumerable.Range(0, Shapes.Count(shape)).Select(_ =>
            (float)(lift + (2 * _random.NextDouble()) - 1))], shape));
    }

    private Node Activation(Node node) => _random.Next(8) switch
    {
        0 or 1 or 2 => FloatGraph.Relu(node),
        3 => FloatGraph.Relu(node).With("activation_max", new AttributeValue.Float(6)),
        4 => FloatGraph.Relu(node).With("activation_min", new AttributeValue.Float(-1)),
        _ => node,
    };

    // What passes fuse activations into.
    private Func<Node, Node>? ActivationOf(string op) => op is "Add" or "Sub" or "Mul" ? Activation : null;

    private void Convolution((string Name, int[] Shape) x)
    {
        bool last = !Chance(3);
        int channels = x.Shape[last ? 3 : 1], height = x.Shape[last ? 1 : 2], width = x.Shape[last ? 2 : 3];
        int groups = Chance(3) ? channels : channels % 2 == 0 && Chance(3) ? 2 : 1;
        int outputs = groups * _random.Next(1, groups == channels ? 3 : 5), kernel = Chance(2) ? 1 : Math.Min(3, Math.Min(height, width));
        int pad = kernel == 3 && !Chance(3) ? 1 : 0, stride = Chance(4) ? 2 : 1;
        string[] inputs = [x.Name, Weights([outputs, channels / groups, kernel, kernel], 0)];
        Add("Conv", Chance(5) ? inputs : [.. inputs, Bias(outputs)], n => Activation((last ? n.With("channels_last", 1) : n)
            .With("group", groups).With("pads", pad, pad, pad, pad).With("strides", stride, stride)));
    }

    private void Gemm((string Name, int[] Shape) x)
    {
        int inputs = x.Shape[1], outputs = 2 * _random.Next(1, 6);
        bool transposed = Chance(2);
        string[] given = [x.Name, transposed ? Weights([outputs, inputs], 0) : Weights([inputs, outputs], 1)];
        if (!Chance(5))
            given = [.. given, Chance(4) ? Bias(1) : Chance(2) ? Bias(1, outputs) : Bias(outputs)];
        (float alpha, float beta) = Chance(3) ? (0.5f, -2f) : (1, 1);
        Add("Gemm", given, n => Activation(n.With("transB", transposed ? 1 : 0)
            .With("alpha", new AttributeValue.Float(alpha)).With("beta", new AttributeValue.Float(beta))));
    }

    private string MatMul((string Name, int[] Shape) x, int outputs) =>
        Add("MatMul", [x.Name, Weights([x.Shape[^1], outputs], 1)]);

    private void Function()
    {
        (string name, int[] shape) = Pick();
        string op = Functions[_random.Next(Functions.Length)];
        if (op == "Softmax")
            Add(op, [name], n => n.With("axis", _random.Next(shape.Length)));
        else if (op == "Clip")
            Add(op, [name, _g.Constant(Name() + ".lo", Tensor.Scalar(Chance(2) ? 0f : -1)),
                _g.Constant(Name() + ".hi", Tensor.Scalar(3f))]);
        else
            Add(op, [name]);
    }

    // A constant as large as the value, or with axes of 1, or of fewer axes.
    private int[] Broadcast(int[] shape)
    {
        int[] all = [.. shape.Select(d => Chance(3) ? 1 : d)];
        return Chance(3) ? [shape[^1]] : all[(Chance(2) ? 0 : _random.Next(all.Length))..];
    }

    private void WithConstant()
    {
        (string name, int[] shape) = Pick();
        string constant = Noise(Broadcast(shape));
        string op = new[] { "Add", "Add", "Sub", "Mul", "Mul", "Div", "Max", "Min", "PRelu", "Pow" }[_random.Next(10)];
        if (op is "Div")
            constant = Add("Exp", [constant]);
        if (op is "Pow")
            constant = _g.Constant(Name() + ".p", Tensor.Scalar(2f));
        if (op is "Pow" or "PRelu" or "Div" || Chance(2))
            Add(op, [name, constant]);
        else
            Add(op, [constant, name], ActivationOf(op));
    }

    private void WithValue()
    {
        (string name, int[] shape) = Pick();
        (string Name, int[] Shape)[] fitting = [.. _values.Where(v => Shapes.Broadcast(v.Shape, shape) is { } sum
            && Shapes.Count(sum) <= MostElements)];
        (string other, _) = fitting[_random.Next(fitting.Length)];
        string op = new[] { "Add", "Add", "Add", "Sub", "Max", "Min", "Sum", "Mean", "Gate", "Mul", "Where" }[_random.Next(11)];
        string[] inputs = Chance(2) ? [name, other] : [other, name];
        if (op is "Gate")
            Add("Mul", [.. Chance(2) ? [name, Add("Sigmoid", [other])] : new[] { Add("Sigmoid", [other]), name }]);
        else if (op is "Where")
            Add(op, [Hidden("Greater", inputs), name, other]);
        else if (op is "Mul")
            Add(op, [Add("Tanh", [name]), other]);
        else if (op is "Sum" or "Mean")
            Add(op, Chance(2) ? [.. inputs, name] : inputs);
        else
            Add(op, inputs, ActivationOf(op));
    }

    // A value that is not of floats, which no other node is to read.
    private string Hidden(string op, string[] inputs)
    {
        _read.UnionWith(inputs);
        return _g.Add(Name(), op, inputs);
    }

    private void Pool()
    {
        (string name, int[] shape) = Pick();
        if (shape.Length != 4)
            return;
        bool last = !Chance(3);
        Node Last(Node n) => last ? n.With("channels_last", 1) : n;
        if (Chance(3))
        {
            Add(Chance(2) ? "GlobalAveragePool" : "GlobalMaxPool", [name], Last);
            return;
        }
        if (Math.Min(shape[last ? 1 : 2], shape[last ? 2 : 3]) < 2)
            return;
        int pad = Chance(2) ? 1 : 0, stride = _random.Next(1, 4), ceil = Chance(3) ? 1 : 0, counts = Chance(2) ? 1 : 0;
        string op = Chance(2) ? "MaxPool" : "AveragePool";
        Add(op, [name], n =>
        {
            n = Last(n).With("kernel_shape", 2, 2).With("pads", pad, pad, pad, pad).With("strides", stride, stride).With("ceil_mode", ceil);
            return op == "MaxPool" ? n : n.With("count_include_pad", counts);
        });
    }

    private void Reduce()
    {
        (string name, int[] shape) = Pick();
        if (shape.Length < 2)
            return;
        long[] axes = [.. Enumerable.Range(1, shape.Length - 1).Where(_ => Chance(2)).Select(a => (long)a)];
        if (axes.Length == 0)
            axes = [1];
        string op = new[] { "ReduceMean", "ReduceMax", "ReduceMin", "ReduceSum" }[_random.Next(4)];
        int keeps = Chance(2) ? 1 : 0;
        Add(op, [name, _g.Constant(Name() + ".axes", Tensor.Of(axes, axes.Length))], n => n.With("keepdims", keeps));
    }

    private void Reshape()
    {
        (string name, int[] shape) = Pick();
        int axis = _random.Next(shape.Length);
        int[] to = shape;
        if (Chance(3))
            to = [shape[0], Shapes.Count(shape.AsSpan()[1..])];
        else if (shape[axis] % 2 == 0 && shape.Length < 4)
            to = [.. shape[..axis], .. Chance(2) ? [2, shape[axis] / 2] : new[] { shape[axis] / 2, 2 }, .. shape[(axis + 1)..]];
        else if (axis + 1 < shape.Length && shape.Length > 2)
            to = [.. shape[..axis], shape[axis] * shape[axis + 1], .. shape[(axis + 2)..]];
        Add("Reshape", [name, _g.Constant(Name() + ".shape", Tensor.Of([.. to.Select(d => (long)d)], to.Length))]);
    }

    private void Move()
    {
        (string name, int[] shape) = Pick();
        int rank = shape.Length, axis = _random.Next(rank), length = shape[axis];
        switch (_random.Next(6))
        {
            case 0:
                long[] order = [0, .. Enumerable.Range(1, rank - 1).Select(a => (long)a).OrderBy(_ => _random.Next())];
                Add("Transpose", [name], n => n.With("perm", order));
                break;
            case 1:
                string[] fitting = [.. _values.Where(v => v.Shape.Length == rank
                    && Enumerable.Range(0, rank).All(a => a == axis || v.Shape[a] == shape[a])).Select(v => v.Name)];
                string other = Chance(3) ? Noise(shape) : fitting[_random.Next(fitting.Length)];
                if (Shapes.Count(shape) <= MostElements / 2)
                    Add("Concat", Chance(2) ? [name, other] : [other, name, name], n => n.With("axis", axis));
                break;
            case 2 when length > 1:
                int first = _random.Next(1, length);
                Add("Split", [name, _g.Constant(Name() + ".split", Tensor.Of([first, (long)length - first], 2))],
                    n => n.With("axis", axis), 2);
                break;
            case 3 when length > 1:
                bool back = Chance(4);
                int start = _random.Next(length - 1), step = Chance(3) ? 2 : 1;
                Add("Slice", [name, Int(back ? length - 1 : start), Int(back ? -length - 1 : length), Int(axis), Int(back ? -1 : step)]);
                break;
            case 4:
                long[] pads = new long[2 * rank];
                (pads[axis], pads[axis + rank]) = (1, Chance(2) ? 1 : 0);
                string mode = length > 1 && Chance(2) ? Chance(2) ? "edge" : "reflect" : "constant";
                string[] inputs = [name, _g.Constant(Name() + ".pads", Tensor.Of(pads, pads.Length))];
                if (mode == "constant" && !Chance(3))
                    inputs = [.. inputs, _g.Constant(Name() + ".value", Tensor.Scalar(Chance(2) ? 0f : 1.5f))];
                Add("Pad", inputs, n => n.With("mode", new AttributeValue.Text(mode)));
                break;
            case 5:
                int[] places = [.. Enumerable.Range(0, 2 * (length + 1)).Select(_ => _random.Next(length))];
                Add("AxisResampling", [name, _g.Constant(Name() + ".places", Tensor.Of(places, length + 1, 2)), Noise(length + 1, 2)],
                    n => n.With("axis", axis) with { Domain = Node.InternalDomain });
                break;
        }
    }

    private string Int(long value) => _g.Constant(Name() + ".i", Tensor.Of([value], 1));
}
