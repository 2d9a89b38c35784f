using OptimizerBuild.Kernels.Tests.Cases;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Kernels.Tests;

/// <summary>All kernels on Arm64, where this assembly runs under emulation: the oracles' bytes on both of Arm's paths.</summary>
public sealed class Arm64Tests(Arm64Launcher launcher) : IClassFixture<Arm64Launcher>
{
    /// <summary>The emulated processors and the path of dot products that they take.</summary>
    public static TheoryData<string, string> Processors => new()
    {
        { Arm64Emulation.Newest, "armdot" },
        { Arm64Emulation.WithoutDotProduct, "vector128" },
    };

    [Theory]
    [MemberData(nameof(Processors))]
    public void Every_kernel_gives_the_oracles_bytes(string processor, string path)
    {
        Arm64Emulation.Require();
        DigestReport report = DigestReport.Parse(Run(processor, "digest").Succeeded().Output);

        Assert.Equal(path, report.Path);
        Assert.True(report.Supports["advsimd"]);
        report.AssertPaths();
        Assert.Equal([], report.Differences());
        report.Record($"arm64 in qemu {processor}");
    }

    /// <summary>No kernel reads or writes before a buffer: the emulator keeps to protected pages, as the last test shows.</summary>
    [Theory]
    [MemberData(nameof(Processors))]
    public void No_kernel_touches_what_lies_before_a_buffer(string processor, string path)
    {
        Arm64Emulation.Require();
        ProcessResult run = Run(processor, "guard").Succeeded();

        string[] lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("path " + path, lines[0]);
        Assert.Equal($"guarded {KernelCases.All.Count}", lines[^1]);
    }

    [Fact]
    public void A_read_before_a_buffer_ends_the_process()
    {
        Arm64Emulation.Require();
        ProcessResult run = Run(Arm64Emulation.Newest, "guard-trespass");

        Assert.NotEqual(0, run.ExitCode);
        Assert.StartsWith("inside ", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("trespassed", run.Output, StringComparison.Ordinal);
    }

    private ProcessResult Run(string processor, string command) =>
        launcher.Run(processor, typeof(Arm64Tests).Assembly, command);
}
