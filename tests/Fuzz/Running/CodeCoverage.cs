using System.Diagnostics;
using System.Runtime.InteropServices;
using OptimizerBuild.Testing;
using SharpFuzz;

namespace OptimizerBuild.Fuzz.Running;

/// <summary>
/// Which branches of the build's code an input ran, counted by code that SharpFuzz adds to copies of the assemblies. No native fuzzer is
/// needed: the counters lie in this process. Code that runs on several threads at once is left out, as its counts differ from run to run.
/// </summary>
internal sealed unsafe class CodeCoverage
{
    private const int Counters = 1 << 16;
    private const string Variable = "OPTIMIZERBUILD_FUZZ_COVERAGE";

    private static readonly string[] Assemblies = ["OptimizerBuild.Tasks.dll", "OptimizerBuild.Generators.dll"];

    // Evaluation, calibration and trials run on all cores.
    private static readonly string[] LeftOut = ["OptimizerBuild.Evaluation.", "OptimizerBuild.Compression.", "OptimizerBuild.Onnx.Schema.",
        "OptimizerBuild.Operators.Numerics.", "OptimizerBuild.Metrics."];

    private readonly byte* _counters = (byte*)NativeMemory.AllocZeroed(Counters);
    private readonly byte[] _seen = new byte[Counters];

    private CodeCoverage() => SharpFuzz.Common.Trace.SharedMem = _counters;

    /// <summary>The coverage of this process; null where its assemblies are the ordinary ones.</summary>
    public static CodeCoverage? OfThisProcess { get; } = Environment.GetEnvironmentVariable(Variable) == "1" ? new() : null;

    /// <summary>How many branches have run at all.</summary>
    public int Branches => _seen.Count(b => b != 0);

    /// <summary>Runs this program again, with assemblies that count.</summary>
    /// <param name="args">Its arguments.</param>
    /// <returns>Its exit code.</returns>
    public static int RunCounting(string[] args)
    {
        string own = AppContext.BaseDirectory;
        string folder = Path.Combine(SharedAssets.RepositoryRoot, "artifacts", "fuzz", "counting-" + Environment.ProcessId);
        try
        {
            foreach (string file in Directory.EnumerateFiles(own, "*", SearchOption.AllDirectories))
            {
                string copy = Path.Combine(folder, Path.GetRelativePath(own, file));
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                File.Copy(file, copy);
            }
            foreach (string assembly in Assemblies)
                Fuzzer.Instrument(Path.Combine(folder, assembly), IsCounted, SharpFuzz.Options.Value);
            var start = new ProcessStartInfo("dotnet") { UseShellExecute = false };
            start.ArgumentList.Add(Path.Combine(folder, Path.GetFileName(typeof(CodeCoverage).Assembly.Location)));
            foreach (string argument in args)
                start.ArgumentList.Add(argument);
            start.Environment[Variable] = "1";
            using Process process = Process.Start(start)!;
            process.WaitForExit();
            return process.ExitCode;
        }
        finally
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Sets the counters back.</summary>
    public void Clear() => new Span<byte>(_counters, Counters).Clear();

    /// <summary>Whether the last input ran a branch that none before it ran, or one far more often.</summary>
    public bool HasNew()
    {
        bool found = false;
        for (int i = 0; i < Counters; i++)
        {
            if (_counters[i] == 0)
                continue;
            byte class_ = Class(_counters[i]);
            if ((_seen[i] & class_) != 0)
                continue;
            _seen[i] |= class_;
            found = true;
        }
        return found;
    }

    // Counts that differ a little say nothing: 1, 2, 3, 4 to 7, 8 to 15, 16 to 31, 32 to 127, more (as AFL has it).
    private static byte Class(byte count) => count switch
    {
        1 => 1,
        2 => 2,
        3 => 4,
        < 8 => 8,
        < 16 => 16,
        < 32 => 32,
        < 128 => 64,
        _ => 128,
    };

    private static bool IsCounted(string type) => type.StartsWith("OptimizerBuild.", StringComparison.Ordinal)
        && !LeftOut.Any(l => type.StartsWith(l, StringComparison.Ordinal));
}
