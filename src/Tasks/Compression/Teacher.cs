using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression;

/// <summary>
/// The float model as it was imported, and what it answers on the samples: the reference that techniques and measurements compare with.
/// Answers are computed once and kept as long as they fit into the memory allowed for them; those beyond are computed again for each
/// pass over the samples.
/// </summary>
/// <param name="graph">The imported graph.</param>
/// <param name="maximumBytes">How many bytes of answers are kept, over all sets of samples together.</param>
internal sealed class Teacher(Graph graph, long maximumBytes = Teacher.DefaultMaximumBytes)
{
    /// <summary>256 MB: 10,000 samples with 1,000 scores take 40 MB.</summary>
    public const long DefaultMaximumBytes = 256L << 20;

    /// <summary>
    /// Samples come in batches of at most this size: they are evaluated on all cores, and then taken into account in order, so that sums
    /// do not depend on threads.
    /// </summary>
    public const int BatchSize = 256;

    // What the inputs and answers of a batch may take.
    private const long BatchBytes = 64L << 20;

    private readonly Lazy<GraphEvaluator> _evaluator = new(() => new GraphEvaluator(graph));
    private readonly Dictionary<SampleSet, Tensor[]?[]> _kept = new(ReferenceEqualityComparer.Instance);
    private long _bytes;

    /// <summary>The graph.</summary>
    public Graph Graph => graph;

    /// <summary>The number of samples evaluated so far; answers that are kept are not evaluated again.</summary>
    public long Evaluations { get; private set; }

    /// <summary>Walks through samples with the teacher's answers. One walk at a time.</summary>
    /// <param name="samples">The samples; answers are kept for the same object.</param>
    /// <param name="cancellation">Stops the work; checked between nodes.</param>
    public IEnumerable<TeacherBatch> Batches(SampleSet samples, CancellationToken cancellation)
    {
        if (!_kept.TryGetValue(samples, out Tensor[]?[]? kept))
            _kept[samples] = kept = new Tensor[]?[samples.Samples.Count];
        int size = (int)Math.Clamp(BatchBytes / Math.Max(Bytes(graph.Inputs) + Bytes(graph.Outputs), 1), 1, BatchSize);
        for (int start = 0; start < kept.Length; start += size)
        {
            cancellation.ThrowIfCancellationRequested();
            IReadOnlyList<Tensor>[] inputs =
                [.. Enumerable.Range(start, Math.Min(size, kept.Length - start)).Select(i => samples.Samples[i])];
            var outputs = new Tensor[inputs.Length][];
            int[] missing = [.. Enumerable.Range(0, inputs.Length).Where(i => kept[start + i] is null)];
            if (missing.Length > 0)
            {
                Tensor[][] answers = _evaluator.Value.EvaluateMany([.. missing.Select(i => inputs[i])], cancellation: cancellation);
                Evaluations += missing.Length;
                for (int i = 0; i < missing.Length; i++)
                    Keep(kept, start + missing[i], outputs[missing[i]] = answers[i]);
            }
            for (int i = 0; i < inputs.Length; i++)
                outputs[i] ??= kept[start + i]!;
            yield return new(start, inputs, outputs);
        }
    }

    private long Bytes(IEnumerable<string> values) => values.Select(graph.TypeOf)
        .Sum(t => t.Element == ElementType.String ? 0 : (long)t.Count * t.Element.Size());

    private void Keep(Tensor[]?[] kept, int index, Tensor[] answer)
    {
        long bytes = answer.Sum(t => (long)t.Count * t.Element.Size());
        if (_bytes + bytes > maximumBytes)
            return;
        _bytes += bytes;
        kept[index] = answer;
    }
}

/// <summary>Some consecutive samples with the teacher's answers.</summary>
/// <param name="Start">The index of the first sample.</param>
/// <param name="Inputs">For each sample one tensor for each graph input.</param>
/// <param name="Outputs">For each sample the teacher's outputs.</param>
internal sealed record TeacherBatch(int Start, IReadOnlyList<IReadOnlyList<Tensor>> Inputs, Tensor[][] Outputs);
