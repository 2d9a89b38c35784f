using System.Collections;
using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;

namespace OptimizerBuild.Data;

/// <summary>Matches a data set's arrays to a graph's inputs and splits them into samples of exactly the inputs' types.</summary>
internal static class SampleSplitter
{
    /// <summary>
    /// Samples of the graph's inputs, with their labels where the data has some. An input with a leading dimension N takes N consecutive
    /// rows for each sample. Samples are made when they are asked for, so that a data set is not held twice.
    /// </summary>
    /// <param name="data">The data.</param>
    /// <param name="graph">The model.</param>
    /// <param name="adaptation">How the data becomes what the model expects.</param>
    /// <param name="maximum">At most so many samples, evenly spread over the data.</param>
    /// <exception cref="ModelException">The data does not fit the model.</exception>
    public static SampleSet ToSamples(DataSet data, Graph graph, InputAdaptation adaptation, int maximum = int.MaxValue)
    {
        var sources = ImmutableArray.CreateBuilder<InputSource>();
        int? samples = null;
        foreach (string input in graph.Inputs)
        {
            TensorType type = graph.TypeOf(input);
            var source = Match(data, graph, input, type, adaptation);
            if (source.Samples != (samples ??= source.Samples))
                throw Mismatch(data, $"{samples} samples for each input",
                    $"{source.Samples} for input '{input}' ({source.Array.Name} {source.Array.Value.Type})");
            sources.Add(source);
        }
        if (samples is not > 0)
            throw Mismatch(data, "at least one sample", data.Describe());
        int taken = Math.Min(samples.Value, maximum);
        var list = new SampleList(sources.ToImmutable(), samples.Value, taken);
        RequireNumbers(data, graph, sources, list);
        return new SampleSet(list, Synthetic: false)
        {
            // Where the whole table is input, its last column is no label.
            Labels = data.Labels is { } labels
                && !sources.Any(s => ReferenceEquals(s.Array.Value, data.Table) || s.Array.Name == data.LabelName)
                ? LabelsOf(labels, samples.Value, taken)
                : null,
            Data = data,
            Diagnostics = [.. sources.Where(s => s.IsBytesAsTheyAre).Select(s =>
                Diagnostic.Of(DiagnosticCatalog.BytesWithoutScale, null, s.Array.Name, s.Input))],
        };
    }

    // The rows of the samples that are taken. Labels that cannot be shared out have no such rows.
    private static Tensor? LabelsOf(Tensor labels, int total, int taken)
    {
        if (taken == total)
            return labels;
        if (labels.Count == 0 || labels.Count % total != 0)
            return null;
        int each = labels.Count / total;
        ImmutableArray<int> shape = labels.Dimensions[0] == total ? [taken, .. labels.Dimensions[1..]] : [taken * each];
        Tensor rows = Tensor.Zeros(new TensorType(labels.Element, shape));
        for (int i = 0; i < taken; i++)
            Array.Copy(labels.Data, OriginalIndex(i, taken, total) * each, rows.Data, i * each, each);
        return rows;
    }

    /// <summary>The index in the data of the sample that stands at <paramref name="index"/> when <paramref name="taken"/> of <paramref
    /// name="total"/> are taken.</summary>
    public static int OriginalIndex(int index, int taken, int total) => (int)((long)index * total / taken);

    private static InputSource Match(DataSet data, Graph graph, string input, TensorType type, InputAdaptation adaptation)
    {
        ImmutableArray<int> expected = adaptation.DataDimensions(graph, input);
        (NamedArray? array, NamedArray? instead) = Candidates(data, graph, input);
        if (array is not null && instead is not null && !Fits(array.Value, expected) && Fits(instead.Value, expected))
            array = instead;
        if (array is null)
            throw Mismatch(data, $"an array named '{input}' ({Describe(type.Element, expected)})", data.Describe());
        if (!Fits(array.Value, expected))
        {
            string hint = type.Rank == 4 && adaptation.Layout == ImageLayout.NCHW && Fits(array.Value,
                [expected[0], .. expected[2..], expected[1]])
                ? "; these look like images with channels last: set InputLayout=\"NHWC\"" : "";
            throw Mismatch(data, $"{Describe(type.Element, expected)} for input '{input}'", $"{array.Name} {array.Value.Type}{hint}");
        }
        int perSample = type.Rank == 0 ? 1 : type.Count;
        if (array.Value.Count % Math.Max(1, perSample) != 0)
            throw Mismatch(data, $"a multiple of {expected[0]} rows for input '{input}' (one batch a sample)",
                $"{array.Name} {array.Value.Type}");
        var conversion = new ElementConversion(data, array, input, type.Element);
        var (scale, offset) = Scaling(data, graph, input, type, array.Value.Element, adaptation);
        return new InputSource(array with { Value = conversion.Checked() }, type, perSample, perSample == 0 ? 0
            : array.Value.Count / perSample,
            adaptation.MovesChannels(graph, input), InputAdaptation.ChannelAxis(graph, input), scale, offset)
        {
            Input = input,
            IsBytesAsTheyAre = !adaptation.IsScaleGiven && IsImageOfBytes(array.Value, type),
        };
    }

    // One value that is no number would make every range and every figure no number, unless the model takes missing values.
    private static void RequireNumbers(DataSet data, Graph graph, IEnumerable<InputSource> sources, SampleList samples)
    {
        foreach (InputSource source in sources)
        {
            (NamedArray array, ElementType target) = (source.Array, source.Type.Element);
            if (!target.IsFloat() || !array.Value.Element.IsFloat())
                continue;
            for (int i = 0; i < array.Value.Count; i++)
            {
                if (ElementConversion.Real(array.Value, i) is var value && double.IsFinite(value))
                    continue;
                if (MissingValues.Obstacle(graph, samples.Where(s => !s.All(MissingValues.IsFinite))) is { } obstacle)
                    throw Mismatch(data, $"finite numbers (others {obstacle} does not take)",
                        FormattableString.Invariant($"{value} at position {i} of {array.Name} {array.Value.Type}"));
                return;
            }
        }
    }

    // Bytes of pictures, which networks hardly ever take as they are. Tables and masks of 0 and 1 are others.
    private static bool IsImageOfBytes(Tensor array, TensorType type)
    {
        if (type.Element != ElementType.Float32 || type.Rank < 3 || array.Element != ElementType.UInt8)
            return false;
        foreach (byte value in array.Values<byte>())
            if (value > 1)
                return true;
        return false;
    }

    // The array of the input's name; for a model with one input also the only array, 'x', or the only one that is no label.
    private static (NamedArray? First, NamedArray? Second) Candidates(DataSet data, Graph graph, string input)
    {
        NamedArray? table = data.Table is { } whole && graph.Inputs.Length == 1 ? new NamedArray("the table", whole) : null;
        NamedArray? named = data.Arrays.FirstOrDefault(a => a.Name == input);
        if (named is not null || graph.Inputs.Length > 1)
            return (named ?? data.Arrays.FirstOrDefault(a => a.Name == $"input_{graph.Inputs.IndexOf(input)}"), table);
        NamedArray[] others = [.. data.Arrays.Where(a => a.Name != data.LabelName)];
        if (data.Arrays.FirstOrDefault(a => a.Name == CsvTableReader.FeaturesName) is { } features)
            return (features, table);
        return (others.Length == 1 ? others[0] : data.Arrays.Length == 1 ? data.Arrays[0] : null, table);
    }

    /// <summary>
    /// Whether the rows of an array can be the rows of an input, or whole inputs: the same dimensions when those of size one are left
    /// out, or one of the two is flat and the element counts agree. Anything else (transposed images) would be read in the wrong order.
    /// </summary>
    private static bool Fits(Tensor array, ImmutableArray<int> input)
    {
        if (input.Length == 0)
            return array.Rank == 0 || array.Dimensions[1..].All(d => d == 1);
        return array.Rank > 0 && (SameElements(array.Dimensions[1..], input[1..]) || SameElements(array.Dimensions[1..], input));
    }

    private static bool SameElements(ImmutableArray<int> array, ImmutableArray<int> input)
    {
        int[] rows = [.. array.Where(d => d != 1)];
        int[] own = [.. input.Where(d => d != 1)];
        if (rows.AsSpan().SequenceEqual(own))
            return true;
        return (rows.Length <= 1 || own.Length <= 1) && Shapes.Count(rows) == Shapes.Count(own);
    }

    private static (double[]? Scale, double[]? Offset) Scaling(
        DataSet data, Graph graph, string input, TensorType type, ElementType element, InputAdaptation adaptation)
    {
        if (type.Element != ElementType.Float32 || element.IsFloat() || element.IsNarrowFloat())
            return (null, null);
        int axis = InputAdaptation.ChannelAxis(graph, input);
        int channels = type.Rank == 0 ? 1 : type.Dimensions[axis];
        foreach ((string name, ImmutableArray<double> values) in (ReadOnlySpan<(string, ImmutableArray<double>)>)[("InputScale",
            adaptation.Scale), ("InputOffset", adaptation.Offset)])
            if (values.Length != 1 && values.Length != channels)
                throw Mismatch(data, $"one value or {channels} values (channels of input '{input}') in {name}", $"{values.Length}");
        return (Spread(adaptation.Scale, channels), Spread(adaptation.Offset, channels));
    }

    private static double[] Spread(ImmutableArray<double> values, int channels) =>
        values.Length == channels ? [.. values] : [.. Enumerable.Repeat(values[0], channels)];

    private static string Describe(ElementType element, ImmutableArray<int> dimensions)
    {
        string type = element.ToString().ToLowerInvariant();
        if (dimensions.Length == 0)
            return $"{type}[samples]";
        string rows = dimensions[0] == 1 ? "samples" : FormattableString.Invariant($"samples·{dimensions[0]}");
        return $"{type}[{string.Join(',', dimensions[1..].Select(d => FormattableString.Invariant($"{d}")).Prepend(rows))}]";
    }

    private static ModelException Mismatch(DataSet data, string expected, string found) =>
        new(DiagnosticCatalog.DataMismatch, data.Source, expected, found);

    /// <summary>Where one input's samples come from.</summary>
    private sealed record InputSource(
        NamedArray Array, TensorType Type, int Elements, int Samples, bool MovesChannels, int ChannelAxis, double[]? Scale,
            double[]? Offset)
    {
        /// <summary>The input.</summary>
        public required string Input { get; init; }

        /// <summary>Whether bytes of images are taken for reals without the user's having said so.</summary>
        public bool IsBytesAsTheyAre { get; init; }

        /// <summary>The tensor of one sample.</summary>
        public Tensor Sample(int index)
        {
            Tensor result = ElementConversion.Convert(Array.Value, index * Elements, Type);
            if (MovesChannels)
                result = ChannelsSecond(result, Type);
            if (Scale is not null && Offset is not null)
                Rescale(result.Values<float>());
            return result;
        }

        private void Rescale(float[] values)
        {
            int channels = Scale!.Length;
            int inner = Type.Rank == 0 ? 1 : Shapes.Count(Type.Dimensions.AsSpan()[(ChannelAxis + 1)..]);
            for (int i = 0; i < values.Length; i++)
            {
                int c = i / inner % channels;
                values[i] = (float)((values[i] * Scale[c]) + Offset![c]);
            }
        }

        private static Tensor ChannelsSecond(Tensor nhwc, TensorType nchw)
        {
            float[] from = nhwc.Values<float>();
            var to = new float[from.Length];
            int channels = nchw.Dimensions[1];
            int pixels = nchw.Dimensions[2] * nchw.Dimensions[3];
            for (int n = 0; n < nchw.Dimensions[0]; n++)
                for (int p = 0; p < pixels; p++)
                    for (int c = 0; c < channels; c++)
                        to[(((n * channels) + c) * pixels) + p] = from[(((n * pixels) + p) * channels) + c];
            return new Tensor(nchw, to);
        }
    }

    /// <summary>The samples, made when indexed.</summary>
    private sealed class SampleList(ImmutableArray<InputSource> sources, int total, int taken) : IReadOnlyList<IReadOnlyList<Tensor>>
    {
        public int Count => taken;

        public IReadOnlyList<Tensor> this[int index]
        {
            get
            {
                ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)taken, nameof(index));
                int original = OriginalIndex(index, taken, total);
                return [.. sources.Select(s => s.Sample(original))];
            }
        }

        public IEnumerator<IReadOnlyList<Tensor>> GetEnumerator()
        {
            for (int i = 0; i < taken; i++)
                yield return this[i];
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
