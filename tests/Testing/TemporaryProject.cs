namespace OptimizerBuild.Testing;

/// <summary>
/// A project for another platform that a test writes and publishes. It stands in a temporary folder, cut off from everything above it,
/// because a project of the solution would make every clone download that platform's runtime.
/// </summary>
public sealed class TemporaryProject : IDisposable
{
    /// <summary>An empty folder for a project.</summary>
    /// <param name="name">The project's name, which becomes a part of the folder's.</param>
    public TemporaryProject(string name)
    {
        Folder = Directory.CreateTempSubdirectory($"optimizerbuild-{name}-").FullName;
        foreach (string file in (string[])["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props"])
            Write(file, "<Project />");
    }

    /// <summary>The project's folder.</summary>
    public string Folder { get; }

    /// <summary>Writes a file.</summary>
    /// <param name="file">Its name, relative to the folder.</param>
    /// <param name="text">What it holds.</param>
    public void Write(string file, string text)
    {
        string path = Path.Combine(Folder, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    /// <summary>
    /// Publishes the project into the folder <c>out</c>; fails the test with the command's output where that fails, as it does where the
    /// platform's runtime is neither in the package cache nor can be downloaded.
    /// </summary>
    /// <param name="patience">How long it may take; null: as long as other commands.</param>
    /// <returns>The folder with what was published.</returns>
    public string Publish(TimeSpan? patience = null)
    {
        string published = Path.Combine(Folder, "out");
        DotNet.Start("dotnet", Folder, [], patience ?? DotNet.Patience, "publish", "-c", "Release", "-o", published, "-v:m", "-tl:off",
            "-nodeReuse:false", "-p:UseSharedCompilation=false").Succeeded();
        return published;
    }

    /// <summary>Deletes the folder.</summary>
    public void Dispose()
    {
        try
        {
            Directory.Delete(Folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A left-over temporary folder is no reason to fail.
        }
    }
}
