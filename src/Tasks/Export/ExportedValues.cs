using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Export;

/// <summary>
/// The values of the graph as the exported model has them: real numbers, 8-bit levels behind QuantizeLinear, and what
/// DequantizeLinear makes of these; each in the order of axes in which its producer writes it, its home, and in the other order where
/// a reader asks for that. Every form is made once, when it is first asked for.
/// </summary>
/// <remarks>An order is 0 for the graph's own, or the rank of a feature map whose channels come second in the exported model.</remarks>
internal sealed class ExportedValues(Graph graph, GraphQuantization? quantization, OnnxModelBuilder builder)
{
    private readonly Dictionary<string, Home> _homes = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Value, Form Form, int Order), string> _forms = [];
    private readonly Dictionary<ActivationQuantization, (string Scale, string ZeroPoint)> _parameters = [];

    private enum Form
    {
        Real,
        Levels,
        Dequantized,
    }

    /// <summary>The 8-bit quantisation of a value; null where it has none.</summary>
    public ActivationQuantization? QuantizationOf(string value) =>
        quantization?.Values.GetValueOrDefault(value) is { Type: ActivationType.U8 } q ? q : null;

    /// <summary>The order in which the value's producer writes it; 0 for constants.</summary>
    public int HomeOrder(string value) => _homes.TryGetValue(value, out Home? home) ? home.Order : 0;

    /// <summary>Says what a node or a caller gives a value.</summary>
    /// <param name="value">The value's name in the graph.</param>
    /// <param name="real">The name of the real numbers in the exported model.</param>
    /// <param name="order">Their order.</param>
    /// <param name="isRounded">Whether an integer node makes it, so that every reader gets it from its levels.</param>
    public void Define(string value, string real, int order, bool isRounded)
    {
        _homes[value] = new(order, isRounded && QuantizationOf(value) is not null);
        _forms[(value, Form.Real, order)] = real;
        if (_homes[value].IsRounded)
            Levels(value, order);
    }

    /// <summary>Makes a value the same as another one, whose axes the graph has in the other order.</summary>
    /// <param name="value">The value's name in the graph.</param>
    /// <param name="order">The order in which it is <paramref name="source"/>.</param>
    /// <param name="source">The other value.</param>
    /// <param name="isRounded">Whether an integer node makes it.</param>
    public void DefineTransposed(string value, int order, string source, bool isRounded)
    {
        int sourceOrder = order == 0 ? graph.TypeOf(source).Rank : 0;
        _homes[value] = new(order, isRounded && QuantizationOf(value) is not null);
        if (_homes[value].IsRounded)
            _forms[(value, Form.Levels, order)] = Levels(source, sourceOrder);
        else
            _forms[(value, Form.Real, order)] = Real(source, sourceOrder);
    }

    /// <summary>The name under which a float node reads a value.</summary>
    public string Real(string value, int order) =>
        graph.Constant(value) is { } constant ? Once(value, Form.Real, order, () => Constant(value, constant, order))
        : _homes[value].IsRounded ? Dequantized(value, order)
        : Once(value, Form.Real, order, () => Transposed(value, _forms[(value, Form.Real, _homes[value].Order)], order));

    /// <summary>The name under which an integer node reads a value: behind DequantizeLinear.</summary>
    public string Dequantized(string value, int order) =>
        Once(value, Form.Dequantized, order, () => Dequantize(value, Levels(value, order), QuantizationOf(value)!));

    /// <summary>A QuantizeLinear of its own.</summary>
    /// <returns>Its output.</returns>
    public string Quantize(string stem, string real, ActivationQuantization q)
    {
        (string scale, string zeroPoint) = Parameters(stem, q);
        return builder.Add(stem + "/levels", "QuantizeLinear", [real, scale, zeroPoint]);
    }

    /// <summary>A DequantizeLinear of its own.</summary>
    /// <returns>Its output.</returns>
    public string Dequantize(string stem, string levels, ActivationQuantization q)
    {
        (string scale, string zeroPoint) = Parameters(stem, q);
        return builder.Add(stem + "/dequantized", "DequantizeLinear", [levels, scale, zeroPoint]);
    }

    private string Levels(string value, int order) => Once(value, Form.Levels, order, () =>
    {
        ActivationQuantization q = QuantizationOf(value)!;
        if (graph.Constant(value) is { } constant)
            return Constant(value + "/levels", new Tensor(
                constant.Type.As(ElementType.UInt8), NearestLevels.Of(constant.Values<float>(), q)), order);
        int home = _homes[value].Order;
        return order == home
            ? Quantize(value, _forms[(value, Form.Real, home)], q)
            : Transposed(value, Levels(value, home), order);
    });

    private string Constant(string name, Tensor value, int order) =>
        builder.Constant(name, order == 0 ? value : ChannelOrder.WithChannelsSecond(value, order));

    private (string Scale, string ZeroPoint) Parameters(string stem, ActivationQuantization q)
    {
        if (!_parameters.TryGetValue(q, out (string, string) names))
        {
            _parameters[q] = names = (
                builder.Constant(stem + "/scale", Tensor.Scalar((float)q.Scale)),
                builder.Constant(stem + "/zero_point", Tensor.Scalar((byte)q.ZeroPoint)));
        }
        return names;
    }

    private string Transposed(string value, string source, int order)
    {
        int[] axes = order == 0 ? ChannelOrder.ToLast(graph.TypeOf(value).Rank) : ChannelOrder.ToSecond(order);
        return builder.Add(
            value + (order == 0 ? "/channels_last" : "/channels_second"), "Transpose", [source],
            ("perm", new AttributeValue.Ints([.. axes.Select(a => (long)a)])));
    }

    private string Once(string value, Form form, int order, Func<string> make)
    {
        if (!_forms.TryGetValue((value, form, order), out string? name))
            _forms[(value, form, order)] = name = make();
        return name;
    }

    private sealed record Home(int Order, bool IsRounded);
}
