using System.CommandLine;
using OptimizerBuild.Bench.Measurement;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Bench.Commands;

/// <summary>The option <c>--frameworks</c> of a command: the frameworks on whose runtimes it is carried out, one after the other.</summary>
internal sealed class FrameworkSelection
{
    private readonly Option<string[]> _frameworks = new Option<string[]>("--frameworks")
    {
        Description = "Frameworks on whose runtimes to measure; of several, the files of all but this one have theirs in the name",
        HelpName = "F",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [Runtime.Framework],
    }.AcceptOnlyFromAmong(Runtime.Frameworks);

    /// <summary>Declares the option.</summary>
    public FrameworkSelection(Command command) => command.Add(_frameworks);

    /// <summary>Carries the command out on each framework's runtime, and says on which.</summary>
    /// <param name="line">The command line.</param>
    /// <param name="run">Carries it out in this process.</param>
    /// <returns>The first exit code that is not 0.</returns>
    public int Run(ParseResult line, Func<int> run)
    {
        string[] frameworks = [.. line.GetValue(_frameworks)!.Distinct()];
        int code = 0;
        foreach (string framework in frameworks)
        {
            int ended;
            if (framework == Runtime.Framework)
            {
                Console.WriteLine($"{Runtime.Name}: {KernelPath.Describe()}, float32 {Float32Path.Name}");
                ended = run();
            }
            else
            {
                ended = Runtime.Run(framework, Arguments(line, framework, isOneOfSeveral: frameworks.Length > 1));
            }
            code = code == 0 ? ended : code;
        }
        return code;
    }

    // The command line for one framework, with files of its own where others write, too.
    private static IEnumerable<string> Arguments(ParseResult line, string framework, bool isOneOfSeveral)
    {
        string option = "";
        foreach (string token in line.Tokens.Select(t => t.Value))
        {
            if (token.StartsWith("--", StringComparison.Ordinal))
                option = token;
            if (option == "--frameworks")
                continue;
            bool isFile = isOneOfSeveral && option is ("--json" or "--markdown") && option != token;
            yield return isFile ? Path.ChangeExtension(token, framework + Path.GetExtension(token)) : token;
        }
        yield return "--frameworks";
        yield return framework;
    }
}
