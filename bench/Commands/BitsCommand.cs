using System.CommandLine;
using System.Globalization;
using OptimizerBuild.Bench.Measurement;
using OptimizerBuild.Bench.Reporting;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Kernels;
using OptimizerBuild.Kernels.Tests.Cases;
using OptimizerBuild.Lowering;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Bench.Commands;

/// <summary>
/// <c>bits</c>: layers whose weights take four bits in memory beside the same weights as s8, in turn; with factors for groups of inputs and
/// without.
/// </summary>
internal sealed class BitsCommand : BenchCommand
{
    private static readonly Table<BitsRow> Columns = new(
        new("layer", r => r.Layer, Width: 40),
        new("s8, bytes", r => r.Bytes, "0", 9),
        new("s4, bytes", r => r.FewBytes, "0", 9),
        new("s8, µs", r => r.Microseconds, "F2", 9),
        new("s4, µs", r => r.FewMicroseconds, "F2", 9),
        new("ratio", r => r.Ratio, "F2") { Title = "times the time of s8" });

    private readonly Option<double> _seconds;
    private readonly FigureFiles _files;

    /// <summary>Declares the command and its options.</summary>
    public BitsCommand()
        : base("bits", "Layers with weights of four bits in memory beside the same layers as s8")
    {
        _seconds = SecondsOption("each layer");
        _files = new(this);
        Frameworks = new(this);
    }

    /// <summary>Measures all layers of <see cref="ProductShapes.FourBits"/>.</summary>
    /// <param name="seconds">How long each.</param>
    public static IEnumerable<BitsRow> Measure(double seconds)
    {
        foreach (ProductShape shape in ProductShapes.FourBits)
        {
            LoweredModel lowered = SingleLayer.Lower(shape);
            PlanCall dense = lowered.Calls.First(s => s.Macs > 0);
            foreach (int group in ProductShapes.Groups.Where(g => g < shape.Inputs))
            {
                var steps = FourBitSteps.Of(dense, lowered, group);
                Timings[] timings = Timings.Interleave(
                    [Call(lowered, steps.Dense, steps.Weights), Call(lowered, steps.Four, steps.Weights)], seconds);
                string layer = shape + (group == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", groups of {group}"));
                yield return new(
                    layer, steps.DenseBytes, steps.FourBytes, timings[0].Min, timings[1].Min,
                    Math.Round(timings[1].Min / timings[0].Min, 2));
            }
        }
    }

    /// <summary>The table of record.</summary>
    public static string Markdown(IReadOnlyList<BitsRow> rows) => Document.Of(
        "bits", $"{Machine.Processor}, int8 path `{KernelPath.Name}`, one thread, minimum of interleaved runs.", Columns.Markdown(rows));

    /// <inheritdoc/>
    protected override int Run(ParseResult line)
    {
        _files.Write(line, Columns.Print(Measure(line.GetValue(_seconds))), Markdown);
        return 0;
    }

    private static Action Call(LoweredModel lowered, PlanCall step, byte[] weights)
    {
        StepCall call = KernelBinder.Bind(step);
        var workspace = new Workspace(PackedWeights.Of(weights), lowered.ArenaBytes);
        return () => call(workspace);
    }
}

/// <summary>A layer in both forms.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="Bytes">The bytes of its weights as s8.</param>
/// <param name="FewBytes">In four bits, factors included.</param>
/// <param name="Microseconds">The shortest time as s8.</param>
/// <param name="FewMicroseconds">In four bits.</param>
/// <param name="Ratio">The second ÷ the first.</param>
internal sealed record BitsRow(string Layer, int Bytes, int FewBytes, double Microseconds, double FewMicroseconds, double Ratio);
