using System.Collections.Immutable;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Recovery;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Training;

namespace OptimizerBuild.Compression.Reconstruction;

/// <summary>
/// Goes through the parts of a rounded graph from its inputs to its outputs: each learns its rounding on what the parts before it hand on
/// as they are rounded by then.
/// </summary>
internal sealed class ReconstructionRun : ITrainingHost
{
    // Samples whose values are kept, what these may take at most, and every how many-th of them is held back.
    private const int MostSamples = 384;
    private const long MostBytes = 256L << 20;
    private const int Share = 6;

    // Multiply-accumulates forward and backward for the whole graph: about a minute on two cores.
    private const long Products = 400_000_000_000;
    private const int FewestSteps = 40;
    private const int MostSteps = 600;
    private const int LargestBatch = 32;
    private const int Chunk = 8;
    private const double LearningRate = 0.02;
    private const double AverageDecay = 0.9;

    // A rounded weight is off by 0.29 steps of its scale on average, and inputs by about a quarter of their 255 levels from zero.
    private const double UnitOfBias = 18;

    private readonly string _name;
    private readonly Graph _graph;
    private readonly GraphQuantization _quantization;
    private readonly QuantizedStudent _student;
    private readonly CompressionContext _context;
    private readonly IReadOnlyList<Tensor>[] _samples;
    private readonly int[] _learned;
    private readonly int[] _heldBack;
    private readonly int _batch;
    private readonly int _steps;
    private (int Part, int Count) _place;

    /// <summary>Prepares a run.</summary>
    /// <param name="name">The technique's name.</param>
    /// <param name="graph">The float graph.</param>
    /// <param name="quantization">What the quantiser decided.</param>
    /// <param name="student">The rounded graph, of which weights and biases are changed.</param>
    /// <param name="samples">The samples.</param>
    /// <param name="context">The build's context.</param>
    public ReconstructionRun(string name, Graph graph, GraphQuantization quantization, QuantizedStudent student, SampleSet samples,
        CompressionContext context)
    {
        (_name, _graph, _quantization, _student, _context) = (name, graph, quantization, student, context);
        (_batch, _steps) = Extent(graph);
        _steps = context.Options.RecoverySteps ?? _steps;
        long each = 2 * Math.Max(new GraphEvaluator(graph).LiveBytes, 1);
        int count = (int)Math.Min(Math.Clamp(MostBytes / each, 2 * Share, MostSamples), samples.Samples.Count);
        _samples = [.. SelectedSamples.Spread(samples.Samples, count)];
        _heldBack = [.. Enumerable.Range(0, count).Where(i => i % Share == Share / 2)];
        _learned = [.. Enumerable.Range(0, count).Except(_heldBack)];
    }

    /// <summary>
    /// Whether a graph can learn with so many products at all: with the fewest steps of the smallest batch. Larger ones would take hours.
    /// </summary>
    public static bool Affords(Graph graph) => Extent(graph).Steps > 0;

    /// <summary>The samples that nothing is learned from.</summary>
    public IReadOnlyList<IReadOnlyList<Tensor>> HeldBack => [.. _heldBack.Select(i => _samples[i])];

    /// <summary>Learns.</summary>
    /// <param name="inBlocks">Whether parts are blocks of layers instead of single ones.</param>
    /// <param name="notes">Hears what came of it.</param>
    public void Learn(bool inBlocks, List<string> notes)
    {
        foreach (TrainedParameter parameter in _student.Parameters)
            parameter.Show(parameter.Values);
        var layers = _student.Layers.ToDictionary(l => l.Node.Name, StringComparer.Ordinal);
        var parts = new GraphParts(_graph, _student.Graph, _student.Renamed, n => layers.ContainsKey(n.Name), inBlocks);
        Dictionary<string, Tensor>[] exact = Beginning(), rounded = Beginning();
        (int better, double before, double after) = (0, 0, 0);
        for (int p = 0; p < parts.Count; p++)
        {
            _place = (p, parts.Count);
            (Graph own, Graph learner) = (parts.OfGraph(p), parts.OfStudent(p));
            ImmutableArray<string> compared = parts.Compared(p);
            Tensor[][] results = Evaluate(own with { Outputs = [.. own.Outputs, .. compared] }, exact);
            QuantizedStudent.Layer[] trained =
                [.. learner.Nodes.Select(n => layers.GetValueOrDefault(n.Name)).OfType<QuantizedStudent.Layer>()];
            if (trained.Length > 0 && compared.Length > 0)
            {
                var objective = new PartObjective(learner, [.. compared.Select(_student.Renamed)],
                    [.. rounded.Select(r => learner.Inputs.Select(i => r[i]).ToArray())],
                    [.. results.Select(r => r[own.Outputs.Length..])], _learned, _heldBack, Chunk);
                TrainingOutcome outcome = Train(objective, trained);
                better += outcome.BestStep > 0 ? 1 : 0;
                (before, after) = (before + outcome.LossBefore, after + outcome.LossAfter);
            }
            HandOn(exact, own.Outputs, results, parts.Alive(p + 1));
            Tensor[][] handedOn = Evaluate(learner, rounded);
            HandOn(rounded, learner.Outputs, handedOn, [.. parts.Alive(p + 1).Select(_student.Renamed)]);
        }
        string what = inBlocks ? "blocks" : "layers";
        notes.Add(FormattableString.Invariant($"{better} of {parts.Count} {what} rounded anew in {_steps} steps of {_batch} ")
            + FormattableString.Invariant($"samples each, of {_learned.Length}; error on {_heldBack.Length} others, ")
            + FormattableString.Invariant($"all together: {before:g3} → {after:g3} of the values' power"));
    }

    /// <inheritdoc/>
    public void Report(double fraction, string text) => _context.Progress.Report(_name, (_place.Part + fraction) / _place.Count,
        FormattableString.Invariant($"part {_place.Part + 1} of {_place.Count}"));

    /// <inheritdoc/>
    public byte[]? Load(string fingerprint) => null;

    /// <inheritdoc/>
    public bool WantsState() => false;

    /// <inheritdoc/>
    public void Save(string fingerprint, byte[] state)
    {
    }

    /// <inheritdoc/>
    public void CheckTime() => _context.RequireTime();

    private TrainingOutcome Train(PartObjective objective, QuantizedStudent.Layer[] layers)
    {
        var parameters = new List<TrainedParameter>();
        foreach (QuantizedStudent.Layer layer in layers)
        {
            if (layer.IsOriginal)
            {
                var form = new SoftRounding(layer.Product, _quantization.Weights[layer.Node.Name], layer.Levels);
                parameters.Add(new(layer.Weights.Name, layer.Weights.Weights, form.Best, form, decays: false, form.Start));
            }
            if (layer.Bias is { } bias)
                parameters.Add(new(bias.Name, bias.Weights, new float[bias.Count], new FittedBiases([.. bias.Weights], Units(layer)),
                    decays: false));
        }
        var options = new TrainerOptions
        {
            Steps = _steps,
            BatchSize = _batch,
            ChunkSize = Chunk,
            LearningRate = LearningRate,
            AverageDecay = AverageDecay,
            GradientClip = double.MaxValue,
            EvaluationInterval = _steps,
        };
        string part = layers[0].Node.Name;
        TrainingOutcome outcome = new Trainer(objective, parameters, options, epoch =>
        {
            int[] order = [.. Enumerable.Range(0, _learned.Length)];
            _context.Random(FormattableString.Invariant($"{_name} {part} {epoch}")).Shuffle<int>(order);
            return order;
        }, this).Run(part, _context.Cancellation);

        // The student reads its integers from the numbers behind its weights.
        foreach (QuantizedStudent.Layer layer in layers)
        {
            if (layer.IsOriginal)
                layer.Weights.Weights.CopyTo(layer.Weights.Values.AsSpan());
            layer.Bias?.Weights.CopyTo(layer.Bias.Values.AsSpan());
        }
        return outcome;
    }

    private float[] Units(QuantizedStudent.Layer layer) => [.. _quantization.Weights[layer.Node.Name].Scales.Select(s => (float)(s
        * _quantization.Values[layer.Node.Inputs[0]].Scale * Math.Sqrt(layer.Product.Length) * UnitOfBias))];

    // How many steps of how many samples: of large graphs first fewer steps, then fewer samples; 0 steps where none are enough.
    private static (int Batch, int Steps) Extent(Graph graph)
    {
        double macs = Math.Max(graph.Nodes.Sum(n => OperatorRegistry.Of(n).MultiplyAccumulates(OperatorContext.Of(graph, n))), 1);
        for (int batch = LargestBatch; batch >= Chunk; batch /= 2)
            if (Products / (3 * batch * macs) is >= FewestSteps and var steps)
                return (batch, (int)Math.Min(steps, MostSteps));
        return (Chunk, 0);
    }

    private Dictionary<string, Tensor>[] Beginning() => [.. _samples.Select(s => _graph.Inputs.Zip(s).ToDictionary(
        i => i.First, i => i.Second, StringComparer.Ordinal))];

    private Tensor[][] Evaluate(Graph part, Dictionary<string, Tensor>[] values) => new GraphEvaluator(part).EvaluateMany(
        [.. values.Select(v => part.Inputs.Select(i => v[i]).ToArray())], cancellation: _context.Cancellation);

    private static void HandOn(
        Dictionary<string, Tensor>[] values, ImmutableArray<string> names, Tensor[][] results, ImmutableHashSet<string> alive)
    {
        for (int s = 0; s < values.Length; s++)
        {
            for (int i = 0; i < names.Length; i++)
                values[s][names[i]] = results[s][i];
            foreach (string dead in values[s].Keys.Where(k => !alive.Contains(k)).ToArray())
                values[s].Remove(dead);
        }
    }
}
