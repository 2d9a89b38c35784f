using System.Collections.Immutable;
using OptimizerBuild.Compression;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Linear;
using OptimizerBuild.Training;

namespace OptimizerBuild.Pipeline.Learning;

/// <summary>Trains a head further by the labels, where there are enough samples to hold some back that say whether it helps.</summary>
internal sealed class HeadRefinement : ITrainingHost
{
    /// <summary>Of each class: with fewer the closed form is better, and a few that are held back say nothing.</summary>
    public const int FewestSamples = 50;

    // Every fifth is held back.
    private const int Part = 5;

    private const int Steps = 600;
    private const double LearningRate = 2e-3;

    // What is found by chance is no reason.
    private const double LeastGain = 0.05;

    private HeadRefinement()
    {
    }

    /// <summary>Trains a head.</summary>
    /// <param name="head">The head in closed form.</param>
    /// <param name="rows">The features of the samples.</param>
    /// <param name="labels">Their classes.</param>
    /// <param name="classes">The number of classes.</param>
    /// <param name="notes">Hears what was done.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>The head, or a better one.</returns>
    public static RidgeClassifier Run(
        RidgeClassifier head, float[][] rows, int[] labels, int classes, List<string> notes, CancellationToken cancellation)
    {
        int[] heldBack = [.. Enumerable.Range(0, classes)
            .SelectMany(c => Enumerable.Range(0, labels.Length).Where(i => labels[i] == c).Where((_, place) => place % Part == Part / 2))
            .Order()];
        int[] learned = [.. Enumerable.Range(0, labels.Length).Except(heldBack)];
        RidgeClassifier start = RidgeClassifier.Fit([.. learned.Select(i => rows[i])], [.. learned.Select(i => labels[i])],
            [.. learned.Select(_ => 1.0)], classes, like: head);

        // Features of one size, whatever the model's is, so that one learning rate suits all.
        int features = rows[0].Length;
        float size = (float)Math.Sqrt(Math.Max(rows.Average(r => r.Average(x => (double)x * x)), 1e-12));
        IReadOnlyList<Tensor>[] samples = Array.ConvertAll(rows,
            r => (IReadOnlyList<Tensor>)[Tensor.Of(Array.ConvertAll(r, x => x / size), 1, features)]);
        float[] weights = Array.ConvertAll(start.Weights, w => w * size), bias = (float[])start.Bias.Clone();
        var objective = new ClassObjective(GraphOf(weights, bias, features, classes), "scores", samples, labels, heldBack, 16);
        TrainedParameter[] parameters =
        [
            new("weights", weights, (float[])weights.Clone(), new FreeWeights(weights, keepsZeros: false), decays: true),
            new("bias", bias, (float[])bias.Clone(), new FreeWeights(bias, keepsZeros: false), decays: false),
        ];
        var options = new TrainerOptions
        {
            Steps = Steps, LearningRate = LearningRate, WeightDecay = 0.01, EvaluationInterval = Steps / 20,
        };
        TrainingOutcome outcome = new Trainer(objective, parameters, options, epoch =>
        {
            int[] order = [.. Enumerable.Range(0, learned.Length)];
            new RandomSource(FormattableString.Invariant($"head {epoch}")).Shuffle<int>(order);
            return order;
        }, new HeadRefinement()).Run("", cancellation);
        bool isBetter = outcome.LossAfter < outcome.LossBefore * (1 - LeastGain);
        notes.Add(FormattableString.Invariant($"trained on {learned.Length} of them: loss on the {heldBack.Length} others ")
            + FormattableString.Invariant($"{outcome.LossBefore:g4} → {outcome.LossAfter:g4}")
            + (isBetter ? "" : ", so that the closed form stays"));
        return isBetter ? head.With(Array.ConvertAll(weights, w => w / size), bias) : head;
    }

    /// <inheritdoc/>
    public void Report(double fraction, string text)
    {
    }

    /// <inheritdoc/>
    public byte[]? Load(string fingerprint) => null;

    /// <inheritdoc/>
    public bool WantsState() => false;

    /// <inheritdoc/>
    public void Save(string fingerprint, byte[] state)
    {
    }

    /// <inheritdoc/>
    public void CheckTime()
    {
    }

    private static Graph GraphOf(float[] weights, float[] bias, int features, int classes) => ShapeInference.Infer(new Graph
    {
        Name = "head", Inputs = ["features"], Outputs = ["scores"],
        Nodes = [NodeOperators.New<GemmOperator>("head", ["features", "weights", "bias"], ["scores"])],
        Constants = ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal,
            [KeyValuePair.Create("weights", new Tensor(TensorType.Float32(features, classes), weights)),
                KeyValuePair.Create("bias", new Tensor(TensorType.Float32(classes), bias))]),
        Types = ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal,
            [KeyValuePair.Create("features", TensorType.Float32(1, features))]),
    });
}
