using System.Runtime.CompilerServices;

namespace OptimizerBuild.Testing;

/// <summary>
/// The models, reference outputs and data sets of the development set, which stand beside the checkout in a folder named
/// <c>shared</c> and are not part of the repository. Tests that need them call <see cref="Require"/> first.
/// </summary>
public static class SharedAssets
{
    /// <summary>The repository's root folder.</summary>
    public static string RepositoryRoot { get; } = FindRoot();

    /// <summary>The folder of the development set, or null where it is missing.</summary>
    public static string? Folder { get; } = FindShared();

    /// <summary>Why tests that need the development set are skipped; null where it is present.</summary>
    public static string? SkipReason =>
        Folder is null ? "needs the development set: a folder named 'shared' beside the checkout, or OPTIMIZERBUILD_SHARED" : null;

    /// <summary>Skips the running test, with the reason, where the development set is missing.</summary>
    public static void Require() => Assert.SkipWhen(SkipReason is not null, SkipReason ?? "");

    /// <summary>The full path of a file or folder of the development set.</summary>
    /// <param name="relative">The path inside it, with forward slashes.</param>
    public static string Path(string relative) =>
        System.IO.Path.Combine(Folder
            ?? throw new InvalidOperationException(SkipReason), relative.Replace('/', System.IO.Path.DirectorySeparatorChar));

    /// <summary>
    /// The folder with small models that broke other tools, or this one: that of the development set, which may have newer ones, else the
    /// repository's own.
    /// </summary>
    public static string Cases { get; } = Folder is not null && Directory.Exists(System.IO.Path.Combine(Folder, "cases"))
        ? System.IO.Path.Combine(Folder, "cases")
        : OwnCases;

    /// <summary>The repository's own cases.</summary>
    public static string OwnCases => System.IO.Path.Combine(RepositoryRoot, "tests", "cases");

    private static string FindRoot([CallerFilePath] string thisFile = "")
    {
        foreach (string start in (string[])[AppContext.BaseDirectory, thisFile])
            for (DirectoryInfo? d = new(start); d is not null; d = d.Parent)
                if (File.Exists(System.IO.Path.Combine(d.FullName, "OptimizerBuild.sln")))
                    return d.FullName;
        throw new InvalidOperationException("the tests run outside the repository: no OptimizerBuild.sln above "
            + AppContext.BaseDirectory);
    }

    private static string? FindShared()
    {
        string? named = Environment.GetEnvironmentVariable("OPTIMIZERBUILD_SHARED");
        string folder = string.IsNullOrEmpty(named) ? System.IO.Path.Combine(RepositoryRoot, "..", "shared") : named;
        return Directory.Exists(System.IO.Path.Combine(folder, "models")) ? System.IO.Path.GetFullPath(folder) : null;
    }
}
