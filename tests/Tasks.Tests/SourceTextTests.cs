using OptimizerBuild.Testing;

namespace OptimizerBuild;

/// <summary>What <c>.editorconfig</c> promises of source files and no analyzer checks.</summary>
public class SourceTextTests
{
    private const int Columns = 140;

    /// <summary>Raw strings are documents and projects of their own and keep their lines.</summary>
    [Fact]
    public void LinesFitIntoTheColumns()
    {
        string root = SharedAssets.RepositoryRoot;
        string[] files = [.. ((string[])["src", "tests", "bench", "sample-app"])
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(root, folder), "*.cs", SearchOption.AllDirectories))
            .Where(file => !Path.GetRelativePath(root, file).Split(Path.DirectorySeparatorChar)
                .Any(f => f is "bin" or "obj" or "node_modules"))
            .Order(StringComparer.Ordinal)];
        Assert.True(files.Length > 800, $"only {files.Length} source files were found");
        var wide = new List<string>();
        foreach (string file in files)
        {
            bool raw = false;
            foreach ((int number, string line) in File.ReadLines(file).Index())
            {
                int quotes = line.Split("\"\"\"").Length - 1;
                if (!raw && quotes == 0 && line.Length > Columns)
                    wide.Add($"{Path.GetRelativePath(root, file)}:{number + 1}: {line.Length} columns");
                raw ^= quotes % 2 == 1;
            }
        }
        Assert.Equal([], wide);
    }
}
