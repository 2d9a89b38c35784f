using OptimizerBuild.Compression.Quantization.Calibration;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Training;

namespace OptimizerBuild.Compression.Reconstruction;

/// <summary>
/// A part of a rounded graph is to make of what the rounded parts before it hand on what the float part makes of exact values: the squared
/// error in proportion to the power (AdaRound, arXiv 2004.10568, section 3.4, "asymmetric reconstruction").
/// </summary>
internal sealed class PartObjective : ITrainingObjective
{
    // Rounding in another order of additions may move a value by a level; samples that see each other move far more.
    private const double GreatestDifference = 1e-3;

    private readonly Graph _part;
    private readonly string[] _values;
    private readonly Tensor[][] _inputs;
    private readonly Tensor[][] _targets;
    private readonly int[] _learned;
    private readonly int[] _heldBack;
    private readonly double[] _factors;

    /// <summary>A part with what it reads and is to make.</summary>
    /// <param name="part">The part, of one sample.</param>
    /// <param name="values">The values of the part that are compared.</param>
    /// <param name="inputs">For each sample the part's inputs.</param>
    /// <param name="targets">For each sample what the values are to be.</param>
    /// <param name="learned">The samples that are learned from.</param>
    /// <param name="heldBack">Those that judge.</param>
    /// <param name="batch">How many samples a graph takes at a time, where that is possible.</param>
    public PartObjective(
        Graph part, string[] values, Tensor[][] inputs, Tensor[][] targets, int[] learned, int[] heldBack, int batch)
    {
        (_part, _values, _inputs, _targets, _learned, _heldBack) = (part, values, inputs, targets, learned, heldBack);
        (Graph, Batch) = (part, 1);
        if (learned.Length >= batch && BatchedGraph.Of(part, batch) is { } many
            && values.All(v => BatchedGraph.BatchAxis(part.TypeOf(v), many.TypeOf(v), batch) == 0) && AreIndependent(many, batch))
            (Graph, Batch) = (many, batch);
        _factors = [.. values.Select((_, v) =>
        {
            double power = targets.Average(t => t[v].Values<float>().Sum(x => float.IsFinite(x) ? (double)x * x : 0));
            return power > 0 ? 1 / power : 1;
        })];
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
    public IReadOnlyList<string> Seeded => _values;

    /// <inheritdoc/>
    public ITrainingObjective.IPass NewPass() => new Pass(this);

    // Whether several samples at a time give what each gives by itself.
    private bool AreIndependent(Graph many, int batch)
    {
        GradientTape<float> single = new(_part, []), together = new(many, []);
        together.Forward(Stacked(many, [.. _learned.Take(batch)]));
        for (int s = 0; s < batch; s++)
        {
            single.Forward(_inputs[_learned[s]]);
            foreach (string value in _values)
            {
                float[] own = single.Value(value).Values<float>();
                float[] found = together.Value(value).Values<float>().AsSpan(s * own.Length, own.Length).ToArray();
                if (ErrorPower.Between(Tensor.Of(found, found.Length), Tensor.Of(own, own.Length)).Relative > GreatestDifference)
                    return false;
            }
        }
        return true;
    }

    private Tensor[] Stacked(Graph graph, ReadOnlySpan<int> samples)
    {
        Tensor[] stacked = [.. graph.Inputs.Select(i => Tensor.Zeros(graph.TypeOf(i)))];
        Stack(samples, stacked);
        return stacked;
    }

    private void Stack(ReadOnlySpan<int> samples, Tensor[] stacked)
    {
        for (int i = 0; i < stacked.Length; i++)
            for (int s = 0, at = 0; s < samples.Length; s++)
            {
                Tensor sample = _inputs[samples[s]][i];
                Array.Copy(sample.Data, 0, stacked[i].Data, at, sample.Count);
                at += sample.Count;
            }
    }

    private sealed class Pass(PartObjective objective) : ITrainingObjective.IPass
    {
        private readonly Tensor[] _inputs = [.. objective.Graph.Inputs.Select(i => Tensor.Zeros(objective.Graph.TypeOf(i)))];
        private readonly float[][] _seeds = [.. objective._values.Select(v => new float[objective.Graph.TypeOf(v).Count])];
        private int[] _samples = [];

        public long Bytes => _seeds.Sum(s => (long)s.Length * sizeof(float));

        public IReadOnlyList<Tensor> Inputs(ReadOnlySpan<int> samples, long? occasion)
        {
            int[] places = occasion is null ? objective._heldBack : objective._learned;
            _samples = new int[samples.Length];
            for (int s = 0; s < _samples.Length; s++)
                _samples[s] = places[samples[s]];
            objective.Stack(_samples, _inputs);
            return _inputs;
        }

        public (double Loss, int Right) Measure(GradientTape<float> tape, int count, Dictionary<string, float[]>? seeds)
        {
            double loss = 0;
            for (int v = 0; v < _seeds.Length; v++)
            {
                float[] own = tape.Value(objective._values[v]).Values<float>(), gradient = _seeds[v];
                Array.Clear(gradient);
                double factor = objective._factors[v];
                int each = own.Length / objective.Batch;
                for (int s = 0; s < count; s++)
                {
                    float[] target = objective._targets[_samples[s]][v].Values<float>();
                    for (int i = 0; i < each; i++)
                    {
                        float difference = own[(s * each) + i] - target[i];
                        if (!float.IsFinite(difference))
                            continue;
                        loss += factor * difference * difference;
                        gradient[(s * each) + i] = (float)(2 * factor) * difference;
                    }
                }
                seeds?.Add(objective._values[v], gradient);
            }
            return (loss, 0);
        }
    }
}
