namespace OptimizerBuild.Testing;

/// <summary>Programs that the system finds by their names.</summary>
public static class SearchPath
{
    /// <summary>The file of the first program that is found, or null.</summary>
    /// <param name="names">The programs' names, in order of preference.</param>
    public static string? Find(params IReadOnlyList<string> names)
    {
        string suffix = OperatingSystem.IsWindows() ? ".exe" : "";
        string[] folders = (Environment.GetEnvironmentVariable("PATH")
            ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return names.SelectMany(name => folders.Select(folder => Path.Combine(folder, name + suffix))).FirstOrDefault(File.Exists);
    }
}
