using System.Collections.Frozen;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;

namespace OptimizerBuild.Passes;

/// <summary>
/// Bounds the result of a Conv, Gemm or MatMul where only a function reads it that is constant beyond some point: HardSwish below −3,
/// GELU below about −5. The bound is a fused activation and costs nothing, but in 8 bits the range that the function ignores needs no
/// steps any more. Only before further products: a network's last sums are handed over with 32 bits, which a bound would prevent.
/// </summary>
internal sealed class SaturationBounds : LocalRewrite
{
    /// <summary>By how much a function may change beyond the bound, in units of the value it tends to, or of 1.</summary>
    public const float Tolerance = 1e-6f;

    // Functions composed of these are smooth and settle to their limits, so that sampling finds where.
    private static readonly FrozenSet<string> Smooth =
        new[] { "Add", "Sub", "Mul", "Neg", "Tanh", "Erf", "Sigmoid", "Softplus", "Exp", "HardSigmoid",
            "HardSwish" }.ToFrozenSet(StringComparer.Ordinal);

    private static readonly float[] Samples = SamplePoints();

    /// <inheritdoc/>
    protected override bool TryRewrite(GraphEditor editor, Node node)
    {
        if (node.Inputs.Length != 1 || node.Outputs.Length != 1 || editor.Producer(node.Input(0)) is not { } producer
            || !editor.HasSingleUse(node.Input(0))
            || producer.Domain.Length > 0 || producer.OpType is not ("Conv" or "Gemm" or "MatMul") || Bounds(node) is not { } bounds
            || !LeadsToProduct(editor, node))
            return false;
        bool has = Elementwise.HasActivation(producer);
        float minimum = has ? producer.Float(FusedActivation.Minimum, float.NegativeInfinity) : float.NegativeInfinity;
        float maximum = has ? producer.Float(FusedActivation.Maximum, float.PositiveInfinity) : float.PositiveInfinity;
        (float low, float high) = (Math.Max(minimum, bounds.Minimum), Math.Min(maximum, bounds.Maximum));
        if ((low == minimum && high == maximum) || low > high)
            return false;
        editor.Replace(producer, producer
            .With(FusedActivation.Attribute, new AttributeValue.Text(FusedActivation.Clip))
            .With(FusedActivation.Minimum, new AttributeValue.Float(low))
            .With(FusedActivation.Maximum, new AttributeValue.Float(high)));
        return true;
    }

    // Between which arguments the function changes; infinite where it never settles.
    private static (float Minimum, float Maximum)? Bounds(Node node)
    {
        if (node.Is("HardSwish"))
            return (-3, float.PositiveInfinity);
        if (node.Is("HardSigmoid"))
        {
            float alpha = node.Float("alpha", 0.2f), beta = node.Float("beta", 0.5f);
            return alpha > 0 ? (-beta / alpha, (1 - beta) / alpha) : null;
        }
        if (node.OpType != Elementwise.Fused
            || node.Attributes.GetValueOrDefault(FusedElementwiseOperator.Body) is not AttributeValue.GraphValue { Value: { } body }
            || !body.Nodes.All(n => n.Domain.Length == 0 && Smooth.Contains(n.OpType) && !Elementwise.HasActivation(n)))
            return null;
        return Sampled(node);
    }

    private static (float Minimum, float Maximum) Sampled(Node node)
    {
        TensorType type = TensorType.Float32(Samples.Length);
        Graph body = ((AttributeValue.GraphValue)ElementwiseFusion.Retyped(node, type).Attributes[FusedElementwiseOperator.Body]).Value;
        float[] y = new GraphEvaluator(body).Evaluate([Tensor.Of(Samples, Samples.Length)])[0].Values<float>();
        int first = 0, last = y.Length - 1;
        while (first < y.Length - 1 && Settled(y[first + 1], y[0]))
            first++;
        while (last > 0 && Settled(y[last - 1], y[^1]))
            last--;
        // A function that is settled nowhere, or everywhere, has no bounds worth having; far samples are no bounds.
        float minimum = first > 0 && MathF.Abs(Samples[first]) <= Dense ? Samples[first] : float.NegativeInfinity;
        float maximum = last < y.Length - 1 && MathF.Abs(Samples[last]) <= Dense ? Samples[last] : float.PositiveInfinity;
        return minimum < maximum ? (minimum, maximum) : (float.NegativeInfinity, float.PositiveInfinity);
    }

    private static bool Settled(float value, float limit) => float.IsFinite(limit)
        && MathF.Abs(value - limit) <= Tolerance * Math.Max(1, MathF.Abs(limit));

    // Sixteen a unit around zero, then ever further out.
    private const float Dense = 128;

    private static float[] SamplePoints()
    {
        float[] far = [256, 512, 1e3f, 1e4f, 1e5f, 1e6f];
        return [.. far.Reverse().Select(v => -v), .. Enumerable.Range(0, (int)(32 * Dense) + 1).Select(i => (i / 16f) - Dense), .. far];
    }

    private static bool LeadsToProduct(GraphEditor editor, Node node)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var stack = new Stack<string>(node.Outputs);
        while (stack.TryPop(out string? value))
        {
            if (!seen.Add(value))
                continue;
            foreach (Node reader in editor.Consumers(value))
            {
                if (reader.Domain.Length == 0 && reader.OpType is "Conv" or "Gemm" or "MatMul")
                    return true;
                foreach (string output in reader.Outputs)
                    stack.Push(output);
            }
        }
        return false;
    }
}
