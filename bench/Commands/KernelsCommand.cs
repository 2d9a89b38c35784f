using System.CommandLine;
using System.Globalization;
using OptimizerBuild.Bench.Measurement;
using OptimizerBuild.Bench.Reporting;
using OptimizerBuild.Kernels;
using OptimizerBuild.Kernels.Tests.Cases;

namespace OptimizerBuild.Bench.Commands;

/// <summary>
/// <c>kernels</c>: the product kernels on the layers of the kernel tests' registry <see cref="ProductShapes"/>, each as the build lowers
/// it, against the measured peak of the instruction set's register tile. With <c>--assert</c> int8 beside float32 by turns, and an exit
/// code of 1 where int8 is slower; with <c>--sweep</c> many more layers and all elementwise functions (<see cref="KernelSweep"/>). Another
/// path of the machine is measured under the runtime's switches, as <c>DOTNET_EnableAVX512=0</c>.
/// </summary>
internal sealed class KernelsCommand : BenchCommand
{
    private static readonly Table<StepCost> Columns = new(
        new("kernel", c => c.Step, Width: 25),
        new("layer", c => c.Description, Width: 44),
        new("K MACs", c => c.Macs / 1e3, "F0", 6),
        new("µs", c => c.Microseconds, "F2", 7),
        new("GMAC/s", c => c.GigaMacs, "F1"),
        new("peak", c => c.ComputeShare, "P0", 5) { Title = "of the peak" });

    private static readonly Table<LayerComparison> Comparisons = new(
        new("layer", c => c.Layer, Width: 44),
        new("kernel", c => c.Int8.Step, Width: 25),
        new("int8 µs", c => c.Int8.Microseconds, "F2", 9),
        new("float32 µs", c => c.Float32.Microseconds, "F2", 10),
        new("ratio", c => c.Ratio, "F2") { Title = "times as fast" },
        new("int8", c => c.Int8.ComputeShare, "P0", 5) { Title = "int8 of its peak" },
        new("float32", c => c.Float32.ComputeShare, "P0", 7) { Title = "float32 of its peak" },
        new("any weights", c => c.AnyWeights?.Microseconds, "F2") { Title = "int8 with any weights, µs" });

    private static readonly Table<StepCost> Lows = new(
        new("kernel", c => c.Step, Width: 25),
        new("what", c => c.Description, Width: 44),
        new("µs", c => c.Microseconds, "F2", 9),
        new("GMAC/s", c => c.GigaMacs, "F1", 7),
        new("of the bound", c => Math.Max(c.ComputeShare, c.TransferShare), "P0"));

    private readonly Option<double> _seconds;
    private readonly Option<bool> _assert = new("--assert")
    {
        Description = "Measure int8 and float32 by turns, and fail where int8 is slower",
    };

    private readonly Option<bool> _sweep = new("--sweep")
    {
        Description = "Measure many shapes and all elementwise functions, and list what stays below a third of its bound",
    };

    private readonly Option<bool> _anyWeights = new("--any-weights")
    {
        Description = "With --assert or --sweep: also int8 with weights whose pair sums are not bounded, which nothing is asserted of",
    };

    private readonly Option<string> _only = new("--only")
    {
        Description = "With --assert or --sweep: only layers of whose kernel and shape this is a part, and no functions",
        HelpName = "TEXT",
    };

    private readonly FigureFiles _files;

    /// <summary>Declares the command and its options.</summary>
    public KernelsCommand()
        : base("kernels", "The product kernels on the layers of the kernel tests, against the peak of the register tile")
    {
        _seconds = SecondsOption("each twenty layers");
        Add(_assert);
        Add(_sweep);
        Add(_anyWeights);
        Add(_only);
        _files = new(this);
        Frameworks = new(this);
    }

    /// <summary>Measures every layer in int8 and in float32.</summary>
    /// <param name="seconds">How long each.</param>
    public static IEnumerable<StepCost> Measure(double seconds) =>
        ProductShapes.All.Where(s => s.Kernel != "MatMul").Select(s => SingleLayer.Measure(s, isInteger: true, seconds))
            .Concat(ProductShapes.All.Select(s => SingleLayer.Measure(s, isInteger: false, seconds)))
            .Concat(ProductShapes.Sparse.SelectMany(s => SingleLayer.MeasureSparse(s, isInteger: true, seconds)))
            .Concat(ProductShapes.Sparse.SelectMany(s => SingleLayer.MeasureSparse(s, isInteger: false, seconds)));

    /// <summary>The table of record.</summary>
    public static string Markdown(List<StepCost> costs) =>
        Document.Of("kernels", $"{Machine.Processor}, one thread. {Peaks}.", Columns.Markdown(costs));

    /// <inheritdoc/>
    protected override int Run(ParseResult line)
    {
        Console.WriteLine(Peaks);
        double seconds = line.GetValue(_seconds) / 20;
        bool asserts = line.GetValue(_assert);
        bool sweeps = line.GetValue(_sweep);
        if (!asserts && !sweeps)
        {
            _files.Write(line, Columns.Print(Measure(seconds)), Markdown);
            return 0;
        }

        string? only = line.GetValue(_only);
        List<StepCost> functions = sweeps && only is null ? Lows.Print(KernelSweep.Functions(seconds)) : [];
        IEnumerable<ProductShape> shapes = ProductShapes.All.Where(s => s.Kernel != "MatMul");
        if (sweeps)
            shapes = shapes.Concat(KernelSweep.Shapes());
        if (only is not null)
            shapes = shapes.Where(s => $"{s.Kernel} {s}".Contains(only, StringComparison.Ordinal));
        List<LayerComparison> layers = Comparisons.Print(shapes.Select(s => SingleLayer.Compare(s, seconds, line.GetValue(_anyWeights))));
        if (sweeps)
        {
            Console.WriteLine("Below a third of their bound, from a microsecond on:");
            Lows.Print(functions.Concat(layers.SelectMany(c => (StepCost[])[c.Int8, c.Float32])).Where(IsLow));
        }
        _files.Write(line, layers, MarkdownOf);
        if (line.GetValue(_anyWeights))
        {
            int count = layers.Count(c => c.IsSlowerOfAnyWeights);
            Console.WriteLine($"Of any weights int8 is slower than float32 in {count} of {layers.Count} layers.");
        }
        return asserts ? Assert(layers) : 0;
    }

    private static int Assert(List<LayerComparison> layers)
    {
        ILookup<bool, LayerComparison> slower =
            layers.Where(c => c.IsSlower).OrderBy(c => c.Ratio).ToLookup(c => c.IsBoundByRequantization);
        Console.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"An output is requantised in {TilePeaks.Requantization:F3} ns, in which ")
            + string.Create(CultureInfo.InvariantCulture, $"float32's tile adds {LayerComparison.ProductsOfRequantization:F1} products: ")
            + $"nothing is asserted of the {layers.Count(c => c.IsBoundByRequantization)} layers that have no more to an output, "
            + $"of which {slower[true].Count()} are slower in int8.");
        foreach (LayerComparison layer in slower[true])
            Console.WriteLine(Comparisons.Line(layer));
        if (!slower[false].Any())
            return 0;
        Console.Error.WriteLine(
            $"On the path {KernelPath.Name} int8 is slower than float32 in {slower[false].Count()} of {layers.Count} layers:");
        foreach (LayerComparison layer in slower[false])
            Console.Error.WriteLine(Comparisons.Line(layer));
        return 1;
    }

    private static bool IsLow(StepCost cost) => cost.Microseconds >= 1 && Math.Max(cost.ComputeShare, cost.TransferShare) < 1 / 3.0;

    private static string MarkdownOf(List<LayerComparison> layers) =>
        Document.Of("kernels", $"{Machine.Processor}, one thread. {Peaks}.", Comparisons.Markdown(layers));

    private static string Peaks =>
        string.Create(CultureInfo.InvariantCulture, $"Peaks of the register tiles: int8 `{KernelPath.Name}` {TilePeaks.Int8:F0} GMAC/s, ")
        + string.Create(CultureInfo.InvariantCulture, $"float32 `{Float32Path.Name}` {TilePeaks.Float32:F0} GMAC/s");
}
