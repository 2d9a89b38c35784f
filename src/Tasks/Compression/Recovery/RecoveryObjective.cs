using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Training;

namespace OptimizerBuild.Compression.Recovery;

/// <summary>
/// A student that is to agree with its teacher on samples without labels (G. Hinton, O. Vinyals and J. Dean 2015, arXiv 1503.02531); where
/// the samples have labels, these count as well.
/// </summary>
internal sealed class RecoveryObjective : ITrainingObjective
{
    private const double Temperature = 2;
    private const double WeightOfLabels = 0.3;
    private const double LabelSmoothing = 0.05;
    private const int SamplesOfPower = 64;
    private const double DefaultShareOfMixed = 0.5;

    private readonly Graph _teacher;
    private readonly RecoveryData _data;
    private readonly ImmutableArray<ValueMatch> _matches;
    private readonly double[] _powers;
    private readonly double? _shareOfMixed;
    private readonly int _asked;

    /// <summary>A student and its teacher.</summary>
    /// <param name="student">The student's graph of one sample.</param>
    /// <param name="teacher">The teacher's graph of one sample, with the same inputs.</param>
    /// <param name="data">The samples.</param>
    /// <param name="matches">The values in which they are to agree.</param>
    /// <param name="batch">How many samples a graph takes at a time, where that is possible.</param>
    public RecoveryObjective(Graph student, Graph teacher, RecoveryData data, ImmutableArray<ValueMatch> matches, int batch)
    {
        (_data, _matches, Graph, _teacher, Batch, _asked) = (data, matches, student, teacher, 1, batch);
        if (data.Learned >= batch && BatchedGraph.Of(student, batch) is { } many && BatchedGraph.Of(teacher, batch) is { } manyOfTeacher)
        {
            // Samples of a value in between may lie along another axis, as steps of a sequence come first: outputs and the others serve.
            ImmutableArray<ValueMatch> inRows = [.. matches.Where(m =>
                BatchedGraph.BatchAxis(student.TypeOf(m.Student), many.TypeOf(m.Student), batch) == 0
                && BatchedGraph.BatchAxis(teacher.TypeOf(m.Teacher), manyOfTeacher.TypeOf(m.Teacher), batch) == 0)];
            if (matches.All(m => !m.IsOutput || inRows.Contains(m))
                && AreIndependent(student, many, [.. inRows.Select(m => m.Student)], data, batch)
                && AreIndependent(teacher, manyOfTeacher, [.. inRows.Select(m => m.Teacher)], data, batch))
                (_matches, Graph, _teacher, Batch) = (inRows, many, manyOfTeacher, batch);
        }
        _powers = Powers(teacher, data, _matches);
    }

    /// <summary>What varies samples before they are learned from; null where they stay as they are.</summary>
    public SampleVariation? Variation { get; init; }

    /// <summary>The share of the samples that are mixed with another one; null: half, where samples can be mixed.</summary>
    /// <exception cref="ModelException">Samples cannot be mixed, but the item asks for it.</exception>
    public double? ShareOfMixed
    {
        get => _shareOfMixed;
        init => _shareOfMixed = value is null or 0 || WhyUnmixed is not { } why ? value
            : throw new ModelException(DiagnosticCatalog.AugmentDoesNotFit, FormattableString.Invariant($"Mixup={value:R}"), why);
    }

    /// <inheritdoc/>
    public int Samples => _data.Learned;

    /// <inheritdoc/>
    public int HeldBack => _data.HeldBack;

    /// <inheritdoc/>
    public int Batch { get; }

    /// <inheritdoc/>
    public Graph Graph { get; }

    /// <summary>Whether each sample has a class that is right or wrong.</summary>
    public bool HasClasses => _matches.Any(m => m.IsClasses
        && Graph.TypeOf(m.Student) is var type && type.Count == Batch * type.Dimensions[m.Axis]);

    /// <inheritdoc/>
    public IReadOnlyList<string> Seeded => [.. _matches.Select(m => m.Student)];

    // Numbers of places and of words have no means, and a sample by itself no neighbour.
    private bool Mixes => WhyUnmixed is null && _shareOfMixed != 0;

    private string? WhyUnmixed => Graph.Inputs.Any(i => Graph.TypeOf(i).Element != ElementType.Float32)
        ? "means of numbers of words or of bytes are none: all inputs of the model must be float32"
        : Batch > 1 ? null
        : _data.Learned < _asked
            ? FormattableString.Invariant($"it needs {_asked} samples to learn from, and there are {_data.Learned}")
        : "samples of this model, or of a teacher, cannot be run together, so that none has another one beside it";

    /// <inheritdoc/>
    public ITrainingObjective.IPass NewPass() => new Pass(this);

    // The mean square of what varies of the teacher's values from sample to sample, by which squared differences are divided.
    private static double[] Powers(Graph teacher, RecoveryData data, ImmutableArray<ValueMatch> matches)
    {
        int count = Math.Min(SamplesOfPower, data.Learned);
        var tape = new GradientTape<float>(teacher, []);
        var sums = new double[matches.Length][];
        var squares = new double[matches.Length];
        for (int i = 0; i < count; i++)
        {
            tape.Forward(data.At((int)((long)i * data.Learned / count), heldBack: false));
            for (int m = 0; m < sums.Length; m++)
            {
                float[] values = tape.Value(matches[m].Teacher).Values<float>();
                sums[m] ??= new double[values.Length];
                for (int v = 0; v < values.Length; v++)
                {
                    sums[m][v] += values[v];
                    squares[m] += (double)values[v] * values[v];
                }
            }
        }
        return [.. matches.Select((_, m) => Math.Max(
            ((squares[m] / count) - sums[m].Sum(s => s / count * (s / count))) / Math.Max(sums[m].Length, 1), 1e-12))];
    }

    // Whether several samples at a time give what each gives by itself; rounding apart.
    private static bool AreIndependent(Graph one, Graph many, string[] values, RecoveryData data, int batch)
    {
        IReadOnlyList<Tensor>[] samples = [.. Enumerable.Range(0, batch).Select(i => data.At(i, heldBack: false))];
        GradientTape<float> single = new(one, []), together = new(many, []);
        together.Forward([.. Enumerable.Range(0, one.Inputs.Length).Select(i => Stacked(samples, i, many.TypeOf(many.Inputs[i])))]);
        for (int s = 0; s < batch; s++)
        {
            single.Forward(samples[s]);
            foreach (string value in values)
            {
                float[] own = single.Value(value).Values<float>();
                ReadOnlySpan<float> found = together.Value(value).Values<float>().AsSpan(s * own.Length, own.Length);
                float greatest = own.Max(Math.Abs);
                int far = 0;
                for (int i = 0; i < own.Length; i++)
                    far += Math.Abs(own[i] - found[i]) <= 0.02f * greatest ? 0 : 1;
                if (far > own.Length / 50)
                    return false;
            }
        }
        return true;
    }

    private static Tensor Stacked(ReadOnlySpan<IReadOnlyList<Tensor>> samples, int input, TensorType type)
    {
        Tensor stacked = Tensor.Zeros(type);
        Stack(samples, input, stacked);
        return stacked;
    }

    private static void Stack(ReadOnlySpan<IReadOnlyList<Tensor>> samples, int input, Tensor stacked)
    {
        for (int s = 0, at = 0; s < samples.Length; s++)
        {
            Tensor sample = samples[s][input];
            Array.Copy(sample.Data, 0, stacked.Data, at, sample.Count);
            at += sample.Count;
        }
    }

    private sealed class Pass : ITrainingObjective.IPass
    {
        private readonly RecoveryObjective _objective;
        private readonly GradientTape<float> _tape;
        private readonly Tensor[] _inputs;
        private readonly float[][] _unmixed;
        private readonly float[] _unmoved;
        private readonly float[][] _seeds;
        private readonly int[] _labels;

        public Pass(RecoveryObjective objective)
        {
            _objective = objective;
            _tape = new(objective._teacher, []);
            _inputs = [.. objective.Graph.Inputs.Select(i => Tensor.Zeros(objective.Graph.TypeOf(i)))];
            _unmixed = objective.Mixes ? [.. _inputs.Select(i => new float[i.Count])] : [];
            _unmoved = new float[objective.Variation is { } variation ? _inputs[variation.Input].Count / objective.Batch : 0];
            _seeds = [.. objective._matches.Select(m => new float[objective.Graph.TypeOf(m.Student).Count])];
            _labels = new int[objective.Batch];
        }

        public long Bytes => _tape.Bytes + _seeds.Concat(_unmixed).Append(_unmoved).Sum(s => (long)s.Length * sizeof(float));

        public IReadOnlyList<Tensor> Inputs(ReadOnlySpan<int> samples, long? occasion)
        {
            var tensors = new IReadOnlyList<Tensor>[samples.Length];
            for (int s = 0; s < samples.Length; s++)
            {
                tensors[s] = _objective._data.At(samples[s], heldBack: occasion is null);
                _labels[s] = _objective._data.Label(samples[s], heldBack: occasion is null);
            }
            for (int i = 0; i < _inputs.Length; i++)
                Stack(tensors, i, _inputs[i]);
            if (occasion is { } number)
            {
                if (_objective.Variation is { } variation)
                    Vary(variation, samples.Length, new RandomSource(FormattableString.Invariant($"augment {number}")));
                if (_objective.Mixes)
                    Mix(samples.Length, new RandomSource(FormattableString.Invariant($"mix {number}")));
            }
            _tape.Forward(_inputs);
            return _inputs;
        }

        public (double Loss, int Right) Measure(GradientTape<float> tape, int count, Dictionary<string, float[]>? seeds)
        {
            double loss = 0;
            int right = 0;
            bool counts = true;
            for (int m = 0; m < _seeds.Length; m++)
            {
                ValueMatch match = _objective._matches[m];
                float[] own = tape.Value(match.Student).Values<float>(), other = _tape.Value(match.Teacher).Values<float>();
                Span<float> gradient = seeds is null ? [] : _seeds[m];
                gradient.Clear();
                ReadOnlySpan<int> shape = tape.Value(match.Student).Dimensions.AsSpan();
                int each = own.Length / _objective.Batch, row = match.IsClasses ? shape[match.Axis] : each;
                int apart = match.IsClasses ? Shapes.Count(shape[(match.Axis + 1)..]) : 1;
                var rows = new StridedRows(row, apart);
                for (int at = 0; at < count * each; at += row)
                {
                    ReadOnlySpan<float> student = rows.Read(own, at, 0), teacher = rows.Read(other, at, 1);
                    Span<float> part = seeds is null ? [] : rows.Part(gradient, at);
                    loss += Lost(match, m, student, teacher, match.IsClasses && each == row ? _labels[at / each] : -1,
                        match.Weight * row / each, part);
                    rows.Write(part, gradient, at);
                    if (counts && match.IsClasses && each == row)
                        right += Greatest(student) == (_labels[at / each] >= 0 ? _labels[at / each] : Greatest(teacher)) ? 1 : 0;
                }
                counts &= !(match.IsClasses && each == row);
                seeds?.Add(match.Student, _seeds[m]);
            }
            return (loss, right);
        }

        private void Vary(SampleVariation variation, int samples, RandomSource random)
        {
            Span<float> all = _inputs[variation.Input].Values<float>();
            for (int s = 0; s < samples; s++)
                variation.Apply(all.Slice(s * _unmoved.Length, _unmoved.Length), _unmoved, random);
        }

        // Some of the samples become means of themselves and their neighbours, of which the teacher is asked as of any other: a student
        // that is to be the teacher's function needs more places than there are samples (mixup: H. Zhang et al. 2018, arXiv 1710.09412;
        // for distillation L. Beyer et al. 2022, arXiv 2106.05237).
        private void Mix(int samples, RandomSource random)
        {
            double share = _objective.ShareOfMixed ?? DefaultShareOfMixed;
            for (int i = 0; i < _inputs.Length; i++)
                _inputs[i].Values<float>().CopyTo(_unmixed[i].AsSpan());
            for (int s = 0; s < samples; s++)
            {
                double draw = random.NextUnit();
                if (draw >= share)
                    continue;
                float own = (float)(draw / share), other = 1 - own;
                _labels[s] = -1;
                for (int i = 0; i < _inputs.Length; i++)
                {
                    int each = _inputs[i].Count / _objective.Batch;
                    ReadOnlySpan<float> a = _unmixed[i].AsSpan(s * each, each), b = _unmixed[i].AsSpan((s + 1) % samples * each, each);
                    Span<float> mixed = _inputs[i].Values<float>().AsSpan(s * each, each);
                    System.Numerics.Tensors.TensorPrimitives.Multiply(a, own, mixed);
                    System.Numerics.Tensors.TensorPrimitives.FusedMultiplyAdd(b, other, mixed, mixed);
                }
            }
        }

        private double Lost(ValueMatch match, int place, ReadOnlySpan<float> student, ReadOnlySpan<float> teacher, int label, double weight,
            Span<float> gradient)
        {
            if (!match.IsClasses)
                return weight * DistillationLoss.Squares(student, teacher, _objective._powers[place], weight, gradient);
            double labelled = label >= 0 ? WeightOfLabels : 0;
            double distilled = weight * (1 - labelled);
            double loss = distilled * DistillationLoss.Classes(student, teacher, Temperature, distilled, gradient);
            return label < 0 ? loss
                : loss + (weight * labelled * DistillationLoss.Label(student, label, LabelSmoothing, weight * labelled, gradient));
        }

        // Rows along an axis behind which there are others: copies of those whose elements do not lie side by side.
        private readonly ref struct StridedRows(int row, int apart)
        {
            private readonly float[] _copies = apart == 1 ? [] : new float[3 * row];

            public ReadOnlySpan<float> Read(float[] from, int at, int place)
            {
                if (apart == 1)
                    return from.AsSpan(at, row);
                Span<float> copy = _copies.AsSpan(place * row, row);
                for (int i = 0, first = First(at); i < row; i++)
                    copy[i] = from[first + (i * apart)];
                return copy;
            }

            public Span<float> Part(Span<float> gradient, int at)
            {
                if (apart == 1)
                    return gradient.Slice(at, row);
                Span<float> part = _copies.AsSpan(2 * row, row);
                part.Clear();
                return part;
            }

            public void Write(ReadOnlySpan<float> part, Span<float> gradient, int at)
            {
                if (apart == 1 || part.IsEmpty)
                    return;
                for (int i = 0, first = First(at); i < row; i++)
                    gradient[first + (i * apart)] = part[i];
            }

            // The rows of a block lie one place apart.
            private int First(int at) => (at / (row * apart) * row * apart) + (at / row % apart);
        }

        private static int Greatest(ReadOnlySpan<float> row)
        {
            int best = 0;
            for (int i = 1; i < row.Length; i++)
                if (row[i] > row[best])
                    best = i;
            return best;
        }
    }
}
