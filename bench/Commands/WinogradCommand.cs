using System.CommandLine;
using OptimizerBuild.Bench.Measurement;
using OptimizerBuild.Bench.Reporting;
using OptimizerBuild.Kernels;
using OptimizerBuild.Kernels.Tests.Cases;

namespace OptimizerBuild.Bench.Commands;

/// <summary>
/// <c>winograd</c>: convolutions of 3×3 taps in their direct form and in both of Winograd's, in turn, with weights whose pair sums are
/// bounded and with others. On the paths that know no Winograd form all are the direct one.
/// </summary>
internal sealed class WinogradCommand : BenchCommand
{
    private static readonly Table<WinogradRow> Columns = new(
        new("layer", r => r.Layer, Width: 44),
        new("weights", r => r.Weights, Width: 9),
        new("direct µs", r => r.Direct, "F1", 9) { Title = "direct, µs" },
        new("2×2 µs", r => r.Two, "F1", 9) { Title = "F(2×2), µs" },
        new("4×4 µs", r => r.Four, "F1", 9) { Title = "F(4×4), µs" },
        new("2×2", r => r.Direct / r.Two, "F2") { Title = "F(2×2), times as fast" },
        new("4×4", r => r.Direct / r.Four, "F2") { Title = "F(4×4), times as fast" },
        new("GMAC/s", r => r.Macs / r.Four / 1e3, "F0") { Title = "F(4×4), GMAC/s" });

    private readonly Option<double> _seconds;
    private readonly FigureFiles _files;

    /// <summary>Declares the command and its options.</summary>
    public WinogradCommand()
        : base("winograd", "Convolutions of 3×3 taps in their direct form and in Winograd's two")
    {
        _seconds = SecondsOption("each layer");
        _files = new(this);
        Frameworks = new(this);
    }

    /// <summary>Measures all layers of <see cref="ProductShapes.Winograd"/>.</summary>
    /// <param name="seconds">How long each.</param>
    public static IEnumerable<WinogradRow> Measure(double seconds)
    {
        foreach (bool isBounded in (bool[])[true, false])
        {
            foreach (ProductShape shape in ProductShapes.Winograd)
            {
                (Action direct, Action two, Action four) = WinogradForms.Of(shape, isBounded);
                Timings[] timings = Timings.Interleave([direct, two, four], seconds);
                yield return new(
                    shape.ToString(), isBounded ? "bounded" : "any", shape.Macs, timings[0].Min, timings[1].Min, timings[2].Min);
            }
        }
    }

    /// <summary>The table of record.</summary>
    public static string Markdown(IReadOnlyList<WinogradRow> rows) => Document.Of(
        "winograd", $"{Machine.Processor}, int8 path `{KernelPath.Name}`, one thread, minimum of interleaved runs.",
        Columns.Markdown(rows));

    /// <inheritdoc/>
    protected override int Run(ParseResult line)
    {
        Console.WriteLine($"int8 path {KernelPath.Name}");
        _files.Write(line, Columns.Print(Measure(line.GetValue(_seconds))), Markdown);
        return 0;
    }
}

/// <summary>A layer in all forms.</summary>
/// <param name="Layer">What it is.</param>
/// <param name="Weights">Whether its pair sums are bounded.</param>
/// <param name="Macs">Multiply-accumulates of the direct form.</param>
/// <param name="Direct">The direct form's shortest time in microseconds.</param>
/// <param name="Two">That of F(2×2, 3×3).</param>
/// <param name="Four">That of F(4×4, 3×3).</param>
internal sealed record WinogradRow(string Layer, string Weights, long Macs, double Direct, double Two, double Four);
