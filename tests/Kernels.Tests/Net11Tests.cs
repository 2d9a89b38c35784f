using System.Runtime.Intrinsics.X86;
using OptimizerBuild.Kernels.Tests.Cases;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Kernels.Tests;

/// <summary>
/// All kernels on .NET 11, for which this assembly is built and run again: what the kernels have for it alone, under the runtime's
/// instruction-set switches, gives the oracles' bytes.
/// </summary>
public sealed class Net11Tests(Net11Tests.Program program) : IClassFixture<Net11Tests.Program>
{
    /// <summary>
    /// The switches, and the instruction sets that must be off under them. What .NET 11 calls AVX-VNNI is there where the processor has
    /// either of the two extensions, and AVX-512 VNNI is a part of what <c>AVX512v3</c> switches. That switch alone makes a processor that
    /// does not exist, with AVX-VNNI, AVX-512 and no AVX-512 VNNI, for which .NET 11.0.0 gives VPDPBUSD registers that its encoding lacks:
    /// kernels leave the instruction alone there.
    /// </summary>
    public static TheoryData<string, string> Switches => new()
    {
        { "", "" },
        { "DOTNET_EnableAVXVNNI=0", "vex" },
        { "DOTNET_EnableAVX512v3=0", "avx10 avx512vnni" },
        { "DOTNET_EnableAVXVNNI=0 DOTNET_EnableAVX512v3=0", "vex avx10 avx512vnni" },
        { "DOTNET_EnableAVX512=0", "avx10 avx512vnni avx512bw vector512" },
        { "DOTNET_PreferredVectorBitWidth=256", "vector512" },
    };

    [Theory]
    [MemberData(nameof(Switches))]
    public void Every_path_gives_the_oracles_bytes(string switches, string off)
    {
        Net11Packs.Require();
        DigestReport whole = program.Digest("");
        DigestReport report = program.Digest(switches);
        Assert.StartsWith("11.", report.Runtime, StringComparison.Ordinal);

        // What the runtime has without switches, less what was switched off.
        string[] disabled = off.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Dictionary<string, bool> expected = whole.Supports.ToDictionary(s => s.Key, s => s.Value && !disabled.Contains(s.Key));
        expected["avxvnni"] = (AvxVnni.IsSupported && !disabled.Contains("vex")) || expected["avx512vnni"];
        Assert.Equal(expected, report.Supports);

        report.AssertPaths();
        Assert.Equal([], report.Differences());
        report.Record($"{Machine.Architecture} .NET {report.Runtime} {switches}".TrimEnd());
    }

    /// <summary>The tiles of every instruction set, those of .NET 11 among them, as the tests of the dot products run them.</summary>
    [Fact]
    public void Dot_products_give_the_same_bytes()
    {
        Net11Packs.Require();
        program.Run("", "-class", typeof(DotProductPathTests).FullName!);
    }

    [Fact]
    public void No_kernel_touches_what_lies_before_a_buffer()
    {
        Net11Packs.Require();
        Machine.RequireLinux();
        string[] lines = program.Run("", "guard").Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal($"guarded {KernelCases.All.Count}", lines[^1]);
    }

    /// <summary>This assembly for .NET 11, built when the first test runs.</summary>
    public sealed class Program
    {
        private readonly Lazy<string> _file = new(() => Net11Packs.Build("Kernels.Tests"));
        private readonly Dictionary<string, DigestReport> _digests = [];

        /// <summary>What the command <c>digest</c> prints under switches; run once for each.</summary>
        /// <param name="switches">Environment variables with their values, separated by spaces.</param>
        internal DigestReport Digest(string switches)
        {
            if (!_digests.TryGetValue(switches, out DigestReport? report))
                _digests[switches] = report = DigestReport.Parse(Run(switches, "digest").Output);
            return report;
        }

        /// <summary>Runs the program.</summary>
        /// <param name="switches">Environment variables with their values, separated by spaces.</param>
        /// <param name="arguments">The arguments.</param>
        public ProcessResult Run(string switches, params string[] arguments) =>
            DotNet.Start(_file.Value, Path.GetDirectoryName(_file.Value)!,
                [.. switches.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(s => s.Split('=')).Select(s => (s[0], s[1]))],
                arguments).Succeeded();
    }
}
