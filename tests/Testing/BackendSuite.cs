using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;

namespace OptimizerBuild.Testing;

/// <summary>One test of the ONNX backend test suite: a model and sets of inputs with the outputs they must give.</summary>
/// <param name="Suite">The part of the suite, for example <c>node</c>.</param>
/// <param name="Name">The test's name, for example <c>test_conv_with_strides_padding</c>.</param>
/// <param name="ModelPath">The model file.</param>
/// <param name="DataSets">The sets of inputs and outputs.</param>
public sealed record BackendTest(string Suite, string Name, string ModelPath, IReadOnlyList<BackendDataSet> DataSets)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Suite}/{Name}";
}

/// <summary>Inputs and expected outputs of one run; every file holds one serialised <c>TensorProto</c> (or another ONNX value).</summary>
/// <param name="Inputs">The files of the inputs, in the model's order.</param>
/// <param name="Outputs">The files of the outputs, in the model's order.</param>
public sealed record BackendDataSet(IReadOnlyList<string> Inputs, IReadOnlyList<string> Outputs);

/// <summary>The backend test suite of the ONNX project, unpacked from the development set into <c>artifacts/onnx-backend</c>.</summary>
public static class BackendSuite
{
    private static readonly Lazy<string> Folder = new(Unpack, LazyThreadSafetyMode.ExecutionAndPublication);

    /// <summary>The tests of one part of the suite, in order of their names.</summary>
    /// <param name="suite"><c>node</c>, <c>simple</c>, <c>pytorch-operator</c>, <c>pytorch-converted</c>.</param>
    public static IEnumerable<BackendTest> Tests(string suite)
    {
        foreach (string folder in Directory.EnumerateDirectories(Path.Combine(Folder.Value, suite)).Order(StringComparer.Ordinal))
        {
            string model = Path.Combine(folder, "model.onnx");
            if (File.Exists(model))
                yield return new(suite, Path.GetFileName(folder), model, DataSetsOf(folder));
        }
    }

    /// <summary>The tests that ONNX Runtime passes, as the list beside them says, in its order.</summary>
    public static IEnumerable<BackendTest> PassedByOnnxRuntime()
    {
        Dictionary<(string, string), BackendTest> found = [];
        // Names contain no commas; the first two columns are the part and the name, the last one is the result.
        foreach (string[] row in File.ReadLines(Path.Combine(Folder.Value, "tests.csv")).Skip(1).Select(l => l.Split(',')))
        {
            if (row[^1] != "pass")
                continue;
            if (!found.ContainsKey((row[0], row[1])))
                foreach (BackendTest test in Tests(row[0]))
                    found[(test.Suite, test.Name)] = test;
            yield return found[(row[0], row[1])];
        }
    }

    /// <summary>The data sets below a folder that is laid out like a test of the suite (<c>test_data_set_0/input_0.pb</c> …).</summary>
    public static IReadOnlyList<BackendDataSet> DataSetsOf(string folder) =>
        [.. Directory.EnumerateDirectories(folder, "test_data_set_*").Order(StringComparer.Ordinal)
            .Select(set => new BackendDataSet(Numbered(set, "input"), Numbered(set, "output")))];

    // input_0.pb, input_1.pb, …: in order of the number, so that input_10 follows input_9.
    private static string[] Numbered(string folder, string stem)
    {
        var files = new List<string>();
        for (int i = 0; File.Exists(Path.Combine(folder, $"{stem}_{i}.pb")); i++)
            files.Add(Path.Combine(folder, $"{stem}_{i}.pb"));
        return [.. files];
    }

    // Thousands of small files: unpacked once for all test assemblies and runs, under a name that changes with the archive.
    private static string Unpack()
    {
        var archive = new FileInfo(SharedAssets.Path("onnx-backend.tar.gz"));
        string folder = Path.Combine(SharedAssets.RepositoryRoot, "artifacts", "onnx-backend");
        string target = Path.Combine(folder, string.Create(
            CultureInfo.InvariantCulture, $"{archive.Length}-{archive.LastWriteTimeUtc:yyyyMMddHHmmss}"));
        if (!Directory.Exists(target))
        {
            string unfinished = Path.Combine(folder, Path.GetRandomFileName());
            Directory.CreateDirectory(unfinished);
            using (FileStream file = archive.OpenRead())
            using (var plain = new GZipStream(file, CompressionMode.Decompress))
                TarFile.ExtractToDirectory(plain, unfinished, overwriteFiles: false);
            try
            {
                Directory.Move(unfinished, target);
            }
            catch (IOException) when (Directory.Exists(target))
            {
                // Another process was faster.
                Directory.Delete(unfinished, recursive: true);
            }
        }
        // The archive holds the parts at its top or in one folder.
        return Directory.Exists(Path.Combine(target, "node")) ? target : Directory.EnumerateDirectories(target).Single();
    }
}
