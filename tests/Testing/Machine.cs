using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace OptimizerBuild.Testing;

/// <summary>
/// What some tests need of the machine: each method that requires something skips the running test, with the reason, where that is
/// missing.
/// </summary>
public static class Machine
{
    /// <summary>The processor's architecture, in small letters: <c>x64</c>, <c>arm64</c>.</summary>
    public static string Architecture => RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();

    /// <summary>An x64 processor with AVX2.</summary>
    public static void RequireAvx2() => Assert.SkipUnless(Avx2.IsSupported, "needs a processor with AVX2");

    /// <summary>Two processors, for work in the background.</summary>
    public static void RequireProcessors() => Assert.SkipUnless(Environment.ProcessorCount > 1, "needs more than one processor");

    /// <summary>Linux, whose system calls protect memory pages here.</summary>
    public static void RequireLinux() => Assert.SkipUnless(
        OperatingSystem.IsLinux() && Environment.SystemPageSize == 4096, "needs Linux with pages of 4096 bytes");

    /// <summary>Symbolic links, for which Windows asks for special rights.</summary>
    public static void RequireSymbolicLinks() =>
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs the right to make symbolic links");

    /// <summary>The platform's C compiler, which the SDK uses as the linker of native code.</summary>
    public static void RequireNativeLinker() => Assert.SkipUnless(
        OperatingSystem.IsWindows() || SearchPath.Find("clang", "gcc") is not null,
        "needs clang or gcc, which NativeAOT uses as its linker");
}
