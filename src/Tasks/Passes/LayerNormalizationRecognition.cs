using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Movement;
using OptimizerBuild.Operators.Reduction;

namespace OptimizerBuild.Passes;

/// <summary>
/// Recognises layer normalisation (Ba, Kiros and Hinton 2016) that exporters have written out: <c>(x − mean) / √(variance + ε)</c>
/// with the variance as mean of the squared differences or as mean square minus squared mean, times and plus constants; and the same with
/// the mean square alone (Zhang and Sennrich 2019), times constants. As one node its statistics are exact; node by node, squares and
/// reciprocals lose too much in 8 bits.
/// </summary>
internal sealed class LayerNormalizationRecognition : LocalRewrite
{
    /// <inheritdoc/>
    protected override bool TryRewrite(GraphEditor editor, Node node)
    {
        if (Match(editor, node) is not { } match || editor.TypeOf(match.X) != editor.TypeOf(node.Outputs[0]))
            return false;
        TensorType type = editor.TypeOf(match.X);
        int length = type.Dimensions[match.Axis];
        float[] scale = match.Scale ?? Filled(length, 1), bias = Filled(length, 0);
        Node end = node;
        var absorbed = new List<Node>();
        while (editor.HasSingleUse(end.Outputs[0]) && editor.Consumers(end.Outputs[0])[0] is var next && Elementwise.IsSumOrProduct(next)
            && Elementwise.IsBinary(next) && !next.HasActivation() && next.Input(0) == end.Outputs[0]
            && (match.IsCentred || next.Is<MulOperator>())
            && editor.TypeOf(next.Outputs[0]) == type
            && ConstantArithmetic.AlongAxis(editor.Constant(next.Input(1)), type, match.Axis) is { } values)
        {
            for (int i = 0; i < length; i++)
            {
                (scale[i], bias[i]) = next.Is<MulOperator>()
                    ? (scale[i] * values[i], bias[i] * values[i])
                    : (scale[i], bias[i] + values[i]);
            }
            absorbed.Add(next);
            end = next;
        }
        foreach (Node later in absorbed)
            editor.Remove(later);
        Emit(editor, node, match, scale, bias, end.Outputs[0]);
        foreach (string input in node.Inputs)
            editor.Prune(input);
        return true;
    }

    // LayerNormalization works along the last axes, so that another axis is moved there and back.
    private static void Emit(GraphEditor editor, Node node, Normalisation match, float[] scale, float[] bias, string output)
    {
        TensorType type = editor.TypeOf(match.X);
        List<string> parameters = [editor.AddConstant(node.Name + ".scale", Tensor.Of(scale, scale.Length))];
        if (bias.Any(b => b != 0))
            parameters.Add(editor.AddConstant(node.Name + ".bias", Tensor.Of(bias, bias.Length)));
        ImmutableArray<string> inputs = [match.X, .. parameters];
        Node normalisation = INormalisation.WithEpsilon(RowNormalizationOperator.WithLastAxis(match.IsCentred
            ? NodeOperators.New<LayerNormalizationOperator>(node.Name, inputs, [output])
            : NodeOperators.New<RmsNormalizationOperator>(node.Name, inputs, [output])), match.Epsilon);
        if (match.Axis == type.Rank - 1)
        {
            editor.Replace(node, normalisation);
            return;
        }
        long[] perm = [.. Enumerable.Range(0, type.Rank).Where(i => i != match.Axis).Append(match.Axis).Select(i => (long)i)];
        string moved = editor.AddValue(node.Name + ".moved", TransposeSinking.Permuted(type, perm));
        string normal = editor.AddValue(node.Name + ".normal", editor.TypeOf(moved));
        editor.Replace(node,
            TransposeOperator.Create(editor.UniqueName(node.Name + ".before"), match.X, moved, perm),
            normalisation with { Inputs = normalisation.Inputs.SetItem(0, moved), Outputs = [normal] },
            TransposeOperator.Create(editor.UniqueName(node.Name + ".behind"), normal, output, TransposeSinking.Inverse(perm)));
    }

    // d / √(v + ε), or d · 1/√(v + ε), where a constant scale may be multiplied into the reciprocal first.
    private static Normalisation? Match(GraphEditor editor, Node node)
    {
        if (!Elementwise.IsBinary(node) || node.HasActivation() || editor.TypeOf(node.Outputs[0]).Element != ElementType.Float32)
            return null;
        if (node.Is<DivOperator>())
            return Match(editor, node.Input(0), node.Input(1), reciprocal: false);
        return !node.Is<MulOperator>() ? null
            : Match(editor, node.Input(0), node.Input(1), reciprocal: true)
            ?? Match(editor, node.Input(1), node.Input(0), reciprocal: true);
    }

    private static Normalisation? Match(GraphEditor editor, string difference, string deviation, bool reciprocal)
    {
        bool isCentred = Centred(editor, difference) is not null;
        if ((Centred(editor, difference) ?? Uncentred(editor, difference, deviation)) is not { } centre)
            return null;
        TensorType type = editor.TypeOf(centre.X);
        float[]? scale = null;
        if (reciprocal && editor.Producer(deviation) is { } scaled && scaled.Is<MulOperator>()
            && editor.Constant(scaled.Input(1)) is { } constant)
        {
            if (scaled.HasActivation() || ConstantArithmetic.AlongAxis(constant, type, centre.Axis) is not { } values)
                return null;
            scale = [.. values];
            deviation = scaled.Input(0);
        }
        if (!BroadcastsAlong(editor, deviation, type, centre.Axis))
            return null;
        if (reciprocal)
        {
            if (Producer(editor, deviation) is not { } inverse || !inverse.Is<ReciprocalOperator>())
                return null;
            deviation = inverse.Input(0);
        }
        if (Producer(editor, deviation) is not { } root || !root.Is<SqrtOperator>() || Producer(editor, root.Input(0)) is not { } sum
            || !sum.Is<AddOperator>()
            || sum.HasActivation() || Elementwise.Uniform(editor.Constant(sum.Input(1))) is not { } epsilon || !(epsilon >= 0))
            return null;
        return (isCentred ? IsVariance(editor, sum.Input(0), difference, centre) : IsMeanSquare(editor, sum.Input(0), centre))
            ? new(centre.X, centre.Axis, epsilon, scale, isCentred) : null;
    }

    // x itself, with the axis of the mean that its divisor comes from.
    private static (string X, int Axis, string Mean)? Uncentred(GraphEditor editor, string value, string deviation)
    {
        for (int steps = 0; steps < 5 && Producer(editor, deviation) is { } node; steps++)
        {
            if (Mean(editor, deviation) is { } mean)
                return editor.TypeOf(mean.Of) == editor.TypeOf(value) ? (value, mean.Axis, mean.Value) : null;
            deviation = node.Input(0);
        }
        return null;
    }

    private static bool IsMeanSquare(GraphEditor editor, string value, (string X, int Axis, string Mean) centre) =>
        Mean(editor, value) is { } mean && mean.Axis == centre.Axis && IsSquare(editor, mean.Of, v => v == centre.X);

    // x − mean(x) along one axis.
    private static (string X, int Axis, string Mean)? Centred(GraphEditor editor, string value)
    {
        if (editor.Producer(value) is not { } node || !node.Is<SubOperator>() || node.HasActivation()
            || Mean(editor, node.Input(1)) is not { } mean
            || mean.Of != node.Input(0) || !BroadcastsAlong(editor, node.Input(1), editor.TypeOf(node.Input(0)), mean.Axis))
            return null;
        return (node.Input(0), mean.Axis, mean.Value);
    }

    private static bool IsVariance(GraphEditor editor, string value, string difference, (string X, int Axis, string Mean) centre)
    {
        // Exporters guard mean(x²) − mean(x)² against negative rounding errors.
        while (Producer(editor, value) is { } guard && Elementwise.Bounds(editor, guard) is (<= 0, float.PositiveInfinity))
            value = guard.Input(0);
        if (Mean(editor, value) is { } mean)
            return mean.Axis == centre.Axis && IsSquare(editor, mean.Of, v => v == difference);
        if (Producer(editor, value) is not { } sub || !sub.Is<SubOperator>())
            return false;
        if (sub.HasActivation()
            && (sub.ActivationBounds() is not (<= 0, float.PositiveInfinity)))
            return false;
        return Mean(editor, sub.Input(0)) is { } meanSquare && meanSquare.Axis == centre.Axis
            && IsSquare(editor, meanSquare.Of, v => v == centre.X)
            && IsSquare(editor, sub.Input(1), v => Mean(editor, v)?.Value == centre.Mean);
    }

    private static bool IsSquare(GraphEditor editor, string value, Func<string, bool> of)
    {
        if (Producer(editor, value) is not { } node || node.HasActivation())
            return false;
        return (node.Is<MulOperator>() && node.Input(0) == node.Input(1) && of(node.Input(0)))
            || (node.Is<PowOperator>() && Elementwise.Uniform(editor.Constant(node.Input(1))) == 2f && of(node.Input(0)));
    }

    // A mean along one axis, under whatever shape: what it is the mean of, the axis, and the mean as it was computed.
    private static (string Of, int Axis, string Value)? Mean(GraphEditor editor, string value)
    {
        if (Producer(editor, value) is not { } node || !node.Is<ReduceMeanOperator>()
            || editor.Constant(node.Input(1))?.ToInt64() is not [long axis])
            return null;
        return (node.Input(0), Shapes.Axis(axis, editor.TypeOf(node.Input(0)).Rank), node.Outputs[0]);
    }

    // The node behind any Reshape, or Expand that repeats.
    private static Node? Producer(GraphEditor editor, string value)
    {
        while (editor.Producer(value) is { } node)
        {
            if (!ReshapeMerging.KeepsElementOrder(editor, node) && !node.Is<ExpandOperator>())
                return node;
            value = node.Input(0);
        }
        return null;
    }

    // Whether a value has one element for each row along the axis, and is repeated along that axis only. As the mean that it comes
    // from has as many elements, no Expand on the way can have repeated any.
    private static bool BroadcastsAlong(GraphEditor editor, string value, TensorType type, int axis)
    {
        if (editor.Producer(value) is { } expand && expand.Is<ExpandOperator>() && editor.TypeOf(value) == type)
            value = expand.Input(0);
        TensorType own = editor.TypeOf(value);
        return own.Rank == type.Rank && own.Dimensions.AsSpan().SequenceEqual(type.Dimensions.SetItem(axis, 1).AsSpan());
    }

    private static float[] Filled(int length, float value)
    {
        var values = new float[length];
        Array.Fill(values, value);
        return values;
    }

    /// <summary>What is normalised, along which axis, with which addend under the root and which scale multiplied into the
    /// reciprocal, and whether the mean is taken off first.</summary>
    private sealed record Normalisation(string X, int Axis, float Epsilon, float[]? Scale, bool IsCentred);
}
