namespace OptimizerBuild.Bench.Models;

/// <summary>The repository in which the benchmark runs.</summary>
internal static class Repository
{
    /// <summary>Its folder: the current one, or the next one above it that holds the solution.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static string Folder
    {
        get
        {
            string folder = Environment.CurrentDirectory;
            while (!File.Exists(Path.Combine(folder, "OptimizerBuild.sln")))
                folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("run the benchmark inside the repository");
            return folder;
        }
    }
}
