using System.Collections.Immutable;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization.Synthetic;

/// <summary>
/// Calibration samples for models without data. Where the item declares what callers pass, they are evenly distributed over that. Else
/// nothing tells what the model reads, and the samples are of several kinds of very different size: they do not show ranges, but which
/// ranges depend on the input (<see cref="UnsettledRanges"/>).
/// </summary>
/// <remarks>
/// What a model remembers of its training (batch norms) does not replace data: noise that fits the statistics best gave ranges with which
/// networks on normalised images lost 8 points.
/// </remarks>
internal static class SyntheticCalibration
{
    /// <summary>The number of samples made unless told otherwise.</summary>
    public const int DefaultCount = 64;

    /// <summary>Makes samples.</summary>
    /// <param name="original">The graph as imported.</param>
    /// <param name="count">The number of samples.</param>
    /// <param name="ranges">Declared ranges by input name; they are used as they are.</param>
    /// <exception cref="Diagnostics.ModelException">One evaluation of the model takes more memory than there may be.</exception>
    public static SampleSet Create(
        Graph original, int count = DefaultCount, IReadOnlyDictionary<string, (double Low, double High)>? ranges = null)
    {
        new GraphEvaluator(original).RequireMemory();
        var integers = IntegerInputs.Bounds(original);
        ImmutableSortedDictionary<string, (double Low, double High)> states = StateInputs.Ranges(original);
        ranges = ranges is null ? states : states.SetItems(ranges);
        ImmutableArray<string> texts = StringFlow.Texts(original);
        ImmutableArray<string> unknown = [.. original.Inputs.Where(i =>
            original.TypeOf(i).Element.IsFloat() && ranges?.ContainsKey(i) != true)];
        var normalisation = LeadingNormalisation.Of(original);
        ImmutableArray<InputNoise> kinds = [.. (unknown.IsEmpty ? [InputNoise.Uniform(0, 1)] : Plausible).Select(Declared)];

        // Also for a table whose columns need not fill the range that is declared for all of them.
        if (!normalisation.IsEmpty && (!unknown.IsEmpty || !original.Inputs.Any(i => IsImage(original.TypeOf(i)))))
            kinds = kinds.Add(InputNoise.Normal().Undoing(normalisation).Declared(null, integers, texts));
        return new(new SyntheticSamples(original, kinds, count), Synthetic: true) 
        {
            MadeUp = new(kinds.Length, unknown, HasCodes: original.Inputs.Any(integers.ContainsKey)),
        };

        InputNoise Declared(InputNoise kind) => kind.Declared(ranges, integers, texts);
    }

    // What nobody can exclude: small and large, with and without negative values.
    private static InputNoise[] Plausible =>
        [InputNoise.Uniform(0, 1), InputNoise.Normal(), InputNoise.Uniform(0, 255), InputNoise.Normal().Through(100, 0)];

    // Four axes with one, three or four channels on either side.
    private static bool IsImage(TensorType type) =>
        type is { Element: ElementType.Float32, Rank: 4 } && (type.Dimensions[1] is 1 or 3 or 4 || type.Dimensions[3] is 1 or 3 or 4);
}
