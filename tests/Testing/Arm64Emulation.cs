using System.Runtime.InteropServices;

namespace OptimizerBuild.Testing;

/// <summary>
/// Arm64 processors where the machine has another: programs for Linux run in <c>qemu-aarch64</c>, which translates their instructions and
/// passes their system calls on.
/// </summary>
public static class Arm64Emulation
{
    /// <summary>A processor with all extensions that the emulator knows, the dot product among them.</summary>
    public const string Newest = "max";

    /// <summary>A processor of Arm v8.0, which has no dot product.</summary>
    public const string WithoutDotProduct = "cortex-a72";

    private static readonly string? Emulator = SearchPath.Find("qemu-aarch64", "qemu-aarch64-static");
    private static readonly string? Libraries = FindLibraries();

    /// <summary>Why tests that need the emulation are skipped; null where it is there and is needed.</summary>
    public static string? SkipReason =>
        RuntimeInformation.ProcessArchitecture == Architecture.Arm64
            ? "is for machines without an Arm64 processor: on this one all other tests run on Arm64"
        : Emulator is null || Libraries is null
            ? "needs qemu-aarch64 and the C and C++ libraries for Arm64 (Debian's packages qemu-user, libc6-arm64-cross, "
                + "libstdc++6-arm64-cross)"
        : null;

    /// <summary>Skips the running test, with the reason, where the emulation is missing or not needed.</summary>
    public static void Require() => Assert.SkipWhen(SkipReason is not null, SkipReason ?? "");

    /// <summary>Runs a program for Linux on Arm64.</summary>
    /// <param name="processor">The processor that is emulated.</param>
    /// <param name="program">The program's file.</param>
    /// <param name="folder">The working directory.</param>
    /// <param name="arguments">The arguments.</param>
    public static ProcessResult Run(string processor, string program, string folder, params string[] arguments) =>
        DotNet.Start(Emulator ?? throw new InvalidOperationException(SkipReason), folder,
            [
                ("QEMU_LD_PREFIX", Libraries!),
                // The runtime would map its code twice, once to write and once to execute, which the emulator does not keep in step.
                ("DOTNET_EnableWriteXorExecute", "0"),
                // Instrumented code costs a fifth of the time here and serves nothing.
                ("DOTNET_TieredPGO", "0"),
                // A test that expects a crash wants no dump of it.
                ("DOTNET_DbgEnableMiniDump", "0"),
            ],
            ["-cpu", processor, program, .. arguments]);

    private static string? FindLibraries()
    {
        string? named = Environment.GetEnvironmentVariable("QEMU_LD_PREFIX");
        return ((string[])[.. named is { Length: > 0 } ? [named] : (string[])[], "/usr/aarch64-linux-gnu",
            "/usr/aarch64-linux-gnu/sys-root"])
            .FirstOrDefault(root => Has(root, "ld-linux-aarch64.so.1") && Has(root, "libstdc++.so.6"));

        static bool Has(string root, string library) =>
            ((string[])["lib", "lib64", "usr/lib", "usr/lib64"]).Any(folder => File.Exists(Path.Combine(root, folder, library)));
    }
}
