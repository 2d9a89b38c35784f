using OptimizerBuild.Testing;

namespace OptimizerBuild.Fuzz.Running;

/// <summary>The inputs that are kept in the repository, in <c>tests/Fuzz/Corpus/FORMAT</c>.</summary>
internal static class Corpus
{
    // The corpus as a whole stays below 1 MB.
    private const int LongestFile = 4096;
    private const int MostFiles = 60;

    /// <summary>The folder of a format.</summary>
    public static string Folder(FuzzTarget target) => Path.Combine(SharedAssets.RepositoryRoot, "tests", "Fuzz", "Corpus", target.Name);

    /// <summary>The inputs of a format, in order of their names.</summary>
    public static IEnumerable<(string Name, byte[] Input)> Of(FuzzTarget target) => !Directory.Exists(Folder(target)) ? []
        : Directory.EnumerateFiles(Folder(target)).Order(StringComparer.Ordinal).Select(f => (Path.GetFileName(f), File.ReadAllBytes(f)));

    /// <summary>Adds the smallest inputs of a run with different ends, as far as there is room.</summary>
    /// <returns>How many were added.</returns>
    public static int Add(FuzzTarget target, FuzzRun run)
    {
        Directory.CreateDirectory(Folder(target));
        int before = Directory.GetFiles(Folder(target)).Length;
        byte[][] chosen = [.. run.Shapes.OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => s.Value)
            .Where(i => i.Length <= LongestFile && i.Length > 0)];
        // Evenly over the shapes, which are in order of codes and messages.
        for (int i = 0, most = Math.Max(0, Math.Min(MostFiles - before, chosen.Length)); i < most; i++)
        {
            byte[] input = chosen[(int)((long)i * chosen.Length / most)];
            File.WriteAllBytes(Path.Combine(Folder(target), InputHash.Name(input) + target.Extension), input);
        }
        return Directory.GetFiles(Folder(target)).Length - before;
    }
}
