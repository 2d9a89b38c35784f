using System.Globalization;
using System.Text.Json;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Options;

namespace OptimizerBuild.Bench.Models;

/// <summary>A model to measure and the data it is calibrated and compared on.</summary>
/// <param name="Path">Full path of the model file.</param>
/// <param name="Calibration">Data to calibrate on, as the metadata <c>CalibrationData</c> writes it; null: made up by the build.</param>
/// <param name="Data">Data on which the answers are compared; null: seeded noise.</param>
/// <param name="Evaluation">Data with labels on which the build measures accuracy; null: not measured.</param>
/// <param name="Divide">What integer data is divided by before it enters the model.</param>
/// <param name="Shapes">Concrete shapes, as the item metadata <c>Shapes</c> writes them; null where the model has them.</param>
internal sealed record BenchModel(string Path, string? Calibration, string? Data, string? Evaluation, double Divide, string? Shapes)
{
    /// <summary>The file's name without the extension.</summary>
    public string Name => System.IO.Path.GetFileNameWithoutExtension(Path);

    /// <summary>Further metadata of the item, as given on the command line.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>The model with one more metadata of its item.</summary>
    public BenchModel With(string name, string value) =>
        this with { Metadata = new Dictionary<string, string>(Metadata, StringComparer.OrdinalIgnoreCase) { [name] = value } };

    /// <summary>What a project's item for the model means.</summary>
    /// <exception cref="ModelException">A metadata is not understood.</exception>
    public ModelOptions Options()
    {
        var metadata = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
        {
            ["Accessibility"] = "Public",
            ["CalibrationData"] = Calibration ?? "",
            ["EvaluationData"] = Evaluation ?? "",
            ["InputScale"] = (1 / Divide).ToString("R", CultureInfo.InvariantCulture),
            ["Shapes"] = Shapes ?? "",
        };
        foreach ((string name, string value) in Metadata)
            metadata[name] = value;
        return ItemMetadata.Parse(Path, metadata, System.IO.Path.GetDirectoryName(Path)!, "");
    }

    /// <summary>
    /// The models of <c>bench/models.json</c> whose files exist; only the sample's where the development set is missing. Those that are
    /// generated are left out: they are large, and measured where they are named.
    /// </summary>
    public static IReadOnlyList<BenchModel> Known(string repository)
    {
        var models = new List<BenchModel>();
        foreach (JsonElement entry in Entries())
        {
            if (entry.TryGetProperty("file", out JsonElement file) && Full(repository, file.GetString()!) is { } path && File.Exists(path))
                models.Add(Of(repository, entry, path));
        }
        // The development set has the sample's model, too, with more data: one of the two is enough.
        return [.. models.GroupBy(m => m.Name, StringComparer.Ordinal).Select(g => g.Last())];
    }

    /// <summary>The model of a file: as <c>bench/models.json</c> describes it, else by itself.</summary>
    /// <param name="repository">The folder to which the paths of <c>bench/models.json</c> are relative.</param>
    /// <param name="file">The file, or <see cref="ResidualNetwork.Name"/>.</param>
    public static BenchModel Of(string repository, string file)
    {
        if (!File.Exists(file) && file == ResidualNetwork.Name)
        {
            return Of(repository, Entries().Single(e => e.TryGetProperty("generated", out JsonElement name) && name.GetString() == file),
                Generated());
        }

        string path = System.IO.Path.GetFullPath(file);
        return Known(repository).FirstOrDefault(m => m.Name == System.IO.Path.GetFileNameWithoutExtension(path)) is { } known
            ? known with { Path = path }
            : new(path, null, null, null, 1, null);
    }

    private static List<JsonElement> Entries()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(System.IO.Path.Combine(AppContext.BaseDirectory, "models.json")));
        return [.. document.RootElement.GetProperty("models").EnumerateArray().Select(e => e.Clone())];
    }

    private static BenchModel Of(string repository, JsonElement entry, string path)
    {
        string? data = Text(entry, "data");
        return new(
            path,
            entry.TryGetProperty("noise", out JsonElement dimensions)
                ? NoiseCalibration.File(
                    [.. dimensions.EnumerateArray().Select(d => d.GetInt32())],
                    entry.TryGetProperty("samples", out JsonElement samples) ? samples.GetInt32() : NoiseCalibration.Samples)
                : Exists(repository, Text(entry, "calibration") ?? data),
            Exists(repository, data),
            Exists(repository, Text(entry, "evaluation")),
            entry.TryGetProperty("divide", out JsonElement divide) ? divide.GetDouble() : 1,
            Text(entry, "shapes"));
    }

    // Of random weights, so that the repository need not hold it; beside the program, where the next run finds it.
    private static string Generated()
    {
        string path = System.IO.Path.Combine(AppContext.BaseDirectory, "generated", ResidualNetwork.Name + ".onnx");
        if (!File.Exists(path))
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
            string unfinished = System.IO.Path.ChangeExtension(path, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            ResidualNetwork.Write(unfinished);
            File.Move(unfinished, path, overwrite: true);
        }
        return path;
    }

    private static string? Text(JsonElement entry, string name) =>
        entry.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;

    private static string Full(string repository, string relative) =>
        System.IO.Path.GetFullPath(System.IO.Path.Combine(repository, relative));

    // "file", or "image=file;y=file", with the files made absolute; null where one is missing.
    private static string? Exists(string repository, string? spec)
    {
        if (spec is null)
            return null;
        var parts = new List<string>();
        foreach (string part in spec.Split(';'))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            string path = Full(repository, part[(equals + 1)..]);
            if (!File.Exists(path) && !Directory.Exists(path))
                return null;
            parts.Add(part[..(equals + 1)] + path);
        }
        return string.Join(';', parts);
    }
}
