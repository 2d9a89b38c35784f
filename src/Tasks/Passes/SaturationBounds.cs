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

    private static readonly float[] Samples = SamplePoints();

    /// <inheritdoc/>
    protected override bool TryRewrite(GraphEditor editor, Node node)
    {
        if (node.Inputs.Length != 1 || node.Outputs.Length != 1 || editor.Producer(node.Input(0)) is not { } producer
            || !editor.HasSingleUse(node.Input(0))
            || !producer.Is<IDotProduct>() || Bounds(node) is not { } bounds
            || !LeadsToProduct(editor, node))
            return false;
        (float minimum, float maximum) = producer.ActivationBounds();
        (float low, float high) = (Math.Max(minimum, bounds.Minimum), Math.Min(maximum, bounds.Maximum));
        if ((low == minimum && high == maximum) || low > high)
            return false;
        editor.Replace(producer, producer.WithActivation(low, high));
        return true;
    }

    // Between which arguments the function changes; infinite where it never settles.
    private static (float Minimum, float Maximum)? Bounds(Node node)
    {
        if (node.Is<HardSwishOperator>())
            return (-3, float.PositiveInfinity);
        if (node.Is<HardSigmoidOperator>())
        {
            float alpha = HardSigmoidOperator.Alpha(node), beta = HardSigmoidOperator.Beta(node);
            return alpha > 0 ? (-beta / alpha, (1 - beta) / alpha) : null;
        }
        // Functions composed of those that settle smoothly have their limits where samples find them.
        if (FusedElementwiseOperator.BodyOf(node) is not { } body
            || !body.Nodes.All(n => n.As<IElementwiseFunction>() is { SettlesSmoothly: true } && !n.HasActivation()))
            return null;
        return Sampled(node);
    }

    private static (float Minimum, float Maximum) Sampled(Node node)
    {
        TensorType type = TensorType.Float32(Samples.Length);
        Graph body = FusedElementwiseOperator.BodyOf(ElementwiseFusion.Retyped(node, type))!;
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
                if (reader.Is<IDotProduct>())
                    return true;
                foreach (string output in reader.Outputs)
                    stack.Push(output);
            }
        }
        return false;
    }
}
