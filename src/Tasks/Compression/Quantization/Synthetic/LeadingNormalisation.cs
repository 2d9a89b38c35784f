using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;

namespace OptimizerBuild.Compression.Quantization.Synthetic;

/// <summary>
/// What a model does first to its float inputs: additions of and multiplications by constants. It tells the inputs' range, because
/// networks are trained on values of mean 0 and deviation 1 or so.
/// </summary>
/// <param name="Maps">For each input <c>Factor · x + Shift</c>, each a constant that broadcasts to the input's shape.</param>
internal sealed record LeadingNormalisation(ImmutableSortedDictionary<string, (double[] Factor, double[] Shift)> Maps)
{
    /// <summary>No input is normalised.</summary>
    public static LeadingNormalisation None { get; } = new(
        ImmutableSortedDictionary.Create<string, (double[], double[])>(StringComparer.Ordinal));

    /// <summary>Whether no input is normalised.</summary>
    public bool IsEmpty => Maps.IsEmpty;

    /// <summary>Follows each input through the nodes at the model's start.</summary>
    public static LeadingNormalisation Of(Graph graph)
    {
        var maps = ImmutableSortedDictionary.CreateBuilder<string, (double[], double[])>(StringComparer.Ordinal);
        foreach (string input in graph.Inputs)
        {
            TensorType type = graph.TypeOf(input);
            if (type.Element != ElementType.Float32)
                continue;
            double[]? factor = null, shift = null;
            string value = input;
            while (GraphIndex.Of(graph).Readers(value) is [{ Inputs.Length: 2 } node]
                && graph.TypeOf(node.Outputs[0]).Equals(type)
                && Constant(graph, node, value, type) is { } constant
                && Append(node, value, constant, factor ??= [.. Enumerable.Repeat(1.0, type.Count)], shift ??= new double[type.Count]))
                value = node.Outputs[0];
            if (value != input && factor is not null && shift is not null
                && factor.All(f => f != 0 && double.IsFinite(f)) && shift.All(double.IsFinite))
                maps[input] = (factor, shift);
        }
        return maps.Count == 0 ? None : new(maps.ToImmutable());
    }

    /// <summary>The values of an input that the model normalises to the given ones.</summary>
    public float[] Undo(string input, TensorType type, float[] normalised)
    {
        if (!Maps.TryGetValue(input, out (double[] Factor, double[] Shift) map) || map.Factor.Length != type.Count)
            return normalised;
        return [.. normalised.Select((y, i) => (float)((y - map.Shift[i]) / map.Factor[i]))];
    }

    // The other operand, repeated to the input's shape.
    private static double[]? Constant(Graph graph, Node node, string value, TensorType type)
    {
        if (OperatorRegistry.Of(node) is not (AddOperator or SubOperator or MulOperator or DivOperator))
            return null;
        string other = node.Inputs[0] == value ? node.Inputs[1] : node.Inputs[0];
        if (graph.Constant(other) is not { Element: ElementType.Float32 } constant)
            return null;
        int[] target = [.. type.Dimensions];
        int[] strides = Shapes.BroadcastStrides(constant.Dimensions.AsSpan(), target);
        int[] own = Shapes.Strides(target);
        float[] values = constant.Values<float>();
        return [.. Enumerable.Range(0, type.Count).Select(i =>
            (double)values[Enumerable.Range(0, target.Length).Sum(d => i / own[d] % target[d] * strides[d])])];
    }

    private static bool Append(Node node, string value, double[] constant, double[] factor, double[] shift)
    {
        bool first = node.Inputs[0] == value;
        for (int i = 0; i < constant.Length; i++)
        {
            double c = constant[i];
            switch (OperatorRegistry.Of(node))
            {
                case AddOperator:
                    shift[i] += c;
                    break;
                case SubOperator:
                    (factor[i], shift[i]) = first ? (factor[i], shift[i] - c) : (-factor[i], c - shift[i]);
                    break;
                case MulOperator:
                    (factor[i], shift[i]) = (factor[i] * c, shift[i] * c);
                    break;
                case DivOperator when first:
                    (factor[i], shift[i]) = (factor[i] / c, shift[i] / c);
                    break;
                default:
                    return false;
            }
        }
        return true;
    }
}
