using System.CommandLine;
using OptimizerBuild.Bench.Measurement;
using OptimizerBuild.Bench.Reporting;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Kernels;
using OptimizerBuild.Kernels.Tests.Cases;
using OptimizerBuild.Lowering;

namespace OptimizerBuild.Bench.Commands;

/// <summary>
/// <c>signs</c>: layers that multiply signs by signs on bits beside the same layers in int8, in turn, each with all steps behind its input;
/// and a network of them.
/// </summary>
internal sealed class SignsCommand : BenchCommand
{
    private static readonly Table<BitsRow> Columns = new(
        new("layer", r => r.Layer, Width: 40),
        new("int8, bytes", r => r.Bytes, "0", 11),
        new("bits, bytes", r => r.FewBytes, "0", 11),
        new("int8, µs", r => r.Microseconds, "F2", 9),
        new("bits, µs", r => r.FewMicroseconds, "F2", 9),
        new("ratio", r => 1 / r.Ratio, "F2") { Title = "times as fast" });

    private readonly Option<double> _seconds;
    private readonly FigureFiles _files;

    /// <summary>Declares the command and its options.</summary>
    public SignsCommand()
        : base("signs", "Layers of signs and binary weights on bits beside the same layers in int8")
    {
        _seconds = SecondsOption("each layer");
        _files = new(this);
        Frameworks = new(this);
    }

    /// <summary>Measures all layers of <see cref="ProductShapes.Signs"/>, and the network.</summary>
    /// <param name="seconds">How long each.</param>
    public static IEnumerable<BitsRow> Measure(double seconds)
    {
        foreach (ProductShape shape in ProductShapes.Signs)
            yield return Row(shape.ToString(), SignForms.Of(shape), seconds);
        yield return Row($"network {string.Join('-', SignForms.Network)}", SignForms.OfNetwork(), seconds);
    }

    /// <summary>The table of record.</summary>
    public static string Markdown(IReadOnlyList<BitsRow> rows) => Document.Of(
        "signs", $"{Machine.Processor}, int8 path `{KernelPath.Name}`, one thread, minimum of interleaved runs.", Columns.Markdown(rows));

    /// <inheritdoc/>
    protected override int Run(ParseResult line)
    {
        _files.Write(line, Columns.Print(Measure(line.GetValue(_seconds))), Markdown);
        return 0;
    }

    private static BitsRow Row(string name, (LoweredModel Signs, LoweredModel Int8) forms, double seconds)
    {
        Timings[] timings = Timings.Interleave([Calls(forms.Int8), Calls(forms.Signs)], seconds);
        return new(
            name, forms.Int8.Sections.Sum(s => s.Bytes), forms.Signs.Sections.Sum(s => s.Bytes), timings[0].Min, timings[1].Min,
            timings[1].Min / timings[0].Min);
    }

    // In int8 what comes before the first layer is left out; what the bits are made from is a step of theirs.
    private static Action Calls(LoweredModel lowered)
    {
        StepCall[] calls = [.. lowered.Calls.Where(c => c.Kernel is not ("Quantize" or "Float32Rounding"))
            .Select(KernelBinder.Bind)];
        var workspace = new Workspace(PackedWeights.Of(lowered.Weights), lowered.ArenaBytes);
        // Numbers: bits that are none would be no product at all.
        var random = new Random(3);
        foreach (ref float value in workspace.ArenaSpan<float>(0, lowered.ArenaBytes / sizeof(float)))
            value = random.NextSingle() - 0.5f;
        return () =>
        {
            foreach (StepCall call in calls)
                call(workspace);
        };
    }
}
