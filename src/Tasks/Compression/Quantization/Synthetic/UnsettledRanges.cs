using System.Collections.Immutable;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization.Synthetic;

/// <summary>
/// The values of a graph whose range nobody knows, because several kinds of input are plausible and the values reach differently far with
/// each. Eight bits over a range that is far too wide hold little, and a range that is too narrow cuts off what matters, so that such
/// values get no range at build time: dot products that read them measure it at run time, other nodes read them in float32.
/// </summary>
internal sealed class UnsettledRanges
{
    // How much farther a value may reach with one kind of input than with another. With 2 a perceptron had 2 % more error than its
    // calibrated self, and a residual network lost 0.6 points.
    private const double Tolerance = 1.5;

    // A rough one and a smooth one.
    private const int SamplesOfAKind = 2;

    private readonly ImmutableHashSet<string> _values;

    private UnsettledRanges(ImmutableHashSet<string> values) => _values = values;

    /// <summary>All ranges are known.</summary>
    public static UnsettledRanges None { get; } = new(ImmutableHashSet.Create<string>(StringComparer.Ordinal));

    /// <summary>Whether all ranges are known.</summary>
    public bool IsEmpty => _values.IsEmpty;

    /// <summary>Whether nobody knows the range of a value.</summary>
    public bool Contains(string value) => _values.Contains(value);

    /// <summary>Compares the kinds of input that samples were made up of.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="data">The samples.</param>
    /// <param name="budget">Counts the work.</param>
    /// <param name="cancellation">Stops the work.</param>
    public static UnsettledRanges Of(Graph graph, SampleSet data, WorkBudget budget, CancellationToken cancellation)
    {
        if (data.MadeUp is not { } made || made is { Kinds: 1, UnknownInputs.IsEmpty: true, HasCodes: false })
            return None;
        var evaluator = new GraphEvaluator(graph);
        var extents = new Dictionary<string, double>[made.Kinds];
        Parallel.For(0, made.Kinds, EvaluationWorkers.Of(evaluator.LiveBytes, cancellation), kind =>
        {
            var own = new Dictionary<string, double>(StringComparer.Ordinal);
            for (int i = kind; i < Math.Min(SamplesOfAKind * made.Kinds, data.Samples.Count); i += made.Kinds)
                evaluator.Evaluate(data.Samples[i], (name, value) =>
                {
                    if (value.Element == ElementType.Float32)
                        own[name] = Math.Max(own.GetValueOrDefault(name), Extent(value));
                }, cancellation);
            extents[kind] = own;
        });
        budget.Count(made.Kinds * SamplesOfAKind * new QuantizableGraph(graph).Work);
        return new(extents[0].Keys
            .Where(name => extents.Max(e => e.GetValueOrDefault(name)) > Tolerance * extents.Min(e => e.GetValueOrDefault(name)))
            .Concat(made.UnknownInputs)
            .Concat(made.HasCodes ? graph.Nodes.Where(n => DependsOnRows(graph, n)).SelectMany(n => n.Outputs) : [])
            .ToImmutableHashSet(StringComparer.Ordinal));
    }

    // Rows of a constant table have a known range, and so has what is bounded on both sides.
    private static bool DependsOnRows(Graph graph, Node node) =>
        node.Inputs.Any(i => i.Length > 0 && !graph.IsConstant(i) && graph.TypeOf(i).Element == ElementType.Float32)
        && node.ActivationBounds() is not ( > float.NegativeInfinity, < float.PositiveInfinity);

    private static double Extent(Tensor value)
    {
        double extent = 0;
        foreach (float v in value.Values<float>())
            if (float.IsFinite(v))
                extent = Math.Max(extent, Math.Abs(v));
        return extent;
    }
}
