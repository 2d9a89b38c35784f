using System.Collections.Immutable;
using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using OptimizerBuild.Bench.Measurement;
using OptimizerBuild.Bench.Models;
using OptimizerBuild.Bench.Reporting;
using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Recovery;
using OptimizerBuild.Compression.Students;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Numerics;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Training;

namespace OptimizerBuild.Bench.Commands;

/// <summary>
/// <c>training</c>: how long an epoch takes: all weights of a model learn from its own answers on its calibration data, as recovery lets
/// them, and how much of the speed of the float32 matrix product that is.
/// </summary>
internal sealed class TrainingCommand : BenchCommand
{
    private const int Batch = 64;
    private const int Chunk = 16;

    // Steps that compile the code.
    private const int Warming = 40;

    // A product that fills the caches' blocks.
    private const int PeakSize = 384;

    private static readonly Table<TrainingRow> Columns = new(
        new("model", r => r.Model, Width: 30),
        new("threads", r => r.Threads, "0"),
        new("steps", r => r.Steps, "N0"),
        new("samples/s", r => r.SamplesPerSecond, "N0"),
        new("epoch, s", r => r.EpochSeconds, "F1") { Title = "seconds of an epoch" },
        new("samples", r => r.Samples, "N0") { Title = "samples of an epoch" },
        new("of them processor", r => r.ProcessorSeconds, "F1") { Title = "seconds of an epoch on all processors" },
        new("GFLOP/s", r => r.Gigaflops, "F1"),
        new("of the tile's", r => r.ShareOfPeak, "P0") { Title = "share of the matrix product's speed" });

    private readonly ModelSelection _models;
    private readonly Option<int> _steps = new("--steps")
    {
        Description = "Steps of 64 samples that are measured; 0: an epoch",
        HelpName = "N",
        DefaultValueFactory = _ => 0,
    };

    private readonly Option<int> _threads = new("--threads")
    {
        Description = "Threads at most; 0: as many as there are cores",
        HelpName = "N",
        DefaultValueFactory = _ => 0,
    };

    private readonly FigureFiles _files;

    /// <summary>Declares the command and its options.</summary>
    public TrainingCommand()
        : base("training", "How long an epoch of training takes")
    {
        _models = new(this, hasPrecision: false);
        Add(_steps);
        Add(_threads);
        _files = new(this);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult line)
    {
        int threads = line.GetValue(_threads) is > 0 and var most ? most : Environment.ProcessorCount;
        _files.Write(line, Columns.Print(_models.Of(line).Where(m => m.Calibration is not null)
            .Select(m => Measure(m, line.GetValue(_steps), threads))), Markdown);
        return 0;
    }

    private static string Markdown(List<TrainingRow> rows) => Document.Of(
        "training",
        $"Training of all weights on the model's own answers, {Batch} samples a step, {Machine.Processor}, "
            + $"{RuntimeInformation.FrameworkDescription}. Operations are those of layers: once forward for the teacher, once forward and "
            + $"twice backward for the student, in the processor's time; the matrix product is one of {PeakSize}³ on one thread.",
        Columns.Markdown(rows));

    private static TrainingRow Measure(BenchModel model, int steps, int threads)
    {
        ModelOptions options = model.Options();
        ImportedModel imported = OnnxImporter.Import(options.ModelPath, ModelCompiler.ImportSettings(options));
        Graph teacher = PassPipeline.Run(imported.Graph);
        SampleSet samples = new ItemSamples(options, imported, CancellationToken.None).Training()!;
        Graph student = StudentParameters.Of(teacher, null, out IReadOnlyList<TrainedParameter> parameters);
        var data = new RecoveryData(samples, 0);
        ImmutableArray<ValueMatch> matches = ValueMatch.Of(student, teacher, 0);
        var objective = new Learning(new RecoveryObjective(student, teacher, data, matches, Chunk));
        Train(Warming);
        steps = steps > 0 ? steps : (data.Learned + Batch - 1) / Batch;
        TimeSpan processor = Process.GetCurrentProcess().TotalProcessorTime;
        long start = Stopwatch.GetTimestamp();
        Train(steps);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        double used = (Process.GetCurrentProcess().TotalProcessorTime - processor).TotalSeconds;
        double epochs = (double)steps * Batch / data.Learned;
        long products = student.Nodes.Sum(n => OperatorRegistry.Of(n).MultiplyAccumulates(OperatorContext.Of(student, n)));
        double gigaflops = 2.0 * 4 * products * steps * Batch / seconds / 1e9;
        // By the processor's time, which other work beside does not lengthen.
        double share = gigaflops * seconds / used / Peak();
        return new(
            model.Name, threads, steps, steps * Batch / seconds, seconds / epochs, data.Learned, used / epochs, gigaflops, share);

        void Train(int count)
        {
            var training = new TrainerOptions
            {
                Steps = count,
                BatchSize = Batch,
                ChunkSize = Chunk,
                LearningRate = 1e-5,
                EvaluationInterval = count,
            };
            new Trainer(objective, parameters, training, epoch => Order(epoch, data.Learned), Host.Instance) { MostThreads = threads }
                .Run(model.Name, CancellationToken.None);
        }
    }

    private static int[] Order(int epoch, int count)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        new RandomSource(FormattableString.Invariant($"epoch {epoch}")).Shuffle<int>(order);
        return order;
    }

    // 10⁹ operations of the float32 matrix product in a second on one thread: the best of some runs.
    private static double Peak()
    {
        const int Runs = 40;
        float[] a = new float[PeakSize * PeakSize], b = new float[a.Length], c = new float[a.Length];
        Array.Fill(a, 0.5f);
        Array.Fill(b, 0.25f);
        double best = double.PositiveInfinity;
        for (int run = 0; run < Runs; run++)
        {
            long start = Stopwatch.GetTimestamp();
            MatrixProduct.Accumulate(PeakSize, PeakSize, PeakSize, a, PeakSize, 1, b, PeakSize, 1, c, PeakSize);
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return 2.0 * PeakSize * PeakSize * PeakSize / best / 1e9;
    }

    /// <summary>The training of one model.</summary>
    private sealed record TrainingRow(
        string Model, int Threads, int Steps, double SamplesPerSecond, double EpochSeconds, int Samples, double ProcessorSeconds,
        double Gigaflops, double ShareOfPeak);

    /// <summary>Nothing is held back, so that what is measured is learning alone.</summary>
    private sealed class Learning(ITrainingObjective objective) : ITrainingObjective
    {
        public Graph Graph => objective.Graph;

        public int Batch => objective.Batch;

        public int Samples => objective.Samples;

        public int HeldBack => 0;

        public IReadOnlyList<string> Seeded => objective.Seeded;

        public ITrainingObjective.IPass NewPass() => objective.NewPass();
    }

    /// <summary>Nobody hears, and nothing is kept.</summary>
    private sealed class Host : ITrainingHost
    {
        public static Host Instance { get; } = new();

        public void Report(double fraction, string text)
        {
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
