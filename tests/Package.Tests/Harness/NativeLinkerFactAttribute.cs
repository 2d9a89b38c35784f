using OptimizerBuild.Testing;

namespace OptimizerBuild.Harness;

/// <summary>
/// A fact that publishes native code, for which the SDK needs the platform's C compiler as the linker; skipped, with the reason, on
/// Unix machines that have none.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NativeLinkerFactAttribute : FactAttribute
{
    public NativeLinkerFactAttribute()
    {
        if (!OperatingSystem.IsWindows() && SearchPath.Find("clang", "gcc") is null)
            Skip = "needs clang or gcc, which NativeAOT uses as its linker";
    }
}
