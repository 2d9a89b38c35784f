using System.Collections.Immutable;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Recurrent;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Recovery;

/// <summary>
/// Varies samples before a model learns from them: images move and are mirrored, spectrograms lose some steps of time or some
/// frequencies (SpecAugment: D. Park et al. 2019, arXiv 1904.08779, section 2, without warping). The teacher is asked about what has become
/// of a sample, so that the answers fit. Draws follow from a name alone: the same in every build, on any number of threads.
/// </summary>
internal sealed class SampleVariation
{
    private readonly Augmentation _asked;
    private readonly int _rows;
    private readonly int _columns;
    private readonly int _planes;
    private readonly int _pixel;

    private SampleVariation(Augmentation asked, int input, int planes, int rows, int columns, int pixel) =>
        (_asked, Input, _planes, _rows, _columns, _pixel) = (asked, input, planes, rows, columns, pixel);

    /// <summary>The place of the input that is varied.</summary>
    public int Input { get; }

    /// <summary>What varies the samples of a model; null where nothing but mixing is asked for.</summary>
    /// <param name="asked">What the item asks for.</param>
    /// <param name="graph">The model, with one sample.</param>
    /// <exception cref="ModelException">The model's inputs have no rows and columns, or too few.</exception>
    public static SampleVariation? Of(Augmentation asked, Graph graph)
    {
        string[] terms = [.. asked.TermsOfPlanes];
        if (terms.Length == 0)
            return null;
        int[] fitting = [.. Enumerable.Range(0, graph.Inputs.Length).Where(i => IsPlanes(graph.TypeOf(graph.Inputs[i])))];
        if (fitting is not [var input])
        {
            throw Unfit(string.Join(';', terms), "it needs one float32 input [1, rows, columns], [1, channels, rows, columns] or [1, rows, "
                + $"columns, channels], and the model has {string.Join(", ", graph.Inputs.Select(i => $"'{i}' of {graph.TypeOf(i)}"))}");
        }
        TensorType type = graph.TypeOf(graph.Inputs[input]);
        bool isLast = InputAdaptation.IsChannelsLast(graph, graph.Inputs[input]);
        ReadOnlySpan<int> shape = type.Dimensions.AsSpan();
        (int planes, int rows, int columns, int pixel) = type.Rank == 3 ? (1, shape[1], shape[2], 1)
            : isLast ? (1, shape[1], shape[2], shape[3]) : (shape[1], shape[2], shape[3], 1);
        if ((asked.Shift > 0 || asked.Flip) && type.Rank == 3 && IsSequence(graph, graph.Inputs[input]))
        {
            throw Unfit(terms[0], $"the columns of '{graph.Inputs[input]}' are features of the steps of a sequence, which mean something "
                + "else beside their places; TimeMask=… and FrequencyMask=… are for these");
        }
        if (asked.Shift * 2 >= Math.Min(rows, columns))
            throw Unfit(terms[0], $"the input has {rows} rows and {columns} columns, and half of the fewer must stay");
        if (asked.TimeMask >= rows)
            throw Unfit(FormattableString.Invariant($"TimeMask={asked.TimeMask}"), $"the input has {rows} rows, of which some must stay");
        if (asked.FrequencyMask >= columns)
            throw Unfit(FormattableString.Invariant($"FrequencyMask={asked.FrequencyMask}"),
                $"the input has {columns} columns, of which some must stay");
        return new(asked, input, planes, rows, columns, pixel);
    }

    /// <summary>Varies one sample.</summary>
    /// <param name="sample">Its numbers; replaced.</param>
    /// <param name="copy">As many numbers of no meaning; replaced.</param>
    /// <param name="random">What is drawn from, always as many numbers.</param>
    public void Apply(Span<float> sample, Span<float> copy, RandomSource random)
    {
        int down = random.NextBelow((2 * _asked.Shift) + 1) - _asked.Shift, right = random.NextBelow((2 * _asked.Shift) + 1) - _asked.Shift;
        bool mirrors = random.NextBelow(2) == 1 && _asked.Flip;
        (int firstRow, int rows) = Masked(_asked.TimeMask, _rows, random);
        (int firstColumn, int columns) = Masked(_asked.FrequencyMask, _columns, random);
        if (down != 0 || right != 0 || mirrors)
            Move(sample, copy, down, right, mirrors);
        if (rows + columns > 0)
            Mask(sample, firstRow, rows, firstColumn, columns);
    }

    private static bool IsPlanes(TensorType type) => type is { Element: ElementType.Float32, Rank: 3 or 4 }
        && type.Dimensions[0] == 1 && type.Dimensions.Count(d => d > 1) >= 2;

    // Whether the first layers that read an input take it row by row: an image is read by a convolution over rows and columns, flat, or
    // in patches, of which neither the number nor the size is that of its rows or columns.
    private static bool IsSequence(Graph graph, string input)
    {
        GraphIndex index = GraphIndex.Of(graph);
        ImmutableArray<int> sides = graph.TypeOf(input).Dimensions;
        var open = new Stack<string>([input]);
        var seen = new HashSet<string>(StringComparer.Ordinal) { input };
        while (open.TryPop(out string? value))
        {
            foreach (Node reader in index.Readers(value))
            {
                if (reader.Is<RecurrentOperator>())
                    return true;
                TensorType type = graph.TypeOf(value);
                if (reader.Is<IDotProduct>())
                {
                    if ((type.Rank == 3 || (reader.Is<IMatrixProduct>() && type.Rank > 1 && type.Dimensions[^2] > 1))
                        && type.Dimensions.Any(d => d > 1 && sides.Contains(d)))
                        return true;
                }
                else
                {
                    foreach (string output in reader.Outputs.Where(o => graph.Types.ContainsKey(o) && seen.Add(o)))
                        open.Push(output);
                }
            }
        }
        return false;
    }

    // What comes in from outside repeats the edge: whatever a model's numbers mean, those of an edge are among what it knows.
    private void Move(Span<float> sample, Span<float> copy, int down, int right, bool mirrors)
    {
        sample.CopyTo(copy);
        int at = 0;
        for (int plane = 0; plane < _planes; plane++)
        {
            for (int y = 0; y < _rows; y++)
            {
                int row = ((plane * _rows) + Math.Clamp(y - down, 0, _rows - 1)) * _columns;
                for (int x = 0; x < _columns; x++)
                {
                    int from = Math.Clamp((mirrors ? _columns - 1 - x : x) - right, 0, _columns - 1);
                    for (int c = 0; c < _pixel; c++)
                        sample[at++] = copy[((row + from) * _pixel) + c];
                }
            }
        }
    }

    private static (int First, int Count) Masked(int most, int length, RandomSource random)
    {
        int count = random.NextBelow(most + 1);
        return (random.NextBelow(length - count + 1), count);
    }

    // The sample's mean takes the place of what is lost: zero where samples are centred.
    private void Mask(Span<float> sample, int firstRow, int rows, int firstColumn, int columns)
    {
        double sum = 0;
        foreach (float value in sample)
            sum += value;
        float mean = (float)(sum / sample.Length);
        int at = 0;
        for (int plane = 0; plane < _planes; plane++)
            for (int y = 0; y < _rows; y++)
                for (int x = 0; x < _columns; x++, at += _pixel)
                    if ((uint)(y - firstRow) < (uint)rows || (uint)(x - firstColumn) < (uint)columns)
                        sample.Slice(at, _pixel).Fill(mean);
    }

    private static ModelException Unfit(string terms, string why) => new(DiagnosticCatalog.AugmentDoesNotFit, terms, why);
}
