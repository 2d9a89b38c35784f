using System.Collections.Immutable;
using OptimizerBuild.Build;
using OptimizerBuild.Harness;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;
using OptimizerBuild.Reporting;

namespace OptimizerBuild.Caching;

public sealed class ModelCacheTests : IDisposable
{
    private static readonly ModelOptions Options = new() { ModelPath = Path.GetFullPath("m.onnx"), Name = "m", ClassName = "M" };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TheEntriesUsedLeastRecentlyGiveWay()
    {
        ModelOutputs outputs = Outputs();
        long size = outputs.Files.Sum(f => (long)f.Content.Length);
        var cache = new ModelCache(_folder.Path, (3 * size) + 10);
        foreach (char name in "abc")
        {
            cache.Add(Key(name), outputs);
            Directory.SetLastWriteTimeUtc(_folder[Key(name)], DateTime.UtcNow.AddHours(name - 'z'));
        }
        Assert.NotNull(cache.Find(Key('a')));

        cache.Add(Key('d'), outputs);

        Assert.NotNull(cache.Find(Key('a')));
        Assert.Null(cache.Find(Key('b')));
        Assert.NotNull(cache.Find(Key('c')));
        Assert.NotNull(cache.Find(Key('d')));
        Assert.Equal(3, Directory.GetFileSystemEntries(_folder.Path).Length);
    }

    [Fact]
    public void WhatIsLargerThanTheCacheIsNotKept()
    {
        var cache = new ModelCache(_folder.Path, 10);
        cache.Add(Key('a'), Outputs());

        Assert.Null(cache.Find(Key('a')));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void WhatAKilledBuildLeftBehindIsRemoved()
    {
        Directory.CreateDirectory(_folder["tmp-old"]);
        Directory.SetLastWriteTimeUtc(_folder["tmp-old"], DateTime.UtcNow.AddDays(-2));
        new ModelCache(_folder.Path, 1 << 20).Add(Key('a'), Outputs());

        Assert.Equal([Key('a')], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void ACacheThatCannotBeWrittenIsNoError()
    {
        File.WriteAllText(_folder["file"], "");
        var cache = new ModelCache(Path.Combine(_folder.Path, "file"), 1 << 20);

        cache.Add(Key('a'), Outputs());

        Assert.Null(cache.Find(Key('a')));
        Assert.Null(cache.Claim(Key('a'), default));
    }

    [Fact]
    public void TheKeyFollowsContentsAndRolesButNotPlaces()
    {
        foreach (string file in (string[])["a/x", "b/x"])
            File.WriteAllText(_folder[file], "content");
        File.WriteAllText(_folder["c/x"], "other");

        string? key = Of("model", "a/x");

        Assert.Equal(64, key!.Length);
        Assert.Equal(key, Of("model", "b/x"));
        Assert.NotEqual(key, Of("labels", "a/x"));
        Assert.NotEqual(key, Of("model", "c/x"));
        Assert.NotEqual(key, CacheKey.Of(Options with { InputScale = ImmutableArray.Create(2.0) }, [new("model", _folder["a/x"])], default));
        Assert.Null(Of("model", "missing"));

        string? Of(string role, string file) => CacheKey.Of(Options, [new(role, _folder[file])], default);
    }

    private static string Key(char c) => new(c, 64);

    private static ModelOutputs Outputs()
    {
        CompilationOutcome outcome = SmallOutcome.Of(Options);
        return new(PlanWriter.Write(outcome.Plan), outcome.Weights, ModelReport.Of(outcome).ToJson(), "");
    }
}
