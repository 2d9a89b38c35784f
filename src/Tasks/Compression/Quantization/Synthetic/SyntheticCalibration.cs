using System.Collections.Immutable;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization.Synthetic;

/// <summary>
/// Calibration samples for models without data. There are several plausible kinds of noise: bytes, unit intervals and standard
/// normal values, rough and smooth, also as the normalisation at the model's start suggests. Where the model has batch norms, which
/// remember mean and variance of what they saw in training, the kind, also scaled to the first batch norm, whose statistics come
/// closest at all of them wins (the idea of ZeroQ, Y. Cai et al. 2020, arXiv 2001.00281, with a choice in the place of an optimisation).
/// </summary>
internal static class SyntheticCalibration
{
    /// <summary>The number of samples made unless told otherwise.</summary>
    public const int DefaultCount = 64;

    // Samples on which the kinds compete.
    private const int Trials = 4;

    /// <summary>Makes samples.</summary>
    /// <param name="original">The graph as imported: batch norms not yet folded.</param>
    /// <param name="count">The number of samples.</param>
    /// <param name="ranges">Declared ranges by input name; they are used as they are.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="Diagnostics.ModelException">One evaluation of the model takes more memory than there may be.</exception>
    public static SampleSet Create(
        Graph original,
        int count = DefaultCount,
        IReadOnlyDictionary<string, (double Low, double High)>? ranges = null,
        CancellationToken cancellation = default)
    {
        new GraphEvaluator(original).RequireMemory();
        var batchNorms = BatchNormMoments.Of(original);
        ImmutableArray<InputNoise> kinds = Kinds(original, ranges);
        InputNoise best = kinds[0];
        if (!batchNorms.IsEmpty && kinds.Length > 1)
        {
            if (batchNorms.Matched(original, Samples(original, kinds[0], Trials), cancellation) is { } matched)
                kinds = [.. kinds, .. kinds.Where(k => k.Name == kinds[0].Name).Select(k => k.Through(matched.Gain, matched.Offset))];
            double least = double.PositiveInfinity;
            foreach (InputNoise kind in kinds)
            {
                double distance = batchNorms.Distance(original, Samples(original, kind, Trials), cancellation);
                if (distance < least)
                    (least, best) = (distance, kind);
            }
        }
        else if (kinds.Any(k => k.Name == Bytes.Name))
        {
            // Nothing tells the range: between the most plausible kind and bytes the first layer's weights decide.
            InputNoise bytes = kinds.First(k => k.Name == Bytes.Name);
            if (Spread(best) is { } plain && Spread(bytes) is { } raw && raw < plain)
                best = bytes;
        }
        return new(Samples(original, best, count), Synthetic: true);

        double? Spread(InputNoise kind) => FirstLayerSpread.Distance(original, Samples(original, kind, Trials), cancellation);
    }

    private static InputNoise Bytes => InputNoise.Uniform(0, 255);

    private static SyntheticSamples Samples(Graph graph, InputNoise kind, int count) => new(graph, kind, count);

    // The kinds in the order of their plausibility: without batch norms the first one is taken.
    private static ImmutableArray<InputNoise> Kinds(Graph graph, IReadOnlyDictionary<string, (double Low, double High)>? ranges)
    {
        var integers = IntegerInputs.Bounds(graph);
        ImmutableArray<string> texts = StringFlow.Texts(graph);
        if (graph.Inputs.All(i => graph.TypeOf(i).Element != ElementType.Float32 || ranges?.ContainsKey(i) == true))
            return [InputNoise.Uniform(0, 1).Declared(ranges, integers, texts)];
        var normalisation = LeadingNormalisation.Of(graph);
        bool image = graph.Inputs.Any(i => IsImage(graph.TypeOf(i)));
        var kinds = new List<InputNoise>();
        if (!normalisation.IsEmpty)
            kinds.Add(InputNoise.Normal().Undoing(normalisation));
        InputNoise[] plain = [InputNoise.Uniform(0, 1), InputNoise.Normal(), InputNoise.Uniform(-1, 1)];
        kinds.AddRange(image ? plain : [plain[1], plain[0], plain[2]]);
        if (image && normalisation.IsEmpty)
            kinds.Add(Bytes);
        return [.. kinds.Select(k => k.Declared(ranges, integers, texts))];
    }

    // Four axes with one, three or four channels on either side.
    private static bool IsImage(TensorType type) =>
        type is { Element: ElementType.Float32, Rank: 4 } && (type.Dimensions[1] is 1 or 3 or 4 || type.Dimensions[3] is 1 or 3 or 4);
}
