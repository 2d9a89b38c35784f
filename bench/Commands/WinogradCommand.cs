using System.CommandLine;
using OptimizerBuild.Bench.Measurement;
using OptimizerBuild.Bench.Reporting;
using OptimizerBuild.Kernels;
using OptimizerBuild.Kernels.Tests.Cases;

namespace OptimizerBuild.Bench.Commands;

/// <summary>
/// <c>winograd</c>: convolutions of 3×3 taps in their direct form and in Winograd's, in turn, with weights whose pair sums are bounded and
/// with others. It says something on processors without VNNI, or under <c>DOTNET_EnableAVXVNNI=0</c>; elsewhere both are the direct form.
/// </summary>
internal sealed class WinogradCommand : BenchCommand
{
    private static readonly Table<WinogradRow> Columns = new(
        new("layer", r => r.Layer, Width: 44),
        new("weights", r => r.Weights, Width: 9),
        new("direct µs", r => r.Direct, "F2", 9) { Title = "direct, µs" },
        new("winograd µs", r => r.Winograd, "F2", 11) { Title = "Winograd, µs" },
        new("ratio", r => r.Direct / r.Winograd, "F2") { Title = "times as fast" },
        new("GMAC/s", r => r.Macs / r.Winograd / 1e3, "F0"));

    private readonly Option<double> _seconds;
    private readonly FigureFiles _files;

    /// <summary>Declares the command and its options.</summary>
    public WinogradCommand()
        : base("winograd", "Convolutions of 3×3 taps in their direct form and in Winograd's, on processors without VNNI")
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
                (Action direct, Action winograd) = WinogradForms.Of(shape, isBounded);
                Timings[] timings = Timings.Interleave([direct, winograd], seconds);
                yield return new(shape.ToString(), isBounded ? "bounded" : "any", shape.Macs, timings[0].Min, timings[1].Min);
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

/// <summary>A layer in both forms.</summary>
/// <param name="Layer">What it is.</param>
/// <param name="Weights">Whether its pair sums are bounded.</param>
/// <param name="Macs">Multiply-accumulates of the direct form.</param>
/// <param name="Direct">The direct form's shortest time in microseconds.</param>
/// <param name="Winograd">That of Winograd's.</param>
internal sealed record WinogradRow(string Layer, string Weights, long Macs, double Direct, double Winograd);
