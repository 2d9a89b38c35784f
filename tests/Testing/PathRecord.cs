namespace OptimizerBuild.Testing;

/// <summary>
/// What the tests really ran of the code that depends on the processor: a line for each path, in the test's output and in the file
/// <c>artifacts/test-results/paths-ASSEMBLY-RUNTIME.txt</c>, which <c>.ci/run</c> compares with what the machine has.
/// </summary>
public static class PathRecord
{
    private static readonly Lock Gate = new();
    private static StreamWriter? _file;

    /// <summary>Records that a test ran something and found its results right.</summary>
    /// <param name="what">The path, as one line: its kind, its name, where it ran.</param>
    public static void Ran(string what)
    {
        TestContext.Current.TestOutputHelper?.WriteLine(what);
        lock (Gate)
        {
            _file ??= Create();
            _file.WriteLine(what);
            _file.Flush();
        }
    }

    private static StreamWriter Create()
    {
        string folder = Path.Combine(SharedAssets.RepositoryRoot, "artifacts", "test-results");
        Directory.CreateDirectory(folder);
        string name = $"paths-{AppDomain.CurrentDomain.FriendlyName}-net{Environment.Version.Major}.txt";
        return new StreamWriter(Path.Combine(folder, name)) { NewLine = "\n" };
    }
}
