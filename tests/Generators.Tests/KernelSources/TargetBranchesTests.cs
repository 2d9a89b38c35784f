namespace OptimizerBuild.Generators.KernelSources;

/// <summary>What of a kernel's source reaches an app, by the framework that the app is for.</summary>
public class TargetBranchesTests
{
    private const string Source = """
        class A
        {
        #if NET10_0_OR_GREATER
            int ten;
        #if NET11_0_OR_GREATER
            int eleven;
        #else
            int onlyTen;
        #endif
        #else
            int eight;
        #endif
        #if NET12_0_OR_GREATER
            int twelve;
        #elif NET10_0_OR_GREATER
            int tenOrEleven;
        #elif NET9_0_OR_GREATER
            int nine;
        #else
            int old;
        #endif
        #if DEBUG
            int debug;
        #else
            int release;
        #endif
            int all;
        }
        """;

    [Theory]
    [InlineData(8, "eight old")]
    [InlineData(9, "eight nine")]
    [InlineData(10, "ten onlyTen tenOrEleven")]
    [InlineData(11, "ten eleven tenOrEleven")]
    [InlineData(12, "ten eleven twelve")]
    public void AnAppGetsTheBranchesThatItCompiles(int version, string members)
    {
        string taken = TargetBranches.Taken(Source.ReplaceLineEndings("\n"), version);

        Assert.Equal(members.Split(' ').Concat(["debug", "release", "all"]),
            taken.Split('\n').Where(l => l.Contains("int ", StringComparison.Ordinal)).Select(l => l.Trim()["int ".Length..].TrimEnd(';')));
        Assert.Equal(["#if DEBUG", "#else", "#endif"], taken.Split('\n').Where(l => l.StartsWith('#')));
    }

    [Fact]
    public void TheVersionFollowsFromTheSymbols()
    {
        Assert.Equal(8, TargetBranches.VersionOf([]));
        Assert.Equal(8, TargetBranches.VersionOf(["DEBUG", "NET", "NET8_0", "NET8_0_OR_GREATER", "NETX_0_OR_GREATER"]));
        Assert.Equal(10, TargetBranches.VersionOf(["NET10_0_OR_GREATER", "NET8_0_OR_GREATER", "NET9_0_OR_GREATER"]));
    }

    /// <summary>No kernel that is there for a newer framework alone is emitted for an older one.</summary>
    [Fact]
    public void FilesOfNewerFrameworksAreNotEmitted()
    {
        string[] Emitted(int version) => [.. KernelLibrary.For(version).Select(["Int8Dense", "Int8Convolution", "Int8Depthwise"]).Files];

        Assert.Contains("Avx512VnniDotProduct", Emitted(11));
        Assert.DoesNotContain("Avx512VnniDotProduct", Emitted(10));
        Assert.Contains("AvxVnniDotProduct", Emitted(10));
        Assert.DoesNotContain("AvxVnniDotProduct", Emitted(8));
        Assert.DoesNotContain(Emitted(8), f => KernelLibrary.For(8).File(f)!.OwnText.Contains("#if NET", StringComparison.Ordinal));
    }
}
