using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace OptimizerBuild.Bench.Commands;

/// <summary>A command of the benchmark; each declares the options that it reads, and no others are accepted.</summary>
internal abstract class BenchCommand : Command
{
    /// <summary>A command without options.</summary>
    /// <param name="name">Its name on the command line.</param>
    /// <param name="description">What <c>--help</c> says of it.</param>
    protected BenchCommand(string name, string description)
        : base(name, description) => SetAction(line => Frameworks is { } frameworks ? frameworks.Run(line, () => Run(line)) : Run(line));

    /// <summary>The frameworks on whose runtimes the command can be carried out, where it declares the option.</summary>
    protected FrameworkSelection? Frameworks { get; init; }

    /// <summary>Runs the command.</summary>
    /// <returns>The process's exit code.</returns>
    protected abstract int Run(ParseResult line);

    /// <summary>Declares the option <c>--seconds</c>.</summary>
    /// <param name="what">What so much time is given to.</param>
    protected Option<double> SecondsOption(string what)
    {
        var option = new Option<double>("--seconds")
        {
            Description = $"How long {what} is measured, about, in seconds",
            HelpName = "S",
            DefaultValueFactory = _ => 3,
        };
        option.Validators.Add(result => CheckRange(result, 0.01, 600));
        Add(option);
        return option;
    }

    /// <summary>Declares the option <c>--threads</c>.</summary>
    /// <param name="threads">How many where the command line does not say.</param>
    protected Option<int> ThreadsOption(int threads)
    {
        var option = new Option<int>("--threads")
        {
            Description = "Threads of one prediction",
            HelpName = "N",
            DefaultValueFactory = _ => threads,
        };
        option.Validators.Add(result => CheckRange(result, 1, 1024));
        Add(option);
        return option;
    }

    // What is not a number at all is reported by the parser.
    private static void CheckRange(OptionResult result, double least, double most)
    {
        foreach (Token token in result.Tokens)
            if (double.TryParse(token.Value, CultureInfo.InvariantCulture, out double value) && !(value >= least && value <= most))
                result.AddError(
                    FormattableString.Invariant($"{result.Option.Name} should be a number from {least} to {most}, not {token.Value}."));
    }
}
