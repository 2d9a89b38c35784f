using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Training;

/// <summary>Training of a small network that is to compute what another one does.</summary>
public sealed class TrainerTests
{
    [Theory]
    [InlineData(nameof(OptimizerKind.AdamW), 0.01)]
    [InlineData(nameof(OptimizerKind.Momentum), 0.05)]
    public void LearnsWhatTheTeacherComputes(string optimizer, double rate)
    {
        var task = new Imitation();
        TrainingOutcome outcome = task.Train(new()
        {
            Steps = 400, LearningRate = rate, Optimizer = Enum.Parse<OptimizerKind>(optimizer), BatchSize = 32, ChunkSize = 8,
            AverageDecay = 0.9,
        });
        Assert.True(outcome.LossAfter < 0.25 * outcome.LossBefore, $"{outcome}");
        Assert.Equal(outcome.LossAfter, task.HeldBackLoss(), 6);
    }

    [Fact]
    public void IsTheSameOnAnyNumberOfThreads()
    {
        TrainerOptions options = Short();
        var (one, four) = (new Imitation(), new Imitation());
        one.Train(options, threads: 1);
        four.Train(options, threads: 4);
        Assert.NotEqual(new Imitation().Parameters[0].Values, one.Parameters[0].Values);
        for (int p = 0; p < one.Parameters.Count; p++)
            Assert.Equal(one.Parameters[p].Values, four.Parameters[p].Values);
    }

    /// <summary>Stopped at any step, training goes on to the same bytes.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(17)]
    [InlineData(20)]
    [InlineData(39)]
    public void GoesOnWhereItStopped(int stop)
    {
        TrainerOptions options = Short();
        var whole = new Imitation();
        TrainingOutcome expected = whole.Train(options);

        var host = new Host { StopAt = stop };
        Assert.Throws<ModelException>(() => new Imitation().Train(options, host: host));
        Assert.NotNull(host.State);
        var second = new Imitation();
        host.StopAt = null;
        Assert.Equal(expected, second.Train(options, host: host));
        for (int p = 0; p < whole.Parameters.Count; p++)
            Assert.Equal(whole.Parameters[p].Values, second.Parameters[p].Values);
        Assert.Equal(options.Steps - stop, host.Checks - stop - 1);
    }

    /// <summary>Stopped within a step, while other threads are at work, training goes on with that step, to the same bytes.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(37)]
    [InlineData(290)]
    public void GoesOnWithTheStepInWhichItStopped(int reads)
    {
        TrainerOptions options = Short();
        var whole = new Imitation();
        TrainingOutcome expected = whole.Train(options);

        var host = new Host();
        using var source = new CancellationTokenSource();
        var stopped = new Imitation
        {
            Learns = () =>
            {
                if (Interlocked.Decrement(ref reads) < 0)
                    source.Cancel();
            },
        };
        Assert.ThrowsAny<OperationCanceledException>(() => stopped.Train(options, host: host, cancellation: source.Token));
        Assert.NotNull(host.State);
        Assert.InRange(host.Checks, 2, options.Steps - 1);
        var second = new Imitation();
        Assert.Equal(expected, second.Train(options, host: host));
        for (int p = 0; p < whole.Parameters.Count; p++)
            Assert.Equal(whole.Parameters[p].Values, second.Parameters[p].Values);
        Assert.Equal(options.Steps + 1, host.Checks);
    }

    [Fact]
    public void StatesOfOtherTrainingsAndDamagedOnesAreLeft()
    {
        var host = new Host { StopAt = 10 };
        Assert.Throws<ModelException>(() => new Imitation().Train(Short(), host: host));
        host.StopAt = null;
        foreach (TrainerOptions other in (TrainerOptions[])[Short() with { LearningRate = 0.02 }, Short()])
        {
            if (other == Short())
                host.State = host.State![..^1];
            var (fresh, going) = (new Imitation(), new Imitation());
            fresh.Train(other);
            going.Train(other, host: host);
            Assert.Equal(fresh.Parameters[0].Values, going.Parameters[0].Values);
            host = new Host { State = host.State, Fingerprint = host.Fingerprint };
        }
    }

    /// <summary>What is kept is what did best on the samples held back: here the beginning, from which each step leads away.</summary>
    [Fact]
    public void EndsWhereNothingBetterIsFound()
    {
        var task = new Imitation(perfect: true);
        float[] before = (float[])task.Parameters[0].Values.Clone();
        TrainingOutcome outcome = task.Train(Short() with { Steps = 1000, LearningRate = 1, Patience = 3 });
        Assert.Equal((0, 15), (outcome.BestStep, outcome.Steps));
        Assert.Equal(before, task.Parameters[0].Values);
        Assert.Equal(before, task.Parameters[0].Weights);
    }

    [Fact]
    public void RateRisesThenFallsAlongACosine()
    {
        var options = new TrainerOptions { Steps = 100, LearningRate = 2, WarmUp = 0.1 };
        Assert.Equal(0.2, options.RateAt(0), 9);
        Assert.Equal(2, options.RateAt(9), 9);
        Assert.Equal(1, options.RateAt(54), 9);
        Assert.Equal(0, options.RateAt(99), 9);
    }

    [Fact]
    public void LongGradientsAreShortened()
    {
        var parameter = new TrainedParameter("p", [1, 2], [1, 2], new FreeWeights([1, 2], false), decays: true);
        var options = new TrainerOptions { Steps = 2, LearningRate = 1, WarmUp = 1, Optimizer = OptimizerKind.Momentum, WeightDecay = 0.5 };
        Optimizer.Step(parameter, .., [4, 0], options, 0, scale: 0.25f);
        // Half the rate: decay by a quarter, then a step of half of 1.
        Assert.Equal([0.25f, 1.5f], parameter.Values);
    }

    /// <summary>A layer that reads numbers sixteen times as large has weights sixteen times as small.</summary>
    [Fact]
    public void StepsOfAdamAreInProportionToTheWeights()
    {
        float[] usual = [0.1f, -0.1f, 0, 0.1f], small = [.. usual.Select(w => w / 16)];
        TrainedParameter[] trained = [.. new[] { usual, small }.Select(w =>
            new TrainedParameter("p", [.. w], w, new FreeWeights(w, keepsZeros: true), decays: false))];
        var options = new TrainerOptions { Steps = 3, LearningRate = 0.01, WarmUp = 0 };
        for (int step = 0; step < 3; step++)
        {
            Optimizer.Step(trained[0], .., [4, 1, 0, -2], options, step, scale: 1);
            Optimizer.Step(trained[1], .., [4 * 16, 16, 0, -2 * 16], options, step, scale: 1);
        }
        Assert.NotEqual(usual[0], trained[0].Values[0]);
        Assert.All(trained[0].Values.Zip(trained[1].Values), v => Assert.Equal(v.First, v.Second * 16, 1e-6f));
    }

    /// <summary>Numbers behind integers, and values that weights share, are weights; factors of scales are not.</summary>
    [Fact]
    public void StepsOfRoundedWeightsAreInProportionToo()
    {
        float[] usual = [0.1f, -0.2f, 0.1f, 0.2f], large = [.. usual.Select(w => w * 4)];
        var options = new TrainerOptions { Steps = 3, LearningRate = 0.01, WarmUp = 0 };
        TrainedParameter[] shared = [.. new[] { usual, large }.Select(w =>
            new TrainedParameter("p", [.. w], w, new Compression.Recovery.SharedValues(w), decays: false))];
        Assert.Equal(3, shared[0].Form.Extra.Length);
        TrainedParameter[] levels = [.. new[] { usual, large }.Select(w =>
        {
            var layer = Compression.Quantization.Weights.DotProductLayer.OfState(Tensor.Of(w, 1, 2, 2));
            return new TrainedParameter("p", [.. w], w, new Compression.Recovery.LevelWeights(layer,
                new([1, -2, 1, 2], [w[0], w[0]], [0, 0]), Compression.Quantization.Weights.WeightLevels.Bits8), decays: false);
        })];
        for (int step = 0; step < 3; step++)
        {
            for (int i = 0; i < 2; i++)
            {
                float gradient = i == 0 ? 4 : 1;
                Optimizer.Step(shared[i], .., [0, 0, 0, 0, gradient, -gradient, 2 * gradient], options, step, scale: 1);
                // Blocks may end anywhere.
                foreach (Range range in (Range[])[new(0, 2), new(2, 5), new(5, 6)])
                    Optimizer.Step(levels[i], range, [gradient, gradient, -gradient, gradient, 1, -1], options, step, scale: 1);
            }
        }
        foreach (TrainedParameter[] pair in (TrainedParameter[][])[shared, levels])
        {
            Assert.NotEqual([.. usual, .. pair[0].Form.Extra], pair[0].Values);
            Assert.All(pair[0].Values.Take(4).Zip(pair[1].Values), v => Assert.Equal(v.First, v.Second / 4, 1e-6f));
        }
        Assert.All(shared[0].Values.Skip(4).Zip(shared[1].Values.Skip(4)), v => Assert.Equal(v.First, v.Second / 4, 1e-6f));
        Assert.NotEqual([0f, 0f], levels[0].Values[4..]);
        Assert.Equal(levels[0].Values[4..], levels[1].Values[4..]);
    }

    [Theory]
    [InlineData(1.0)]
    [InlineData(3.0)]
    public void LossesHaveTheirGradients(double temperature)
    {
        float[] student = [0.3f, -1.2f, 2, 0.1f], teacher = [1, -0.5f, 0.5f, 0];
        foreach (var loss in (Func<float[], float[], double>[])[
            (s, g) => DistillationLoss.Classes(s, teacher, temperature, 1, g),
            (s, g) => DistillationLoss.Label(s, 2, 0.1, 1, g),
            (s, g) => DistillationLoss.Squares(s, teacher, 0.7, 1, g)])
        {
            var gradient = new float[4];
            loss(student, gradient);
            for (int i = 0; i < student.Length; i++)
            {
                float[] above = [.. student], below = [.. student];
                above[i] += 1 / 64f;
                below[i] -= 1 / 64f;
                Assert.Equal((loss(above, []) - loss(below, [])) * 32, gradient[i], 3);
            }
        }
        Assert.Equal(0, DistillationLoss.Classes(teacher, teacher, temperature, 1, []), 9);
    }

    private static TrainerOptions Short() =>
        new() { Steps = 40, LearningRate = 0.01, BatchSize = 32, ChunkSize = 8, EvaluationInterval = 5, AverageDecay = 0.9 };

    /// <summary>A student of two layers of a teacher of the same form.</summary>
    private sealed class Imitation : ITrainingObjective
    {
        private const int Inputs = 6;
        private const int Outputs = 3;
        private readonly Graph _teacher;
        private readonly float[][] _samples;

        public Imitation(bool perfect = false)
        {
            (Graph one, string[] names) = Network(1);
            _teacher = BatchedGraph.Of(one, 4)!;
            Graph = BatchedGraph.Of(perfect ? one : Network(2).Graph, 4)!;
            Graph = Graph with
            {
                Constants = Graph.Constants.SetItems(names.Select(n =>
                    KeyValuePair.Create(n, new Tensor(Graph.Constants[n].Type, (float[])Graph.Constants[n].Values<float>().Clone())))),
            };
            Parameters = [.. names.Select(n => Graph.Constants[n].Values<float>())
                .Select((w, i) => new TrainedParameter(names[i], w, (float[])w.Clone(), new FreeWeights(w, false), decays: true))];
            var random = new Random(5);
            _samples = [.. Enumerable.Range(0, 120).Select(_ =>
                Enumerable.Range(0, Inputs).Select(_ => (random.NextSingle() * 4) - 2).ToArray())];
        }

        public IReadOnlyList<TrainedParameter> Parameters { get; }

        public int Samples => 100;

        public int HeldBack => 20;

        public int Batch => 4;

        public Graph Graph { get; }

        public IReadOnlyList<string> Seeded => Graph.Outputs;

        /// <summary>Hears of each batch that is learned from within a step.</summary>
        public Action? Learns { get; init; }

        public TrainingOutcome Train(
            TrainerOptions options, int? threads = null, Host? host = null, CancellationToken cancellation = default) =>
            new Trainer(this, Parameters, options, Order, host ?? new()) { MostThreads = threads }.Run("imitation", cancellation);

        public double HeldBackLoss()
        {
            var tape = new GradientTape<float>(Graph, []);
            ITrainingObjective.IPass pass = NewPass();
            double sum = 0;
            for (int from = 0; from < HeldBack; from += Batch)
            {
                tape.Forward(pass.Inputs([.. Enumerable.Range(from, Batch)], null));
                sum += pass.Measure(tape, Batch, null).Loss;
            }
            return sum / HeldBack;
        }

        public ITrainingObjective.IPass NewPass() => new Pass(this);

        private static int[] Order(int epoch)
        {
            int[] order = [.. Enumerable.Range(0, 100)];
            new Random(epoch).Shuffle(order);
            return order;
        }

        private static (Graph Graph, string[] Names) Network(int seed)
        {
            var g = new GraphBuilder(seed);
            string w1 = g.Weights(Inputs, 8), b1 = g.Weights(8), w2 = g.Weights(8, Outputs);
            string y = g.Add("MatMul", g.Add("Tanh", g.Add("Add", g.Add("MatMul", g.Input(1, Inputs), w1), b1)), w2);
            return (g.Build(y), [w1, b1, w2]);
        }

        private sealed class Pass(Imitation task) : ITrainingObjective.IPass
        {
            private readonly GradientTape<float> _teacher = new(task._teacher, []);

            public long Bytes => _teacher.Bytes;

            public IReadOnlyList<Tensor> Inputs(ReadOnlySpan<int> samples, long? occasion)
            {
                if (occasion >= 32)
                    task.Learns?.Invoke();
                var x = new float[4 * Imitation.Inputs];
                for (int s = 0; s < samples.Length; s++)
                    task._samples[occasion is null ? 100 + samples[s] : samples[s]].CopyTo(x, s * Imitation.Inputs);
                Tensor[] inputs = [Tensor.Of(x, 4, Imitation.Inputs)];
                _teacher.Forward(inputs);
                return inputs;
            }

            public (double Loss, int Right) Measure(GradientTape<float> tape, int count, Dictionary<string, float[]>? seeds)
            {
                string output = task.Graph.Outputs[0];
                float[] gradient = seeds is null ? [] : new float[4 * Outputs];
                double loss = 0;
                for (int s = 0; s < count; s++)
                    loss += DistillationLoss.Squares(tape.Value(output).Values<float>().AsSpan(s * Outputs, Outputs),
                        _teacher.Value(task._teacher.Outputs[0]).Values<float>().AsSpan(s * Outputs, Outputs), 1, 1,
                        seeds is null ? [] : gradient.AsSpan(s * Outputs, Outputs));
                seeds?.Add(output, gradient);
                return (loss, 0);
            }
        }
    }

    private sealed class Host : ITrainingHost
    {
        public int? StopAt { get; set; }

        public int Checks { get; private set; }

        public byte[]? State { get; set; }

        public string? Fingerprint { get; init; }

        private string? _fingerprint;

        public void Report(double fraction, string text)
        {
        }

        public byte[]? Load(string fingerprint) => fingerprint == (_fingerprint ?? Fingerprint) ? State : null;

        public bool WantsState() => StopAt is not null;

        public void Save(string fingerprint, byte[] state) => (_fingerprint, State) = (fingerprint, state);

        public void CheckTime()
        {
            if (Checks++ == StopAt)
                throw new ModelException(DiagnosticCatalog.BuildTakesTooLong, "m", "1");
        }
    }
}
