namespace OptimizerBuild.Harness;

/// <summary>
/// A fact that publishes native code, for which the SDK needs the platform's C compiler as the linker; skipped, with the reason, on
/// Unix machines that have none.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NativeLinkerFactAttribute : FactAttribute
{
    private static readonly string[] Linkers = ["clang", "gcc"];

    public NativeLinkerFactAttribute()
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        if (!OperatingSystem.IsWindows() && !Linkers.Any(linker => folders.Any(folder => File.Exists(Path.Combine(folder, linker)))))
            Skip = "needs clang or gcc, which NativeAOT uses as its linker";
    }
}
