using System.Collections.Concurrent;
using System.Globalization;
using System.Numerics.Tensors;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Training;

/// <summary>
/// Trains some constants of a graph: mini-batches, whose chunks run on all cores and whose gradients are added up in the order of the
/// chunks, so that the result depends neither on the number of cores nor on which of them is faster. What is kept is the exponential
/// average of the weights at the look at the held-back samples that found it best, or the beginning where none found it better.
/// </summary>
/// <param name="objective">What is reduced.</param>
/// <param name="parameters">What is trained.</param>
/// <param name="options">How.</param>
/// <param name="order">The order of the samples in an epoch: the same in every build.</param>
/// <param name="host">Hears how far it is and keeps states.</param>
internal sealed class Trainer(
    ITrainingObjective objective, IReadOnlyList<TrainedParameter> parameters, TrainerOptions options, Func<int, int[]> order,
    ITrainingHost host)
{
    // What the passes of all threads may hold: beyond it fewer threads work at a time, at least one.
    private const long PassBytes = 1L << 30;

    // Numbers of a parameter that one thread changes at a time.
    private const int BlockElements = 1 << 14;

    private readonly ConcurrentBag<Worker> _workers = [];
    private readonly (int Parameter, Range Range)[] _blocks = Blocks(parameters.Select(p => p.Count));
    private readonly (int Parameter, Range Range)[] _blocksOfValues = Blocks(parameters.Select(p => p.Values.Length));
    private string _fingerprint = "";
    private int _epoch = -1;
    private int[] _samples = [];

    /// <summary>The memory that one thread holds, in bytes: values, gradients, windows and buffers.</summary>
    public long BytesOfThread { get; private set; }

    /// <summary>
    /// The memory of what all threads share, in bytes: the parameters with the optimiser's numbers and the gradients of the chunks.
    /// </summary>
    public long BytesOfParameters { get; private set; }

    /// <summary>The largest number of threads that work at a time; null for as many as there are cores.</summary>
    public int? MostThreads { get; init; }

    /// <summary>Trains.</summary>
    /// <param name="fingerprint">What a state of this training has to belong to, beside the options.</param>
    /// <param name="cancellation">Stops the work, also within a step, of which nothing is left then.</param>
    public TrainingOutcome Run(string fingerprint, CancellationToken cancellation)
    {
        int chunks = Math.Max(options.BatchSize / options.ChunkSize, 1);
        fingerprint = FormattableString.Invariant($"{fingerprint}/{options}/{objective.Samples}/{objective.HeldBack}");
        var gradients = new float[chunks][][];
        for (int c = 0; c < chunks; c++)
            gradients[c] = [.. parameters.Select(p => new float[p.Count])];
        float[][] sums = [.. parameters.Select(p => new float[p.Values.Length])];
        ShowBest();
        var first = new Worker(objective, parameters);
        // Nodes make their buffers when they need them: after one chunk all are there.
        first.Learn([.. Enumerable.Range(0, options.ChunkSize).Select(i => i % objective.Samples)], 0, gradients[0]);
        BytesOfThread = first.Tape.Bytes + first.Pass.Bytes;
        BytesOfParameters = gradients.Sum(Bytes) + Bytes(sums) + parameters.Sum(p => Bytes(p.State));
        _workers.Add(first);
        var parallel = new ParallelOptions
        {
            CancellationToken = cancellation,
            MaxDegreeOfParallelism = (int)Math.Clamp(
                PassBytes / Math.Max(BytesOfThread, 1), 1, MostThreads ?? Environment.ProcessorCount),
        };
        _fingerprint = fingerprint;
        double settled = parameters.Select(p => p.Form.SettledAt).DefaultIfEmpty(0).Max() * options.Steps;
        TrainingState state = TrainingState.Read(host.Load(fingerprint), parameters) ?? new() { Step = 0 };
        if (state.Step == 0)
        {
            (double loss, int right) = Judge(parallel);
            state = new() { Step = 0, FirstLoss = loss, FirstRight = right, BestLoss = loss, BestRight = right };
        }
        for (; state.Step < options.Steps && !state.Stopped; state.Step++)
        {
            var losses = new double[chunks];
            try
            {
                cancellation.ThrowIfCancellationRequested();
                host.CheckTime();
                Show((double)state.Step / options.Steps, p => p.Values);
                int[] samples = SamplesOf(state.Step, chunks * options.ChunkSize);
                Parallel.For(0, chunks, parallel, NewWorker, (c, _, worker) =>
                {
                    losses[c] = worker.Learn(
                        samples.AsSpan(c * options.ChunkSize, options.ChunkSize), ((long)state.Step * chunks) + c, gradients[c]);
                    return worker;
                }, _workers.Add);
                Update(gradients, sums, chunks * options.ChunkSize, state.Step, parallel);
            }
            catch
            {
                // Wherever in it a step is stopped, the numbers are those that it began with.
                Save(state);
                throw;
            }
            state.Loss = losses.Sum() / (chunks * options.ChunkSize);
            // Weights that are not yet what compression wants of them would be judged too well.
            bool looks = ((state.Step + 1) % options.EvaluationInterval == 0 && state.Step + 1 >= settled)
                || state.Step + 1 == options.Steps;
            if (looks)
                Look(state, parallel);
            host.Report((state.Step + 1.0) / options.Steps, Text(state));
            if (host.WantsState())
                Save(new TrainingState(state) { Step = state.Step + 1 });
        }
        // Who goes on with a later training finds this one done.
        Save(state);
        ShowBest();
        foreach (TrainedParameter parameter in parameters)
            parameter.ValuesOfBest.CopyTo(parameter.Values.AsSpan());
        return new(state.Step, state.FirstLoss, state.BestLoss, state.FirstRight, state.BestRight, objective.HeldBack, state.BestStep);
    }

    private static long Bytes(IEnumerable<float[]> numbers) => numbers.Sum(n => (long)n.Length * sizeof(float));

    private void Save(TrainingState state)
    {
        if (TrainingState.Fits(parameters))
            host.Save(_fingerprint, state.Write(parameters));
    }

    private void Show(double progress, Func<TrainedParameter, float[]> values)
    {
        foreach (TrainedParameter parameter in parameters)
        {
            parameter.Form.MoveTo(progress);
            parameter.Show(values(parameter));
        }
    }

    private void ShowBest() => Show(1, p => p.ValuesOfBest);

    private Worker NewWorker() => _workers.TryTake(out Worker? worker) ? worker : new(objective, parameters);

    // Samples of the epochs one behind the other; what is left at an epoch's end comes in the next step.
    private int[] SamplesOf(int step, int count)
    {
        var samples = new int[count];
        for (int i = 0; i < count; i++)
        {
            long place = ((long)step * count) + i;
            int epoch = (int)(place / objective.Samples);
            if (epoch != _epoch)
                (_epoch, _samples) = (epoch, order(epoch));
            samples[i] = _samples[place % objective.Samples];
        }
        return samples;
    }

    private void Update(float[][][] gradients, float[][] sums, int count, int step, ParallelOptions parallel)
    {
        Parallel.For(0, _blocks.Length, parallel, b =>
        {
            (int p, Range range) = _blocks[b];
            Span<float> sum = sums[p].AsSpan(0, parameters[p].Count)[range];
            gradients[0][p].AsSpan(range).CopyTo(sum);
            for (int c = 1; c < gradients.Length; c++)
                GradientSums.Add<float>(gradients[c][p].AsSpan(range), sum);
            TensorPrimitives.Divide(sum, count, sum);
        });
        Parallel.For(0, parameters.Count, parallel, p => parameters[p].Pull(sums[p]));
        var squares = new double[_blocksOfValues.Length];
        Parallel.For(0, squares.Length, parallel, b =>
        {
            (int p, Range range) = _blocksOfValues[b];
            squares[b] = LaneSums.Dot(sums[p].AsSpan(range), sums[p].AsSpan(range));
        });
        double length = Math.Sqrt(squares.Sum());
        // What is no number teaches nothing: the step is left out.
        if (!double.IsFinite(length))
            return;
        float scale = length > options.GradientClip ? (float)(options.GradientClip / length) : 1;
        // What is stopped here would leave numbers of two steps.
        parallel.CancellationToken.ThrowIfCancellationRequested();
        var whole = new ParallelOptions { MaxDegreeOfParallelism = parallel.MaxDegreeOfParallelism };
        Parallel.For(0, _blocksOfValues.Length, whole, b =>
            Optimizer.Step(parameters[_blocksOfValues[b].Parameter], _blocksOfValues[b].Range, sums[_blocksOfValues[b].Parameter], options,
                step, scale));
    }

    // The same blocks whatever the number of threads: the sum of squares is taken block by block.
    private static (int Parameter, Range Range)[] Blocks(IEnumerable<int> counts) =>
    [
        .. counts.SelectMany((count, p) => Enumerable.Range(0, (count + BlockElements - 1) / BlockElements)
            .Select(b => (p, new Range(b * BlockElements, Math.Min((b + 1) * BlockElements, count))))),
    ];

    private void Look(TrainingState state, ParallelOptions parallel)
    {
        Show((state.Step + 1.0) / options.Steps, p => p.Average);
        (double loss, int right) = Judge(parallel);
        if (loss < state.BestLoss)
        {
            (state.BestLoss, state.BestRight, state.BestStep, state.Misses) = (loss, right, state.Step + 1, 0);
            foreach (TrainedParameter parameter in parameters)
                parameter.Average.CopyTo(parameter.ValuesOfBest.AsSpan());
        }
        else if (++state.Misses >= options.Patience)
        {
            state.Stopped = true;
        }
    }

    // The mean of what is lost over the samples that are held back.
    private (double Loss, int Right) Judge(ParallelOptions parallel)
    {
        int chunks = (objective.HeldBack + options.ChunkSize - 1) / options.ChunkSize;
        var found = new (double Loss, int Right)[chunks];
        Parallel.For(0, chunks, parallel, NewWorker, (c, _, worker) =>
        {
            int from = c * options.ChunkSize;
            found[c] = worker.Judge([.. Enumerable.Range(from, Math.Min(options.ChunkSize, objective.HeldBack - from))]);
            return worker;
        }, _workers.Add);
        return (found.Sum(f => f.Loss) / Math.Max(objective.HeldBack, 1), found.Sum(f => f.Right));
    }

    private string Text(TrainingState state) => string.Create(CultureInfo.InvariantCulture,
        $"step {state.Step + 1} of {options.Steps}, loss {state.Loss:g4}, held back {state.BestLoss:g4}")
        + (state.BestRight > 0 ? string.Create(CultureInfo.InvariantCulture,
            $" ({100.0 * state.BestRight / objective.HeldBack:F2} % right)") : "");

    /// <summary>What one thread works with.</summary>
    private sealed class Worker
    {
        private readonly ITrainingObjective _objective;
        private readonly IReadOnlyList<TrainedParameter> _parameters;
        private readonly Dictionary<string, float[]> _seeds = new(StringComparer.Ordinal);

        public Worker(ITrainingObjective objective, IReadOnlyList<TrainedParameter> parameters)
        {
            (_objective, _parameters) = (objective, parameters);
            Tape = new(objective.Graph, [.. parameters.Select(p => p.Name)], objective.Seeded);
            Pass = objective.NewPass();
        }

        public GradientTape<float> Tape { get; }

        public ITrainingObjective.IPass Pass { get; }

        public double Learn(ReadOnlySpan<int> samples, long occasion, float[][] gradients)
        {
            double loss = 0;
            for (int p = 0; p < gradients.Length; p++)
            {
                Array.Clear(gradients[p]);
                Tape.Accumulate(_parameters[p].Name, gradients[p]);
            }
            for (int from = 0; from < samples.Length; from += _objective.Batch)
            {
                int count = Math.Min(_objective.Batch, samples.Length - from);
                Tape.Forward(Pass.Inputs(samples.Slice(from, count), (occasion * samples.Length) + from));
                _seeds.Clear();
                loss += Pass.Measure(Tape, count, _seeds).Loss;
                Tape.Backward(_seeds);
            }
            return loss;
        }

        public (double Loss, int Right) Judge(int[] samples)
        {
            (double Loss, int Right) sum = default;
            for (int from = 0; from < samples.Length; from += _objective.Batch)
            {
                int count = Math.Min(_objective.Batch, samples.Length - from);
                Tape.Forward(Pass.Inputs(samples.AsSpan(from, count), null));
                (double loss, int right) = Pass.Measure(Tape, count, null);
                sum = (sum.Loss + loss, sum.Right + right);
            }
            return sum;
        }
    }
}

/// <summary>What became of a training.</summary>
/// <param name="Steps">The steps that were made.</param>
/// <param name="LossBefore">What was lost on the samples held back before.</param>
/// <param name="LossAfter">What is lost on them now.</param>
/// <param name="RightBefore">How many of them were right before.</param>
/// <param name="RightAfter">How many of them are right now.</param>
/// <param name="HeldBack">The number of samples held back.</param>
/// <param name="BestStep">The step whose weights were kept; 0 where none did better than the beginning.</param>
internal sealed record TrainingOutcome(
    int Steps, double LossBefore, double LossAfter, int RightBefore, int RightAfter, int HeldBack, int BestStep);
