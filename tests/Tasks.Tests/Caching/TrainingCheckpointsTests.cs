using OptimizerBuild.Harness;

namespace OptimizerBuild.Caching;

/// <summary>States of trainings beside the cache's entries.</summary>
public sealed class TrainingCheckpointsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void AreFoundByKeyAndFingerprintUntilTheBuildIsDone()
    {
        string folder = _folder["cache"];
        var build = new TrainingCheckpoints(folder, "key");
        Assert.Null(build.Load("a"));
        build.Remove();
        build.Save("a", [1, 2, 3]);
        build.Save("a", [4, 5]);
        build.Save("b", [6]);

        // A build that goes on is another process.
        var next = new TrainingCheckpoints(folder, "key");
        Assert.Equal([4, 5], next.Load("a"));
        Assert.Equal([6], next.Load("b"));
        Assert.Null(next.Load("c"));
        var other = new TrainingCheckpoints(folder, "other");
        Assert.Null(other.Load("a"));
        other.Save("a", [7]);
        next.Remove();
        Assert.Equal([7], other.Load("a"));
        Assert.Null(new TrainingCheckpoints(folder, "key").Load("a"));
        Assert.Single(Directory.EnumerateFiles(folder));
    }

    [Fact]
    public void DamagedOnesAndThoseOfLongAgoAreLeft()
    {
        string folder = _folder["cache"];
        var build = new TrainingCheckpoints(folder, "key");
        build.Save("a", [1, 2, 3]);
        string file = Assert.Single(Directory.EnumerateFiles(folder));
        byte[] content = File.ReadAllBytes(file);
        content[^1] ^= 1;
        File.WriteAllBytes(file, content);
        Assert.Null(build.Load("a"));
        File.WriteAllBytes(file, content[..10]);
        Assert.Null(build.Load("a"));
        File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddDays(-8));
        new TrainingCheckpoints(folder, "other").Remove();
        Assert.Empty(Directory.EnumerateFiles(folder));
    }
}
