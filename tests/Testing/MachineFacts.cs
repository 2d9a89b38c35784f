using System.Runtime.Intrinsics.X86;

namespace OptimizerBuild.Testing;

/// <summary>A fact about x64 machines with AVX2; skipped, with the reason, on others.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class Avx2FactAttribute : FactAttribute
{
    public Avx2FactAttribute() => Skip = Avx2.IsSupported ? null : "needs a processor with AVX2";
}

/// <summary>A fact about work in the background; skipped, with the reason, where there is one processor only.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class MultiprocessorFactAttribute : FactAttribute
{
    public MultiprocessorFactAttribute() => Skip = Environment.ProcessorCount > 1 ? null : "needs more than one processor";
}

/// <summary>A fact that protects memory pages through Linux's system calls; skipped, with the reason, elsewhere.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute() => Skip = LinuxTheoryAttribute.Reason;
}

/// <summary>The same for a theory.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LinuxTheoryAttribute : TheoryAttribute
{
    public LinuxTheoryAttribute() => Skip = Reason;

    internal static string? Reason => OperatingSystem.IsLinux() && Environment.SystemPageSize == 4096
        ? null : "needs Linux with pages of 4096 bytes";
}

/// <summary>A fact that makes symbolic links, for which Windows asks for special rights; skipped there, with the reason.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SymbolicLinkFactAttribute : FactAttribute
{
    public SymbolicLinkFactAttribute() => Skip = OperatingSystem.IsWindows() ? "needs the right to make symbolic links" : null;
}
