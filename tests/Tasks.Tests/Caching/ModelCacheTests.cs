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
        new ModelCache(_folder.Path, 1 << 20).Add(Key('a'), outputs);
        long size = Directory.EnumerateFiles(_folder[Key('a')]).Sum(f => new FileInfo(f).Length);
        var cache = new ModelCache(_folder.Path, (3 * size) + 10);
        foreach (char name in "abc")
        {
            cache.Add(Key(name), outputs);
            Directory.SetLastWriteTimeUtc(_folder[Key(name)], DateTime.UtcNow.AddHours(name - 'z'));
        }
        Assert.NotNull(cache.Find(Key('a'), out _));

        cache.Add(Key('d'), outputs);

        Assert.NotNull(cache.Find(Key('a'), out _));
        Assert.Null(cache.Find(Key('b'), out _));
        Assert.NotNull(cache.Find(Key('c'), out _));
        Assert.NotNull(cache.Find(Key('d'), out _));
        Assert.Equal(3, Directory.GetFileSystemEntries(_folder.Path).Length);
    }

    [Fact]
    public void WhatIsLargerThanTheCacheIsNotKept()
    {
        var cache = new ModelCache(_folder.Path, 10);
        cache.Add(Key('a'), Outputs());

        Assert.Null(cache.Find(Key('a'), out _));
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

        Assert.Null(cache.Find(Key('a'), out _));
        Assert.Null(cache.Claim(Key('a'), default));
    }

    // One bit anywhere: in a number of the plan or the report, in the names of external files, in the digest itself.
    [Fact]
    public void AnEntryWithAnyByteChangedIsRemoved()
    {
        var cache = new ModelCache(_folder.Path, 1 << 20);
        ModelOutputs outputs = Outputs() with { ExternalData = new ExternalFile("w.bin", new string('0', 64)).Line, QdqModel = [1, 2, 3] };
        cache.Add(Key('a'), outputs);
        int tried = 0;
        foreach ((string file, byte[] whole) in Directory.GetFiles(_folder[Key('a')]).Select(f => (f, File.ReadAllBytes(f))).ToArray())
        {
            for (int at = 0; at < whole.Length; at += Math.Max(1, whole.Length / 30))
            {
                byte[] flipped = [.. whole];
                flipped[at] ^= 1;
                cache.Add(Key('a'), outputs);
                File.WriteAllBytes(file, flipped);

                Assert.Null(cache.Find(Key('a'), out bool damaged));

                Assert.True(damaged);
                Assert.False(Directory.Exists(_folder[Key('a')]));
                tried++;
            }
        }
        Assert.True(tried > 100);
    }

    [Fact]
    public void AnEntryUnderAnotherKeyOrWithAFileMissingOrTooMuchIsRemoved()
    {
        var cache = new ModelCache(_folder.Path, 1 << 20);
        cache.Add(Key('a'), Outputs());
        Directory.Move(_folder[Key('a')], _folder[Key('b')]);
        Assert.Null(cache.Find(Key('b'), out bool moved));

        cache.Add(Key('a'), Outputs() with { QdqModel = [1] });
        File.Delete(_folder[Key('a') + "/model.qdq.onnx"]);
        Assert.Null(cache.Find(Key('a'), out bool missing));

        cache.Add(Key('a'), Outputs());
        File.WriteAllText(_folder[Key('a') + "/model.qdq.onnx"], "x");
        Assert.Null(cache.Find(Key('a'), out bool added));

        Assert.True(moved && missing && added);
    }

    [Fact]
    public void AnEntryIsFoundAsItWasKept()
    {
        var cache = new ModelCache(_folder.Path, 1 << 20);
        ModelOutputs outputs = Outputs() with { QdqModel = [1, 2] };
        cache.Add(Key('a'), outputs);

        ModelOutputs? found = cache.Find(Key('a'), out bool damaged);

        Assert.False(damaged);
        Assert.Equal(outputs.Files, found!.Files, (a, b) => a.Extension == b.Extension && a.Content.SequenceEqual(b.Content));
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
        Assert.NotEqual(key,
            CacheKey.Of(Options with { InputScale = ImmutableArray.Create(2.0) }, [new("model", _folder["a/x"])], default));
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
