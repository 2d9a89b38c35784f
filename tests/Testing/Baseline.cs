namespace OptimizerBuild.Testing;

/// <summary>
/// Files of the repository that are generated from the code. A test compares them; with the environment variable
/// <c>UPDATE_BASELINES=1</c> it writes them instead.
/// </summary>
public static class Baseline
{
    /// <summary>Asserts that a file of the repository holds a text.</summary>
    /// <param name="path">The file, relative to the repository, with forward slashes.</param>
    /// <param name="text">The text it must hold.</param>
    public static void Compare(string path, string text)
    {
        string file = Path.Combine(SharedAssets.RepositoryRoot, path.Replace('/', Path.DirectorySeparatorChar));
        if (Environment.GetEnvironmentVariable("UPDATE_BASELINES") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, text);
            return;
        }
        string found = File.Exists(file) ? File.ReadAllText(file).ReplaceLineEndings("\n") : "";
        if (found != text)
            Assert.Fail($"{path} differs from what the code says: run the test with UPDATE_BASELINES=1 and look at the difference.\n"
                + $"{FirstDifference(found, text)}");
    }

    private static string FirstDifference(string found, string expected)
    {
        string[] foundLines = found.Split('\n');
        string[] expectedLines = expected.Split('\n');
        int i = 0;
        while (i < foundLines.Length && i < expectedLines.Length && foundLines[i] == expectedLines[i])
            i++;
        return $"line {i + 1}\n  found:    {foundLines.ElementAtOrDefault(i)}\n  expected: {expectedLines.ElementAtOrDefault(i)}";
    }
}
