using System.Globalization;
using OptimizerBuild.Kernels.Tests.Cases;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Kernels.Tests;

/// <summary>What a process that runs all cases says (the command <c>digest</c> of this assembly): its paths, and a checksum for each
/// kernel and each way of running it.</summary>
internal sealed class DigestReport
{
    // The steady state, the start-up path, and that path's form for large steps.
    private static readonly string[] Ways = ["kernel", "starting", "large"];

    private readonly Dictionary<string, ulong> _digests = [];

    private DigestReport()
    {
    }

    /// <summary>The version of the runtime.</summary>
    public string Runtime { get; private set; } = "";

    /// <summary>The path of integer dot products.</summary>
    public string Path { get; private set; } = "";

    /// <summary>The paths of all integer kernels.</summary>
    public string Description { get; private set; } = "";

    /// <summary>The vectors of the float32 kernels.</summary>
    public string Float32 { get; private set; } = "";

    /// <summary>Which instruction sets the process sees.</summary>
    public Dictionary<string, bool> Supports { get; } = [];

    /// <summary>Reads what the process printed.</summary>
    public static DigestReport Parse(string output)
    {
        var report = new DigestReport();
        foreach (string line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string[] words = line.Split(' ');
            switch (words[0])
            {
                case "runtime":
                    report.Runtime = words[1];
                    break;
                case "path":
                    report.Path = words[1];
                    break;
                case "description":
                    report.Description = line["description ".Length..];
                    break;
                case "float32":
                    report.Float32 = words[1];
                    break;
                case "supports":
                    report.Supports[words[1]] = bool.Parse(words[2]);
                    break;
                case "kernel" or "starting" or "large":
                    report._digests[$"{words[0]} {words[1]}"] = ulong.Parse(words[2], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                    break;
            }
        }

        return report;
    }

    /// <summary>Fails where the paths are not those that the instruction sets should give.</summary>
    public void AssertPaths()
    {
        Assert.Equal(ExpectedPath, Path);
        string depthwise = HasAvx512Vnni ? "avx512vnni" : Path == "avx10" ? "avxvnni" : Path;
        string elementwise = Supports["vector512"] && Supports["avx512bw"] ? "avx512"
            : Supports["avx2"] ? "avx2"
            : Supports["sse41"] ? "sse41"
            : Supports["advsimd"] ? "advsimd"
            : Supports["packedsimd"] ? "packedsimd"
            : "scalar";
        Assert.Equal($"dot product {Path}, depthwise {depthwise}, elementwise {elementwise}", Description);
        Assert.Equal(ExpectedFloat32, Float32);
    }

    /// <summary>
    /// The ways of running kernels whose bytes are not the oracle's, each as way and kernel; fails where the process left a kernel out.
    /// </summary>
    public IEnumerable<string> Differences()
    {
        string[] all = [.. KernelCases.Kernels.SelectMany(kernel => Ways.Select(way => $"{way} {kernel}"))];
        Assert.Equal(all, _digests.Keys);
        return [.. all.Where(name => _digests[name] != KernelDigest.Expected(name[(name.IndexOf(' ') + 1)..]))];
    }

    /// <summary>Records the paths that the process took.</summary>
    /// <param name="where">The platform, and what was switched off.</param>
    public void Record(string where)
    {
        PathRecord.Ran($"path {Path} on {where}");
        PathRecord.Ran($"vectors {Float32} on {where}");
    }

    private string ExpectedPath =>
        Supports["avx10"] && HasAvxVnni && Supports["vector512"] && Supports["avx2"] ? "avx10"
        : HasAvx512Vnni ? "avx512vnni"
        : HasAvxVnni && Supports["avx2"] ? "avxvnni"
        : Supports["vector512"] && Supports["avx512bw"] && Supports["avx2"] ? "avx512"
        : Supports["avx2"] ? "avx2"
        : Supports["armdot"] ? "armdot"
        : Supports["vector128"] ? "vector128"
        : "scalar";

    // What .NET 11 has of it beside AVX-512 without VNNI of its own is not to be relied on.
    private bool HasAvxVnni => Supports["avxvnni"]
        && !(Runtime.StartsWith("11.", StringComparison.Ordinal) && Supports["avx512bw"] && !Supports["avx512vnni"]);

    private bool HasAvx512Vnni => Supports["avx512vnni"] && Supports["vector512"] && Supports["avx512bw"] && Supports["avx2"];

    // Without fused multiply-add in vectors the scalar one keeps the results the same. WebAssembly has neither.
    private string ExpectedFloat32 =>
        Supports["vector512"] && Supports["avx512bw"] ? "Float32Lanes512"
        : Supports["fma"] ? "Float32Lanes256"
        : Supports["advsimd"] || Supports["packedsimd"] ? "Float32Lanes128"
        : "Float32Lanes1";
}
