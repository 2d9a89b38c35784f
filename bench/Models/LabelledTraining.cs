using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Students;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;
using OptimizerBuild.Training;

namespace OptimizerBuild.Bench.Models;

/// <summary>Classifiers that are trained from nothing on labelled data, for measurements that need models of their own.</summary>
internal static class LabelledTraining
{
    private const int Batch = 16;

    /// <summary>A graph whose weights began at random and have learned labels.</summary>
    /// <param name="graph">The graph of one sample.</param>
    /// <param name="logits">The value with its logits.</param>
    /// <param name="samples">What is learned from.</param>
    /// <param name="labels">Their classes from 0 on.</param>
    /// <param name="seed">Decides the weights at the beginning and the order of the samples.</param>
    /// <param name="steps">Steps of 64 samples.</param>
    public static Graph FromNothing(Graph graph, string logits, SampleSet samples, int[] labels, string seed, int steps)
    {
        Graph fresh = StudentParameters.Of(graph, new RandomSource(seed), out IReadOnlyList<TrainedParameter> parameters);
        int[] heldBack = [.. Enumerable.Range(0, labels.Length).Where(i => i % 50 == 0).Take(512)];
        var objective = new ClassObjective(fresh, logits, samples.Samples, labels, heldBack, Batch);
        var options = new TrainerOptions { Steps = steps, LearningRate = 2e-3, EvaluationInterval = Math.Max(steps / 20, 1) };
        new Trainer(objective, parameters, options, epoch =>
        {
            int[] order = [.. Enumerable.Range(0, objective.Samples)];
            new RandomSource(FormattableString.Invariant($"{seed} {epoch}")).Shuffle<int>(order);
            return order;
        }, new ConsoleHost()).Run("", CancellationToken.None);
        return fresh;
    }

    /// <summary>Labelled samples to learn from: the data to calibrate on, whose labels lie beside them as those of the evaluation data
    /// do.</summary>
    /// <param name="options">The model's options, with data to calibrate on.</param>
    public static DataSpec Data(ModelOptions options)
    {
        DataSpec own = options.CalibrationData!;
        string labels = own.Spec[(own.Spec.IndexOf('=') + 1)..].Replace("images-idx3", "labels-idx1", StringComparison.Ordinal);
        return own.Spec.Contains("images-idx3", StringComparison.Ordinal) ? own with { Spec = own.Spec + ";y=" + labels } : own;
    }

    /// <summary>Samples with their classes.</summary>
    /// <param name="spec">The data.</param>
    /// <param name="graph">The model that takes them.</param>
    /// <param name="options">Its options.</param>
    public static (SampleSet Samples, int[] Classes) Read(DataSpec spec, Graph graph, ModelOptions options)
    {
        DataSet data = DataSetReader.Read(spec.Spec, spec.BaseFolder, DataLimits.Default, options.LabelKey);
        SampleSet samples = SampleSplitter.ToSamples(data, graph, InputAdaptation.Of(options), int.MaxValue);
        return (samples, Array.ConvertAll(
            (samples.Labels ?? throw new InvalidOperationException($"'{spec.Spec}' has no labels")).ToInt64(), l => (int)l));
    }

    private sealed class ConsoleHost : ITrainingHost
    {
        private int _part = -1;

        public void Report(double fraction, string text)
        {
            if ((int)(fraction * 10) == _part)
                return;
            _part = (int)(fraction * 10);
            Console.Error.WriteLine(text);
        }

        public byte[]? Load(string fingerprint) => null;

        public bool WantsState() => false;

        public void Save(string fingerprint, byte[] state)
        {
        }

        public void CheckTime()
        {
        }
    }
}
