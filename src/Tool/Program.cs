using System.CommandLine;
using System.Globalization;
using OptimizerBuild.Tool.Commands;
using Spectre.Console;

namespace OptimizerBuild.Tool;

/// <summary>The command line of <c>optimizerbuild</c>.</summary>
internal static class Program
{
    // Wide enough that no column of a table is broken where nobody says how wide the output is.
    private const int FileWidth = 240;

    private static int Main(string[] args)
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        IAnsiConsole console = AnsiConsole.Console;
        if (Console.IsOutputRedirected)
            console.Profile.Width = FileWidth;
        return Root(console).Parse(args).Invoke();
    }

    /// <summary>The commands.</summary>
    /// <param name="console">Where they write.</param>
    public static RootCommand Root(IAnsiConsole console) =>
        new("Looks at ONNX models, tries how small and fast they become, and adds them to projects. "
            + "COMMAND --help shows a command's options.")
        {
            new InspectCommand(console),
            new TryCommand(console),
            new ConvertCommand(console),
            new AddCommand(console),
        };
}
