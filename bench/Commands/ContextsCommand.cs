using System.CommandLine;
using OptimizerBuild.Bench.Models;
using OptimizerBuild.Bench.Reporting;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Lowering.Coding;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Bench.Commands;

/// <summary>
/// <c>contexts</c>: what adaptive binary models with contexts (S. Wiedemann et al. 2020, DeepCABAC, arXiv 1907.11900, section III) would
/// save of coded weights. Costs are those of an arithmetic coder without loss: nothing is coded.
/// </summary>
internal sealed class ContextsCommand : BenchCommand
{
    private static readonly string[] Combinations =
    [
        "EntropyCoding=True", "Precision=Int4;EntropyCoding=True", "Sparsity=0.8;EntropyCoding=True", "Clusters=16;EntropyCoding=True",
        "Sparsity=0.8;Precision=Int4;EntropyCoding=True",
    ];

    private static readonly Table<ContextRow> Columns = new(
        new("model", r => r.Model, Width: 22),
        new("metadata", r => r.Metadata, Width: 46),
        new("bytes", r => r.Bytes, "N0", 10),
        new("adaptive", r => r.Adaptive, "P1", 9) { Title = "saved: adaptive, no context" },
        new("zeros", r => r.Zeros, "P1", 9) { Title = "saved: zeros before" },
        new("neighbours", r => r.Neighbours, "P1", 10) { Title = "saved: magnitudes before" },
        new("channel", r => r.Channel, "P1", 9) { Title = "saved: magnitudes of the channel" },
        new("best", r => r.Best, "P1", 9) { Title = "saved: best of each section" });

    private readonly ModelSelection _models;
    private readonly FigureFiles _files;
    private readonly Option<string[]> _combinations = new("--with")
    {
        Description = "Metadata of one row, as Name=Value;Name=Value; may be repeated. Without it a list of its own",
        HelpName = "M",
    };

    /// <summary>Declares the command and its options.</summary>
    public ContextsCommand()
        : base("contexts", "What codes with contexts would save of the weights")
    {
        _models = new(this);
        Add(_combinations);
        _files = new(this);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult line)
    {
        string[] combinations = line.GetValue(_combinations) is { Length: > 0 } given ? given : Combinations;
        List<ContextRow> rows = Columns.Print(
            from model in _models.Of(line)
            from combination in combinations
            select Measure(model, combination));
        _files.Write(line, rows, r => Document.Of(
            "contexts", "What an arithmetic coder with adaptive binary models would save of the bytes that ship.", Columns.Markdown(r)));
        return 0;
    }

    private static ContextRow Measure(BenchModel model, string combination)
    {
        BenchModel variant = model;
        foreach (string[] pair in combination.Split(';').Select(p => p.Split('=', 2)))
            variant = variant.With(pair[0], pair[1]);
        CompilationOutcome outcome = ModelCompiler.Compile((variant with { Evaluation = null }).Options(), CancellationToken.None);
        PlanWeights weights = outcome.Plan.Weights;
        byte[] memory = PlanExecutor.Expand(weights, outcome.Weights).Bytes.ToArray();
        var totals = new double[ContextModels.Count];
        double best = 0;
        long shipped = 0;
        foreach (PlanCall call in weights.Expansion)
        {
            IReadOnlyList<int> f = call.Arguments.OfType<PlanArgument.Integers>().Single().Values;
            for (int s = 0; s < f.Count; s += 6)
            {
                int length = f[s + 1];
                var run = new WeightRun(memory, f[s + 2], f[s + 3], f[s + 4], f[s + 5]);
                double least = length;
                for (int m = 0; m < totals.Length; m++)
                {
                    double bytes = run.Width == 1 ? Math.Min(ContextModels.Bytes(run, m), length) : length;
                    totals[m] += bytes;
                    least = Math.Min(least, bytes);
                }
                best += least;
                shipped += length;
            }
        }
        double Saved(double bytes) => 1 - (bytes / shipped);
        return new(model.Name, combination, outcome.Weights.Length, Saved(totals[0]), Saved(totals[1]), Saved(totals[2]),
            Saved(totals[3]), Saved(best));
    }

    private sealed record ContextRow(
        string Model, string Metadata, int Bytes, double Adaptive, double Zeros, double Neighbours, double Channel, double Best);

    // A signed byte as: is it zero; its sign; is its magnitude more than 1, 2, … up to 14; and what is more in Elias's gamma code, each
    // decision with an adaptive probability of its own in its context.
    private static class ContextModels
    {
        public const int Count = 4;

        private const int Flags = 14, Classes = 8;

        public static double Bytes(WeightRun run, int model)
        {
            double best = double.PositiveInfinity;
            foreach (int stride in model == 3 ? (int[])[4, 16, 64, 256] : [1])
                best = Math.Min(best, Bits(run, model, stride));
            // The coder's end and a header.
            return (best / 8) + 6;
        }

        private static double Bits(WeightRun run, int model, int stride)
        {
            var probabilities = new Probability[Classes, 64];
            for (int c = 0; c < Classes; c++)
                for (int p = 0; p < 64; p++)
                    probabilities[c, p] = new();
            var lanes = new double[stride];
            double bits = 0;
            int before = 0, beforeThat = 0;
            for (int i = 0; i < run.Count; i++)
            {
                int value = (sbyte)run[i], magnitude = Math.Abs(value);
                // Lanes of a layout: the four inputs of an output count as one.
                ref double lane = ref lanes[stride >= 64 ? i % stride / 4 : i % stride];
                int context = model switch
                {
                    0 => 0,
                    1 => (before == 0 ? 1 : 0) + (beforeThat == 0 ? 1 : 0),
                    2 => Class((before + beforeThat) / 2.0),
                    _ => Class(lane),
                };
                bits += Cost(probabilities, context, value, magnitude);
                (beforeThat, before) = (before, magnitude);
                lane += (magnitude - lane) / (stride >= 64 ? 32 : 8);
            }
            return bits;
        }

        private static int Class(double magnitude) =>
            magnitude < 0.3 ? 0 : magnitude < 1 ? 1 : magnitude < 3 ? 2 : magnitude < 8 ? 3 : magnitude < 14 ? 4 : magnitude < 22 ? 5
                : magnitude < 36 ? 6 : 7;

        private static double Cost(Probability[,] p, int c, int value, int magnitude)
        {
            double bits = p[c, 0].Cost(magnitude > 0);
            if (magnitude == 0)
                return bits;
            bits += p[c, 1].Cost(value < 0);
            for (int k = 1; k <= Flags; k++)
            {
                bits += p[c, 1 + k].Cost(magnitude > k);
                if (magnitude <= k)
                    return bits;
            }
            // From 0: as many ones as bits, and the bits behind the first, the upper two with models of their own.
            int rest = magnitude - Flags, length = 31 - System.Numerics.BitOperations.LeadingZeroCount((uint)rest);
            for (int k = 0; k <= length; k++)
                bits += p[c, 20 + k].Cost(k < length);
            for (int k = length - 1; k >= 0; k--)
                bits += k == length - 1 ? p[c, 30 + length].Cost(((rest >> k) & 1) != 0)
                    : k == length - 2 ? p[c, 40 + (2 * length) + ((rest >> (k + 1)) & 1)].Cost(((rest >> k) & 1) != 0) : 1;
            return bits;
        }

        // The mean of a quick and a slow estimate.
        private sealed class Probability
        {
            private double _quick = 0.5;
            private double _slow = 0.5;
            private int _seen;

            public double Cost(bool bit)
            {
                double p = (_quick + _slow) / 2, cost = -Math.Log2(bit ? p : 1 - p);
                _seen++;
                double slow = Math.Max(1.0 / (_seen + 1.5), 1.0 / 512), quick = Math.Max(1.0 / (_seen + 1.5), 1.0 / 64), to = bit ? 1 : 0;
                _quick = Math.Clamp(_quick + ((to - _quick) * quick), 0.0005, 0.9995);
                _slow = Math.Clamp(_slow + ((to - _slow) * slow), 0.0005, 0.9995);
                return cost;
            }
        }
    }
}
