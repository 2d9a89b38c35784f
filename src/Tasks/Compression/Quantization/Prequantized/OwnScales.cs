using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Compression.Quantization.Outliers;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Quantization;
using OptimizerBuild.Operators.Reduction;

namespace OptimizerBuild.Compression.Quantization.Prequantized;

/// <summary>
/// What of a model that is quantised already can run in integers with the model's own scales: decided node by node in order of execution.
/// A node does if the levels are known of all that it reads and, as far as its form needs them, of what it makes: from FakeQuantize nodes,
/// or from QuantizeLinear and DequantizeLinear by themselves.
/// </summary>
internal sealed class OwnScales
{
    /// <summary>The reason of nodes of which the model does not say what scale their result has.</summary>
    public const string NoScaleOfResult = "the model gives no scale for its result";

    /// <summary>The reason of nodes between bytes and numbers that no integer node takes the place of.</summary>
    public const string Rounds = "rounds numbers as the model says";

    /// <summary>The reason of layers whose weights are no integers of 8 bits with their sign.</summary>
    public const string NoGrid = "its weights are no multiples of one scale for each channel within -128 to 127";

    private const string TooWideForDepthwise = "its weights need nine bits with their sign, and a depthwise kernel reads each channel once";

    private const string NoScaleOfInput = "the model gives no scale for what it reads";

    private const string FineInput = "the model gives what it reads levels of 16 bits";

    // What a level may be off a grid of levels: rounding of functions in double precision.
    private const double Tolerance = 1e-4;

    private readonly QuantizableGraph _graph;
    private readonly Dictionary<string, ActivationQuantization> _levels = new(StringComparer.Ordinal);
    private readonly HashSet<string> _sums = new(StringComparer.Ordinal);
    private readonly HashSet<string> _wide = new(StringComparer.Ordinal);
    private readonly HashSet<string> _finer = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _reasons = new(StringComparer.Ordinal);
    private readonly List<QuantizableNode> _split = [];
    private readonly IReadOnlySet<QuantizableNode> _exact;
    private readonly QuantizationOptions _options;

    /// <summary>Decides about all nodes of a graph.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="options">What stays in float32 whatever the model says.</param>
    public OwnScales(QuantizableGraph graph, QuantizationOptions options)
    {
        _graph = graph;
        _options = options;
        _exact = IntegerNodes.BeforeExactReaders(graph);
        foreach (QuantizableNode node in graph.Nodes)
            _reasons[node.Node.Name] = node.Node.Is<FakeQuantizeOperator>() ? Round(node)
                : node.Form == IntegerForm.Levels ? HandOver(node)
                : node.Form == IntegerForm.None ? Float(node)
                : ReasonForFloat(node) is { } reason ? Stay(node, reason)
                : Decide(node);
    }

    /// <summary>The values of which every element is one of 256 known levels.</summary>
    public IReadOnlyDictionary<string, ActivationQuantization> Levels => _levels;

    /// <summary>
    /// Dot products whose activation has to become a node of its own: without a scale for their result they hand over sums of 32 bits.
    /// </summary>
    public IReadOnlyList<QuantizableNode> WithSplitActivation => _split;

    /// <summary>Whether an integer node makes a value with 32 bits.</summary>
    public bool IsWide(string value) => _sums.Contains(value) || _wide.Contains(value) || _finer.Contains(value);

    /// <summary>Why a node runs in float32; empty where it runs in integers, null where the graph had no such node.</summary>
    public string? Reason(Node node) => _reasons.GetValueOrDefault(node.Name);

    /// <summary>Whether a node runs in integers.</summary>
    public bool IsInteger(Node node) => Reason(node) is { Length: 0 };

    /// <summary>The quantisation that a FakeQuantize node gives.</summary>
    public static ActivationQuantization LevelsOf(Node node) =>
        new(ActivationType.U8, FakeQuantizeOperator.Scale(node), FakeQuantizeOperator.ZeroPoint(node));

    /// <summary>
    /// The quantisation of the bytes that a QuantizeLinear or DequantizeLinear node makes or reads; null for other nodes.
    /// </summary>
    public static ActivationQuantization? LevelsOf(OperatorContext context) => ByteLevels.Of(context) is { } levels
        ? new(ActivationType.U8, levels.Scale, levels.ZeroPoint) : null;

    /// <summary>
    /// Whether a value has levels that it got from nothing but bytes that the model reads: no rounding of the model's has a part in it.
    /// </summary>
    public bool AreBytesOfInputs(string value)
    {
        var open = new Stack<string>([value]);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (open.TryPop(out string? next))
        {
            if (!seen.Add(next) || _graph.Producer(next) is not { } producer)
                continue;
            if (producer.Node.Is<FakeQuantizeOperator>() || producer.Node.Is<QuantizeLinearOperator>())
                return false;
            foreach (string input in producer.Node.Inputs)
                open.Push(input);
        }
        return _levels.ContainsKey(value);
    }

    // What trees read keeps what the model makes of it to the last bit; a rule for single layers says what else stays.
    private string? ReasonForFloat(QuantizableNode node) =>
        _exact.Contains(node) ? IntegerNodes.ReadExactly : _options.ReasonForFloat(node.Node);

    // Numbers that are moved or selected are the same levels.
    private string Stay(QuantizableNode node, string reason)
    {
        if (node.Form == IntegerForm.SameScale && _levels.TryGetValue(node.Inputs[0], out ActivationQuantization? levels))
            foreach (string moved in node.Outputs)
                _levels[moved] = levels;
        return reason;
    }

    // Levels rounded to others are a table; numbers become levels where integer nodes read them.
    private string Round(QuantizableNode node)
    {
        ActivationQuantization levels = LevelsOf(node.Node);
        ActivationQuantization? given = _levels.GetValueOrDefault(node.Node.Inputs[0]);
        _levels[node.Node.Outputs[0]] = levels;
        return given is null ? Rounds : given == levels ? "" : ReasonForFloat(node) ?? "";
    }

    // What has been divided by its extent lies between −1 and 1 and is rounded where layers read it.
    private string Float(QuantizableNode node)
    {
        if (DynamicRange.IsDivided(node.Node))
            _levels[node.Node.Outputs[0]] =
                ActivationRange.Of(_graph.IsNonNegative(node.Node.Outputs[0]) ? 0 : -1, 1).ToQuantization();
        return node.Obstacle;
    }

    // Bytes that come from outside are levels; levels go outside as bytes.
    private string HandOver(QuantizableNode node)
    {
        ActivationQuantization levels = LevelsOf(node.Context)!;
        if (node.Outputs is [var output])
            _levels[output] = levels;
        return node.Inputs.All(i => _levels.GetValueOrDefault(i) == levels) ? "" : Rounds;
    }

    private string Decide(QuantizableNode node)
    {
        string output = node.Node.Outputs[0];
        if (node.Form == IntegerForm.Recurrent)
            return LevelGrid.Of(node.Layer!) is null ? NoGrid : "";
        if (node.Inputs.All(_sums.Contains))
        {
            if (node.Form == IntegerForm.SameScale && node.IsReshape)
                _sums.Add(output);
            else if (node.Form == IntegerForm.FixedPoint || node.IsSigmoid)
                _wide.Add(output);
            else
                return NoScaleOfInput;
            return "";
        }
        ActivationQuantization? target = Target(output);
        if (node.IsResampling && _finer.Contains(node.Inputs[0]))
        {
            if (target is null)
                _finer.Add(output);
            else
                _levels[output] = target;
            return "";
        }
        if (!node.Inputs.All(_levels.ContainsKey))
            return node.Inputs.Any(AreFine) ? FineInput : NoScaleOfInput;
        ActivationQuantization input = _levels[node.Inputs[0]];
        switch (node.Form)
        {
            case IntegerForm.SameScale:
                foreach (string moved in node.Outputs)
                    _levels[moved] = input;
                return "";
            case IntegerForm.DotProduct:
                if (LevelGrid.Of(node.Layer!) is null)
                    return WideWeights.AreDepthwise(node.Layer!) ? TooWideForDepthwise : NoGrid;
                if (target is null && node.HasActivation)
                    _split.Add(node);
                else if (target is null)
                    _sums.Add(output);
                break;
            case IntegerForm.Product:
                if (target is null && node.HasActivation)
                    _split.Add(node);
                else if (target is null)
                    _sums.Add(output);
                break;
            case IntegerForm.FixedPoint:
                // Its bytes have one scale only; else it hands over 32 bits.
                if (target != Probabilities || !node.Node.Is<SoftmaxOperator>()
                    || AxisFunction.Length(node.Context) > FixedPointPower.LongestRowOfBytes)
                    (target, _) = (null, _wide.Add(output));
                break;
            case IntegerForm.Table:
                target ??= StaysOnGrid(node, input) ? input : null;
                if (target is null)
                    return NoScaleOfResult;
                break;
            default:
                if (target is null && node.IsResampling)
                    _finer.Add(output);
                else if (target is null)
                    return NoScaleOfResult;
                if (node.Constants.Any(c => LevelGrid.Of(_graph.Graph.Constant(c)!) is null))
                    return "its constant operand is no multiple of one scale within 256 levels";
                break;
        }
        if (target is not null)
            _levels[output] = target;
        return "";
    }

    private bool AreFine(string value) => _graph.Producer(value) is { } producer && producer.Node.Is<DequantizeLinearOperator>()
        && producer.Context.Type(0).Element is ElementType.UInt16 or ElementType.Int16;

    private static ActivationQuantization Probabilities { get; } = new(ActivationType.U8, 1.0 / 256, 0);

    // The levels to which all that reads a value rounds it, perhaps behind nodes that move elements only.
    private ActivationQuantization? Target(string value)
    {
        while (!_graph.IsOutput(value))
        {
            IReadOnlyList<QuantizableNode> readers = _graph.Readers(value);
            ActivationQuantization?[] levels = [.. readers.Select(r => r.Node.Is<FakeQuantizeOperator>() ? LevelsOf(r.Node)
                : r.Node.Is<QuantizeLinearOperator>() ? LevelsOf(r.Context) : null)];
            if (levels.Length > 0 && levels.All(l => l is not null && l == levels[0]))
                return levels[0];
            if (readers is not [{ Form: IntegerForm.SameScale, Outputs.Length: 1 } movement] || movement.Inputs[0] != value)
                return null;
            value = movement.Outputs[0];
        }
        return null;
    }

    // Whether a function maps each level to one of the same levels, as a rectifier does.
    private static bool StaysOnGrid(QuantizableNode node, ActivationQuantization levels)
    {
        double[] reals = [.. Enumerable.Range(0, ActivationRange.Levels + 1).Select(q => levels.Scale * (q - levels.ZeroPoint))];
        return DoubleFunction.Apply(node.Context, reals).All(y =>
            y / levels.Scale is var steps && Math.Abs(steps - Math.Round(steps)) <= Tolerance
            && Math.Round(steps) + levels.ZeroPoint is >= 0 and <= ActivationRange.Levels);
    }
}
