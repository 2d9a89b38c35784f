using System.Diagnostics;
using System.Globalization;
using OptimizerBuild.Kernels.Tests.Cases;
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
        (string path, string description, string float32, Dictionary<string, bool> supports, Dictionary<string, ulong> digests,
            Dictionary<string, ulong> starting) = Run(switches);

        // What this process sees is what the child must see, less what was switched off.
        string[] disabled = off.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        foreach ((string name, bool supported) in InstructionSets.Supported())
        {
            Assert.True(supports[name] == (supported && !disabled.Contains(name)), $"{switches}: {name} is {supports[name]} in the child");
        }

        Assert.Equal(ExpectedPath(supports), path);
        string depthwise = path switch { "avx10" => "avxvnni", "avx512" => "avx2", _ => path };
        string elementwise = supports["vector512"] && supports["avx512bw"] ? "avx512"
            : supports["avx2"] ? "avx2"
            : supports["sse41"] ? "sse41"
            : supports["advsimd"] ? "advsimd"
            : "scalar";
        Assert.Equal($"dot product {path}, depthwise {depthwise}, elementwise {elementwise}", description);
        Assert.Equal(ExpectedFloat32Path(supports), float32);
        Assert.Equal(KernelCases.Kernels, digests.Keys);
        Assert.Equal(KernelCases.Kernels.SelectMany(k => (string[])["starting " + k, "large " + k]), starting.Keys);
        foreach (string kernel in KernelCases.Kernels)
        {
            ulong expected = KernelDigest.Expected(kernel);
            Assert.True(expected == digests[kernel], $"{kernel} differs from its oracle under '{switches}' on path {path}");
            foreach (string way in (string[])["starting", "large"])
            {
                Assert.True(
                    expected == starting[$"{way} {kernel}"],
                    $"{kernel} differs from its oracle under '{switches}' on the start-up path ({way})");
            }
        }
    }

    /// <summary>Between them the switches take every path that this machine can take.</summary>
    [Avx2Fact]
    public void Switches_reach_the_narrower_paths()
    {
        Assert.Equal("avx2", Run("DOTNET_EnableAVXVNNI=0 DOTNET_EnableAVX512=0").Path);
        Assert.Equal("vector128", Run("DOTNET_EnableAVX2=0").Path);
        Assert.Equal("scalar", Run("DOTNET_EnableHWIntrinsic=0").Path);
    }

    // Without fused multiply-add in vectors the scalar one keeps the results the same.
    private static string ExpectedFloat32Path(Dictionary<string, bool> supports) =>
        supports["vector512"] && supports["avx512bw"] ? "Float32Lanes512"
        : supports["fma"] ? "Float32Lanes256"
        : supports["advsimd"] ? "Float32Lanes128"
        : "Float32Lanes1";

    private static string ExpectedPath(Dictionary<string, bool> supports) =>
        supports["avx10"] && supports["avxvnni"] && supports["vector512"] && supports["avx2"] ? "avx10"
        : supports["avxvnni"] && supports["avx2"] ? "avxvnni"
        : supports["vector512"] && supports["avx512bw"] && supports["avx2"] ? "avx512"
        : supports["avx2"] ? "avx2"
        : supports["armdot"] ? "armdot"
        : supports["vector128"] ? "vector128"
        : "scalar";

    private static (string Path, string Description, string Float32, Dictionary<string, bool> Supports, Dictionary<string, ulong> Digests,
        Dictionary<string, ulong> Starting) Run(string switches)
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

        string path = "";
        string description = "";
        string float32 = "";
        var supports = new Dictionary<string, bool>();
        var digests = new Dictionary<string, ulong>();
        var starting = new Dictionary<string, ulong>();
        foreach (string line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string[] words = line.Split(' ');
            switch (words[0])
            {
                case "path":
                    path = words[1];
                    break;
                case "description":
                    description = line["description ".Length..];
                    break;
                case "float32":
                    float32 = words[1];
                    break;
                case "supports":
                    supports[words[1]] = bool.Parse(words[2]);
                    break;
                case "kernel":
                    digests[words[1]] = ulong.Parse(words[2], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                    break;
                case "starting" or "large":
                    starting[words[0] + " " + words[1]] = ulong.Parse(words[2], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                    break;
            }
        }

        return (path, description, float32, supports, digests, starting);
    }
}
