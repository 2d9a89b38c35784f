using OptimizerBuild.Fuzz.Running;
using OptimizerBuild.Fuzz.Targets;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Fuzz;

/// <summary>
/// Damaged inputs in every build: those that are kept because they once failed or end differently, and a short run of each format.
/// </summary>
public sealed class FuzzTests
{
    private const int Seed = 20261129;

    public static TheoryData<string> Formats => [.. FuzzTargets.All.Keys];

    // About 10 s each.
    public static TheoryData<string, int> Runs => new()
    {
        { "onnx", 100 }, { "npz", 3000 }, { "npy", 4000 }, { "idx", 4000 }, { "csv", 3000 }, { "pb", 4000 }, { "labels", 4000 },
        { "jsonl", 3000 }, { "txt", 3000 }, { "wav", 2000 }, { "png", 1000 }, { "jpg", 1000 },
        { "plan", 100 }, { "cache", 300 }, { "report", 4000 },
    };

    [Theory]
    [MemberData(nameof(Formats))]
    public void TheCorpusIsTreatedAsItMustBe(string format)
    {
        using FuzzTarget target = FuzzTargets.All[format]();
        var failures = new List<string>();
        int replayed = 0;
        foreach ((string name, byte[] input) in Corpus.Of(target))
        {
            replayed++;
            CaseResult result = CaseRunner.Run(target, input);
            if (result.Failure is { } failure)
                failures.Add($"{name}: {failure}\n{result.Detail}");
        }
        Assert.True(failures.Count == 0, string.Join("\n", failures));
        Assert.True(replayed > 0, "there is no corpus of " + format);
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void DamagedInputsGiveAResultOrACode(string format, int cases)
    {
        using FuzzTarget target = FuzzTargets.All[format]();
        // Of the seed models, one for each operator and more, some will do: other tests build them all.
        FuzzCounts counts = Run(target, cases, target.Seeds().Where((_, i) => format != "onnx" || i % 6 == 0));
        // Checksums find what is wrong with most of the damaged images.
        Assert.True(counts.Valid > cases / (format == "png" ? 200 : 50), $"hardly anything is valid: {counts}");
        // The cache refuses nothing: whatever is wrong with it only costs time.
        Assert.True(counts.Refused > cases / 50 || format == "cache", $"hardly anything is refused: {counts}");
    }

    /// <summary>The models of the ONNX backend suite, damaged.</summary>
    [Fact]
    public void DamagedModelsOfTheSuiteGiveAResultOrACode()
    {
        SharedAssets.Require();
        using FuzzTarget target = FuzzTargets.All["onnx"]();
        byte[][] models = [.. target.MoreSeeds()];
        Run(target, 60, models.Where((_, i) => i % 32 == 0));
    }

    private static FuzzCounts Run(FuzzTarget target, int cases, IEnumerable<byte[]> seeds)
    {
        var failures = new FailureFolder(target, null);
        var run = new FuzzRun(target, Seed, null, failures);
        run.Begin(seeds);
        run.Run(null, cases);
        Assert.True(run.Counts.Failed == 0, run.Counts + "\n" + string.Join("\n", failures.First));
        return run.Counts;
    }
}
