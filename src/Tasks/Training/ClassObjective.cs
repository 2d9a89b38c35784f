using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;

namespace OptimizerBuild.Training;

/// <summary>Classes of samples are to be learned: the cross entropy of logits with labels, of which a part is spread over all
/// classes.</summary>
internal sealed class ClassObjective : ITrainingObjective
{
    private const double LabelSmoothing = 0.05;

    private readonly string _logits;
    private readonly IReadOnlyList<IReadOnlyList<Tensor>> _samples;
    private readonly int[] _labels;
    private readonly int[] _learned;
    private readonly int[] _heldBack;

    /// <summary>Samples with their classes.</summary>
    /// <param name="graph">The graph of one sample.</param>
    /// <param name="logits">The value with one row of logits.</param>
    /// <param name="samples">The inputs of all samples.</param>
    /// <param name="labels">Their classes, counted from 0.</param>
    /// <param name="heldBack">Which of them are held back.</param>
    /// <param name="batch">How many samples the graph takes at a time, where it can; 1 for a graph in which they would see each
    /// other.</param>
    public ClassObjective(Graph graph, string logits, IReadOnlyList<IReadOnlyList<Tensor>> samples, int[] labels, int[] heldBack, int batch)
    {
        (_logits, _samples, _labels, _heldBack) = (logits, samples, labels, heldBack);
        _learned = [.. Enumerable.Range(0, samples.Count).Except(heldBack)];
        bool isMany = BatchedGraph.Of(graph, batch) is { } many
            && BatchedGraph.BatchAxis(graph.TypeOf(logits), many.TypeOf(logits), batch) == 0;
        (Graph, Batch) = isMany ? (BatchedGraph.Of(graph, batch)!, batch) : (graph, 1);
    }

    /// <inheritdoc/>
    public int Samples => _learned.Length;

    /// <inheritdoc/>
    public int HeldBack => _heldBack.Length;

    /// <inheritdoc/>
    public int Batch { get; }

    /// <inheritdoc/>
    public Graph Graph { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Seeded => [_logits];

    /// <inheritdoc/>
    public ITrainingObjective.IPass NewPass() => new Pass(this);

    private sealed class Pass(ClassObjective objective) : ITrainingObjective.IPass
    {
        private readonly Tensor[] _inputs = [.. objective.Graph.Inputs.Select(i => Tensor.Zeros(objective.Graph.TypeOf(i)))];
        private readonly float[] _seeds = new float[objective.Graph.TypeOf(objective._logits).Count];
        private readonly int[] _labels = new int[objective.Batch];

        public long Bytes => (_seeds.Length + _inputs.Sum(i => (long)i.Count)) * sizeof(float);

        public IReadOnlyList<Tensor> Inputs(ReadOnlySpan<int> samples, long? occasion)
        {
            for (int s = 0; s < samples.Length; s++)
            {
                int sample = (occasion is null ? objective._heldBack : objective._learned)[samples[s]];
                _labels[s] = objective._labels[sample];
                for (int i = 0; i < _inputs.Length; i++)
                {
                    Tensor own = objective._samples[sample][i];
                    Array.Copy(own.Data, 0, _inputs[i].Data, s * own.Count, own.Count);
                }
            }
            return _inputs;
        }

        public (double Loss, int Right) Measure(GradientTape<float> tape, int count, Dictionary<string, float[]>? seeds)
        {
            float[] logits = tape.Value(objective._logits).Values<float>();
            int classes = logits.Length / objective.Batch, right = 0;
            double loss = 0;
            Array.Clear(_seeds);
            for (int s = 0; s < count; s++)
            {
                ReadOnlySpan<float> row = logits.AsSpan(s * classes, classes);
                loss += DistillationLoss.Label(
                    row, _labels[s], LabelSmoothing, 1, seeds is null ? [] : _seeds.AsSpan(s * classes, classes));
                right += Greatest(row) == _labels[s] ? 1 : 0;
            }
            seeds?.Add(objective._logits, _seeds);
            return (loss, right);
        }

        private static int Greatest(ReadOnlySpan<float> row)
        {
            int best = 0;
            for (int i = 1; i < row.Length; i++)
                best = row[i] > row[best] ? i : best;
            return best;
        }
    }
}
