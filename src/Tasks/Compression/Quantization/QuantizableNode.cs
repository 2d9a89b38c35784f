using System.Collections.Immutable;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Compression.Quantization.Outliers;
using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Linear;
using OptimizerBuild.Operators.Movement;
using OptimizerBuild.Operators.Reduction;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>A node of the graph with what quantisation knows of it before any data is seen.</summary>
internal sealed class QuantizableNode
{
    // A copy under another form.
    private QuantizableNode(QuantizableNode other, IntegerForm form)
    {
        Context = other.Context;
        Form = form;
        Obstacle = other.Obstacle;
        Layer = other.Layer;
        MultiplyAccumulates = other.MultiplyAccumulates;
        Inputs = other.Inputs;
        Constants = other.Constants;
        Outputs = other.Outputs;
    }

    private QuantizableNode(OperatorContext context, IntegerForm form, string obstacle, DotProductLayer? layer, long macs)
    {
        Context = context;
        Form = form;
        Obstacle = obstacle;
        Layer = layer;
        MultiplyAccumulates = macs;
        Inputs = form is IntegerForm.None or IntegerForm.Recurrent ? [] : [.. DataInputs(context, form, constant: false)];
        Constants = form is IntegerForm.Rescale ? [.. DataInputs(context, form, constant: true)] : [];
        Outputs = form is IntegerForm.None or IntegerForm.Recurrent || context.OutputTypes[0].Element != ElementType.Float32 ? []
            : [.. context.Node.Outputs.Where(o => o.Length > 0)];
    }

    /// <summary>The node.</summary>
    public Node Node => Context.Node;

    /// <summary>The node with its inputs' types and constants.</summary>
    public OperatorContext Context { get; }

    /// <summary>The integer form it can take; none where there is an <see cref="Obstacle"/>.</summary>
    public IntegerForm Form { get; }

    /// <summary>Why it has no integer form; else empty.</summary>
    public string Obstacle { get; }

    /// <summary>The weights, where the node multiplies with any (<see cref="HasWeights"/>).</summary>
    public DotProductLayer? Layer { get; }

    /// <summary>Whether the integer form multiplies with rounded weights: dot products and recurrent layers.</summary>
    public bool HasWeights => Form is IntegerForm.DotProduct or IntegerForm.Recurrent;

    /// <summary>
    /// Whether the node is what integers are worth while for: it sums products of activations with weights or with each other.
    /// </summary>
    public bool SumsProducts => HasWeights || Form == IntegerForm.Product;

    /// <summary>Whether the integer form makes sums of products, which it can hand over with 32 bits.</summary>
    public bool HasSums => (Form is IntegerForm.DotProduct or IntegerForm.Product) && !HasActivation;

    /// <summary>The work of one evaluation, as <see cref="WorkBudget"/> counts it.</summary>
    public long Work => WorkBudget.Work(Context);

    /// <summary>What the node's inputs and outputs take during one evaluation, in bytes, as integers or as float32.</summary>
    public long Bytes => sizeof(float) * (Context.InputTypes.Sum(t => (long)(t?.Count ?? 0)) + Context.OutputTypes.Sum(t => (long)t.Count));

    /// <summary>Products of one evaluation.</summary>
    public long MultiplyAccumulates { get; }

    /// <summary>The activations that the integer form reads quantised, each once.</summary>
    public ImmutableArray<string> Inputs { get; }

    /// <summary>The constants that the integer form reads quantised to u8, each once.</summary>
    public ImmutableArray<string> Constants { get; }

    /// <summary>The values that the integer form produces quantised.</summary>
    public ImmutableArray<string> Outputs { get; }

    /// <summary>Whether the node only gives its input another shape, so that 32-bit values may pass as well.</summary>
    public bool IsReshape => Node.Is<IKeepsElementOrder>();

    /// <summary>Whether the node hands on values of its input without selecting the greatest among several.</summary>
    public bool IsMovement => Form == IntegerForm.SameScale && !Node.Is<IReduction>();

    /// <summary>Whether the node sums or averages, so that its output is much smaller than its input.</summary>
    public bool IsReduction => Form == IntegerForm.Rescale && Node.Is<IReduction>();

    /// <summary>Whether the node resamples along an axis, so that finer levels of 32 bits may pass on to the next axis.</summary>
    public bool IsResampling => Form == IntegerForm.Rescale && Node.Is<AxisResamplingOperator>();

    /// <summary>The bounds of the fused activation in real numbers; infinite where there is none.</summary>
    public (double Minimum, double Maximum) ActivationBounds => Node.ActivationBounds();

    /// <summary>Whether an activation is fused into the node.</summary>
    public bool HasActivation => Node.HasActivation();

    /// <summary>Whether the node is a sigmoid that could also run in fixed point on 32-bit values.</summary>
    public bool IsSigmoid => Node.Is<SigmoidOperator>() && Form is IntegerForm.Table or IntegerForm.FixedPoint;

    /// <summary>The node under another form: a Sigmoid is a table on u8 values and a fixed-point function on 32-bit ones.</summary>
    public QuantizableNode As(IntegerForm form) => form == Form ? this : new(this, form);

    /// <summary>What is known of a node in its graph.</summary>
    public static QuantizableNode Of(Graph graph, Node node)
    {
        OperatorContext context = OperatorContext.Of(graph, node);
        Operator op = OperatorRegistry.Of(node);
        long macs = op.MultiplyAccumulates(context);
        IntegerForm form = op.IntegerForm(context);
        DotProductLayer? layer = null;
        string obstacle = form == IntegerForm.None ? "no integer form" : Examine(graph, context, form, out layer);
        return new(context, obstacle.Length > 0 ? IntegerForm.None : form, obstacle, layer, macs);
    }

    private static string Examine(Graph graph, OperatorContext context, IntegerForm form, out DotProductLayer? layer)
    {
        layer = null;
        Node node = context.Node;
        if (SignLayers.LeadsThere(graph, node))
            return "its signs are multiplied as bits";
        if (form == IntegerForm.DotProduct && SignLayers.Multiplies(graph, node))
            return "multiplies signs by signs, as bits";
        if (form == IntegerForm.Levels)
            return context.InputConstants[0] is null && context.OutputTypes[0].Count > 0 ? "" : "no levels at run time";
        if (DynamicRange.IsPart(node))
            return "carries a dynamic range";
        foreach (string output in node.Outputs)
            if (output.Length > 0 && graph.TypeOf(output) is { } type && (type.Element != ElementType.Float32 || type.Count == 0))
                return $"computes {type}";
        if (context.InputTypes[0] is { } first && first.Element != ElementType.Float32)
            return $"reads {first}";
        if (form == IntegerForm.Recurrent)
        {
            layer = DotProductLayer.OfState(context.InputConstants[1]!);
            return layer.Weights.Any(w => !float.IsFinite(w)) ? "weights are not finite" : "";
        }
        if (!DataInputs(context, form, constant: false).Any())
            return node.Is<GatherOperator>() ? "looks rows up, quantised where all readers want them so" : "reads constants only";
        if (!IntegerNode.Simulates(form, node))
            return "no integer form";
        switch (form)
        {
            case IntegerForm.DotProduct:
                layer = DotProductLayer.Read(context, out string obstacle);
                return layer is not null && layer.Weights.Any(w => !float.IsFinite(w)) ? "weights are not finite" : obstacle;
            case IntegerForm.Product:
                int terms = context.Type(0).Dimensions[^1];
                return terms == 0 ? "sums of nothing"
                    : !ByteProducts32.Fit(terms) ? "sums more products than 32 bits hold"
                    : "";
            case IntegerForm.Rescale:
                return node.As<IReduction>() is { } reduction && !ByteSums32.Fit(reduction.Terms(context))
                    ? "sums more values than 32 bits hold"
                    : "";
            case IntegerForm.FixedPoint:
                return node.As<AxisFunction>() is not null && AxisFunction.Length(context) > FixedPointPower.LongestRow
                    ? $"rows of more than {FixedPointPower.LongestRow} values"
                    : "";
            case IntegerForm.Table:
                return context.InputConstants.Any(c => c is { Element: ElementType.Float32, Count: > 1 }) ? "a constant for each channel"
                    : "";
            default:
                // Places that are known only at run time are looked up in float.
                return node.Inputs.Skip(1).Any(i => i.Length > 0 && !graph.IsConstant(i)) ? "places known only at run time" : "";
        }
    }

    // Operators take tensors of numbers and, in some places, tensors that say what to do (axes, shapes); those are integers.
    private static IEnumerable<string> DataInputs(OperatorContext context, IntegerForm form, bool constant)
    {
        int count = form is IntegerForm.Rescale or IntegerForm.Product ? OperatorRegistry.Of(context.Node).Operands(context.Node) : 1;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < count && i < context.Node.Inputs.Length; i++)
            if (context.InputTypes[i] is { Element: ElementType.Float32 } && context.InputConstants[i] is not null == constant
                && seen.Add(context.Node.Inputs[i]))
                yield return context.Node.Inputs[i];
    }
}
