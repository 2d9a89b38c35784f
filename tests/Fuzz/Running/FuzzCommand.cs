using System.CommandLine;
using System.Globalization;
using OptimizerBuild.Fuzz.Targets;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Fuzz.Running;

/// <summary>The command: <c>FORMAT [--minutes N] [--cases N] [--seed S]</c>, or <c>FORMAT --input FILE</c>.</summary>
internal static class FuzzCommand
{
    /// <summary>The names of the formats.</summary>
    public static IReadOnlyList<string> Formats { get; } = [.. FuzzTargets.All.Keys];

    /// <summary>Runs the command.</summary>
    /// <returns>0 where nothing failed, else 1.</returns>
    public static int Invoke(string[] args)
    {
        var root = new RootCommand("Damages inputs of a format at random: each must give a valid result or an error with a code, in time.");
        foreach (string format in Formats)
            root.Add(CommandOf(format, args));
        return root.Parse(args).Invoke();
    }

    private static Command CommandOf(string format, string[] args)
    {
        var command = new Command(format, "Inputs of the format " + format);
        var minutes = new Option<double?>("--minutes") { Description = "How long; without --cases 1", HelpName = "N" };
        var cases = new Option<int?>("--cases") { Description = "How many damaged inputs at most", HelpName = "N" };
        var seed = new Option<int>("--seed") { Description = "The seed of the damage", HelpName = "S", DefaultValueFactory = _ => 1 };
        var input = new Option<FileInfo>("--input") { Description = "Run this input and nothing else",
            HelpName = "FILE" }.AcceptExistingOnly();
        var keep = new Option<bool>("--keep") { Description = "Add the smallest inputs with different ends to tests/Fuzz/Corpus" };
        var plain = new Option<bool>("--no-coverage") { Description = "Do not look at which code inputs run" };
        foreach (Option option in (Option[])[minutes, cases, seed, input, keep, plain])
            command.Add(option);
        command.SetAction(line =>
        {
            if (line.GetValue(input) is { } file)
                return RunOne(format, file);
            if (!line.GetValue(plain) && CodeCoverage.OfThisProcess is null)
                return CodeCoverage.RunCounting(args);
            double? time = line.GetValue(minutes) ?? (line.GetValue(cases) is null ? 1 : null);
            return Run(format, time is { } m ? TimeSpan.FromMinutes(m) : null, line.GetValue(cases), line.GetValue(seed),
                line.GetValue(keep));
        });
        return command;
    }

    private static int Run(string format, TimeSpan? time, int? cases, int seed, bool keep)
    {
        using FuzzTarget target = FuzzTargets.All[format]();
        string folder = Path.Combine(SharedAssets.RepositoryRoot, "artifacts", "fuzz", format);
        var failures = new FailureFolder(target, folder);
        var run = new FuzzRun(target, seed, CodeCoverage.OfThisProcess, failures);
        run.Begin(Corpus.Of(target).Select(c => c.Input).Concat(target.Seeds()).Concat(target.MoreSeeds()), time / 4);
        Say();
        run.Run(time, cases, Say);
        Say();
        foreach ((string signature, int count) in failures.Kinds)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count} times: {signature}"));
        if (keep)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Corpus.Add(target, run)} inputs added to the corpus"));
        return run.Counts.Failed == 0 ? 0 : 1;

        void Say() => Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{format}, seed {seed}: {run.Counts}; {run.Shapes.Count} different ends, {run.Kept} inputs kept")
            + (CodeCoverage.OfThisProcess is { } c ? string.Create(CultureInfo.InvariantCulture, $", {c.Branches} branches") : ""));
    }

    private static int RunOne(string format, FileInfo file)
    {
        using FuzzTarget target = FuzzTargets.All[format]();
        CaseResult result = CaseRunner.Run(target, File.ReadAllBytes(file.FullName));
        Console.WriteLine(result.Verdict is { } verdict
            ? (verdict.IsValid ? "valid: " : "refused: ") + verdict.Shape
            : "FAILED: " + result.Failure + "\n" + result.Detail);
        return result.Failure is null ? 0 : 1;
    }
}
