using System.Diagnostics;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Kernels.Tests;

/// <summary>
/// All kernels under the runtime's instruction-set switches, each in a child process: the same bytes, and the path that this machine and
/// the switch should give. A switch that the runtime ignores fails the test.
/// </summary>
public sealed class InstructionSetTests
{
    /// <summary>The switches, and the instruction sets that must be off under them.</summary>
    public static TheoryData<string, string> Switches => new()
    {
        { "", "" },
        { "DOTNET_EnableAVX10v2=0", "avx10" },
        { "DOTNET_EnableAVXVNNI=0 DOTNET_EnableAVX10v2=0", "avxvnni avx10" },
        { "DOTNET_EnableAVXVNNI=0 DOTNET_EnableAVX512=0", "avxvnni avx10 avx512bw vector512" },
        { "DOTNET_EnableAVX512=0", "avx10 avx512bw vector512" },
        { "DOTNET_EnableAVXVNNI=0 DOTNET_EnableAVX10v2=0 DOTNET_PreferredVectorBitWidth=256", "avxvnni avx10 vector512" },
        { "DOTNET_EnableAVX2=0", "avxvnni avx10 avx512bw vector512 avx2 fma" },
        { "DOTNET_EnableAVX=0", "avxvnni avx10 avx512bw vector512 avx2 fma" },
        { "DOTNET_EnableHWIntrinsic=0", "avxvnni avx10 avx512bw vector512 avx2 fma sse41 armdot advsimd vector128" },
    };

    [Theory]
    [MemberData(nameof(Switches))]
    public void Every_path_gives_the_oracles_bytes(string switches, string off)
    {
        DigestReport report = Run(switches);

        // What this process sees is what the child must see, less what was switched off.
        string[] disabled = off.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        foreach ((string name, bool supported) in InstructionSets.Supported())
        {
            Assert.True(report.Supports[name] == (supported && !disabled.Contains(name)),
                $"{switches}: {name} is {report.Supports[name]} in the child");
        }

        report.AssertPaths();
        Assert.Equal([], report.Differences());
        report.Record($"{Machine.Architecture} {switches}".TrimEnd());
    }

    /// <summary>Between them the switches take every path that this machine can take.</summary>
    [Fact]
    public void Switches_reach_the_narrower_paths()
    {
        Machine.RequireAvx2();
        Assert.Equal("avx2", Run("DOTNET_EnableAVXVNNI=0 DOTNET_EnableAVX512=0").Path);
        Assert.Equal("vector128", Run("DOTNET_EnableAVX2=0").Path);
        Assert.Equal("scalar", Run("DOTNET_EnableHWIntrinsic=0").Path);
    }

    private static DigestReport Run(string switches)
    {
        var start = new ProcessStartInfo(
            Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet")
        {
            ArgumentList = { typeof(InstructionSetTests).Assembly.Location, "digest" },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string name in start.Environment.Keys.Where(k => k.StartsWith("DOTNET_Enable", StringComparison.Ordinal)).ToArray())
            start.Environment.Remove(name);
        foreach (string assignment in switches.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = assignment.Split('=');
            start.Environment[parts[0]] = parts[1];
        }

        using Process process = Process.Start(start) ?? throw new InvalidOperationException("no child process");
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"'{switches}': exit code {process.ExitCode}\n{output}\n{errors.Result}");

        return DigestReport.Parse(output);
    }
}
