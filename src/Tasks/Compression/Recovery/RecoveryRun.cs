using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Metrics;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Options;
using OptimizerBuild.Training;

namespace OptimizerBuild.Compression.Recovery;

/// <summary>Trains a student in a build: its data, its teacher, the number of steps, progress, states and the limit of time.</summary>
internal sealed class RecoveryRun : ITrainingHost
{
    // Multiply-accumulates of a default number of steps, forward and backward: some minutes on two cores.
    private const long DefaultProducts = 2_000_000_000_000;
    private const int FewestSteps = 30;
    private const int MostSteps = 6000;

    // With fewer there is no time to recover from what becomes zero late: fashion-gru at nine zeros of ten keeps five times as much loss
    // after 60 steps as where it begins with the weights that pruning has fitted.
    private const int FewestGradualSteps = 1000;
    private const int Chunk = 16;
    private const int Batch = 64;
    private const int FewestSamples = 4;
    private const int SamplesOfDistance = 64;
    private const double LeastRight = 0.8;

    // States cost little beside what is lost without them: a training that has run for seconds is not begun anew for its first half.
    private const double SecondsBetweenStates = 20;
    private const double SecondsBeforeFirstState = 2;

    private readonly string _name;
    private readonly CompressionContext _context;
    private readonly long _beginning = Stopwatch.GetTimestamp();
    private long _lastState = Stopwatch.GetTimestamp();
    private int _reported = -1;
    private (long Time, double Fraction)? _first;

    private RecoveryRun(string name, CompressionContext context) => (_name, _context) = (name, context);

    /// <summary>What was trained, in words for the report; empty where there was nothing to train.</summary>
    /// <param name="name">The technique's name.</param>
    /// <param name="student">The student's graph of one sample, whose constants the parameters change.</param>
    /// <param name="parameters">What is trained.</param>
    /// <param name="renamed">The name that a value of the model has in the student.</param>
    /// <param name="learningRate">The highest learning rate.</param>
    /// <param name="context">The build's context.</param>
    /// <param name="note">What was done, or why nothing was.</param>
    /// <returns>Whether the parameters are better than before; null where they cannot be trained.</returns>
    public static bool? Train(string name, Graph student, IReadOnlyList<TrainedParameter> parameters, Func<string, string> renamed,
        double learningRate, CompressionContext context, out string note)
    {
        note = "";
        if (parameters.Count == 0)
            return null;
        SampleSet samples = context.Training;
        if (samples.Synthetic || samples.Samples.Count < FewestSamples)
        {
            note = "too few samples to learn from";
            return null;
        }
        Graph teacher = context.Renormalize(context.TeachingGraph);
        (int classes, int firstLabel) = Classes(context);
        ImmutableArray<ValueMatch> matches = Matches(isFar: false);
        if (!matches.Any(m => m.IsOutput))
        {
            note = "no output is a real number that the float model has as well";
            return null;
        }
        var data = new RecoveryData(samples, classes, firstLabel);
        foreach (TrainedParameter parameter in parameters)
            parameter.Show(parameter.ValuesOfBest);
        if (IsFar(new(student, teacher, data, [.. matches.Where(m => m.IsOutput)], 1)))
            matches = Matches(isFar: true);
        Augmentation augmentation = context.Options.Augment ?? new();
        var objective = new RecoveryObjective(student, teacher, data, matches, Chunk)
        {
            Variation = SampleVariation.Of(augmentation, context.Teacher.Graph),
            ShareOfMixed = augmentation.Mixup,
        };
        long macs = student.Nodes.Sum(n => OperatorRegistry.Of(n).MultiplyAccumulates(OperatorContext.Of(student, n)));
        int steps = context.Options.RecoverySteps
            ?? (int)Math.Clamp(DefaultProducts / (3L * Batch * Math.Max(macs, 1)), FewestSteps, MostSteps);
        foreach (TrainedParameter parameter in parameters)
        {
            if (parameter.Form is not SparseWeights sparse || steps >= FewestGradualSteps)
                continue;
            sparse.IsGradual = false;
            parameter.BeginAtBest();
        }
        var options = new TrainerOptions
        {
            Steps = steps,
            BatchSize = Batch,
            ChunkSize = Chunk,
            LearningRate = learningRate,
            EvaluationInterval = Math.Max(steps / 20, 1),
        };
        var run = new RecoveryRun(name, context);
        var trainer = new Trainer(objective, parameters, options, epoch => run.Order(epoch, data.Learned), run);
        TrainingOutcome outcome = trainer.Run(Fingerprint(name, student, matches, augmentation), context.Cancellation);
        note = run.Text(outcome, data, objective, trainer);
        return outcome.BestStep > 0;

        ImmutableArray<ValueMatch> Matches(bool isFar) =>
        [
            .. ValueMatch.Of(student with { Outputs = teacher.Outputs }, teacher, classes, isFar)
                // Equal names in graphs of other origin mean nothing.
                .Where(m => m.IsOutput || context.Student is null)
                .Select(m => m with { Student = renamed(m.Student) }),
        ];
    }

    // Whether less than four of five samples have the right class or, without classes, a fifth of what varies is lost.
    private static bool IsFar(RecoveryObjective objective)
    {
        int count = Math.Min(objective.HeldBack, SamplesOfDistance);
        var tape = new GradientTape<float>(objective.Graph, []);
        ITrainingObjective.IPass pass = objective.NewPass();
        double lost = 0;
        int right = 0;
        for (int s = 0; s < count; s++)
        {
            tape.Forward(pass.Inputs([s], null));
            (double loss, int isRight) = pass.Measure(tape, 1, null);
            (lost, right) = (lost + loss, right + isRight);
        }
        return objective.HasClasses ? right < count * LeastRight : lost > count * (1 - LeastRight);
    }

    /// <inheritdoc/>
    public void Report(double fraction, string text)
    {
        int part = (int)(fraction * 20);
        if (part == _reported)
            return;
        _reported = part;
        _context.Progress.Report(_name, fraction, text + TimeLeft(fraction));
    }

    // From what was done since training began or went on: for whoever waits, and nowhere else.
    private string TimeLeft(double fraction)
    {
        if (_first is not { } first)
        {
            _first = (Stopwatch.GetTimestamp(), fraction);
            return "";
        }
        double seconds = Stopwatch.GetElapsedTime(first.Time).TotalSeconds * (1 - fraction) / Math.Max(fraction - first.Fraction, 1e-9);
        return fraction >= 1 ? "" : string.Create(CultureInfo.InvariantCulture,
            $", about {(seconds < 90 ? $"{Math.Ceiling(seconds)} s" : $"{Math.Round(seconds / 60)} min")} left");
    }

    /// <inheritdoc/>
    public byte[]? Load(string fingerprint) => _context.Checkpoints.Load(fingerprint);

    /// <inheritdoc/>
    public bool WantsState() => Stopwatch.GetElapsedTime(_lastState).TotalSeconds > Math.Clamp(
        Stopwatch.GetElapsedTime(_beginning, _lastState).TotalSeconds, SecondsBeforeFirstState, SecondsBetweenStates);

    /// <inheritdoc/>
    public void Save(string fingerprint, byte[] state)
    {
        _context.Checkpoints.Save(fingerprint, state);
        _lastState = Stopwatch.GetTimestamp();
    }

    /// <inheritdoc/>
    public void CheckTime() => _context.RequireTime();

    // Labels count where there are classes; so do logits. Labels of the same item begin with the same number.
    private static (int Count, int FirstLabel) Classes(CompressionContext context)
    {
        SampleSet samples = context.Evaluation is { Labels: not null } evaluation ? evaluation : context.Training;
        try
        {
            AccuracyMeasurement measurement = AccuracyMeasurement.Decide(context.Options, context.Teacher.Graph, samples);
            return (measurement.Classes, measurement.FirstLabel);
        }
        catch (ModelException)
        {
            // What is wrong with labels is said where they are measured.
            return (0, 0);
        }
    }

    private int[] Order(int epoch, int count)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        _context.Random(FormattableString.Invariant($"{_name} {epoch}")).Shuffle<int>(order);
        return order;
    }

    private string Text(TrainingOutcome outcome, RecoveryData data, RecoveryObjective objective, Trainer trainer)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{outcome.Steps} steps of {Batch} samples, of {objective.Samples}")
            .Append(data.HasLabels ? " with labels" : " without labels")
            .Append(CultureInfo.InvariantCulture, $"; loss on {outcome.HeldBack} others {outcome.LossBefore:g4} → {outcome.LossAfter:g4}");
        if (outcome.RightBefore + outcome.RightAfter > 0)
            text.Append(CultureInfo.InvariantCulture, $", of their classes {100.0 * outcome.RightBefore / outcome.HeldBack:F2} % → ")
                .Append(CultureInfo.InvariantCulture, $"{100.0 * outcome.RightAfter / outcome.HeldBack:F2} % right");
        text.Append(CultureInfo.InvariantCulture, $"; {trainer.BytesOfThread / 1048576.0:F1} MB for each thread")
            .Append(CultureInfo.InvariantCulture, $", {trainer.BytesOfParameters / 1048576.0:F1} MB for all");
        if (_context.Options.Teachers.Length > 0)
            text.Append(CultureInfo.InvariantCulture, $"; learned is the mean of {_context.Options.Teachers.Length} teachers");
        return outcome.BestStep > 0 ? text.ToString() : text + "; nothing better was found, so all stays as it was";
    }

    // The graph with its numbers: another model, or the same one compressed otherwise, does not go on with this state.
    private static string Fingerprint(string name, Graph student, ImmutableArray<ValueMatch> matches, Augmentation augmentation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{name}\n{augmentation}\n{string.Join('\n', matches)}\n{student.Print()}"));
        foreach (Tensor constant in student.Constants.Values)
            if (constant.Element != ElementType.String)
                hash.AppendData(constant.Bytes);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
