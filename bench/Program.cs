using System.CommandLine;
using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using OptimizerBuild.Bench.Commands;
using OptimizerBuild.Diagnostics;

namespace OptimizerBuild.Bench;

/// <summary>The benchmark's command line.</summary>
internal static class Program
{
    /// <summary>Whether an exception is told by its message alone: it says what the user can change.</summary>
    public static bool IsReported(Exception exception) =>
        exception is ModelException or OnnxRuntimeException or IOException or InvalidOperationException;

    private static int Main(string[] args)
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;

        // The children come first: what is measured in them begins without a parser that has run.
        if (args is [IsaCommand.Child, var assembly, var time])
            return IsaCommand.RunChild(assembly, time);
        if (args is [FirstCommand.Child, var cold, var mode])
            return FirstCommand.RunChild(cold, mode);

        var root = new RootCommand("Measures generated predictors. COMMAND --help shows the options of a command.")
        {
            new CompareCommand(),
            new LayersCommand(),
            new IsaCommand(),
            new KernelsCommand(),
            new BitsCommand(),
            new SignsCommand(),
            new WinogradCommand(),
            new ThreadsCommand(),
            new BatchCommand(),
            new ImagesCommand(),
            new FirstCommand(),
            new StartupCommand(),
            new DebugCommand(),
            new CompressionCommand(),
            new EqualizationCommand(),
            new BuildsCommand(),
            new GrowthCommand(),
            new CodesCommand(),
            new ContextsCommand(),
            new TrainingCommand(),
            new FreshCommand(),
            new WasmCommand(),
            new StructureCommand(),
            new DigestsCommand(),
            new RecordCommand(),
        };
        root.Add(new DiagramDirective { ParseErrorReturnValue = 1 });
        try
        {
            return root.Parse(args).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (Exception e) when (IsReported(e))
        {
            Console.Error.WriteLine(e.Message);
            return 2;
        }
    }
}
