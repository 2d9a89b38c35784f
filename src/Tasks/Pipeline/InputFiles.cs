using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Files;
using OptimizerBuild.Onnx;
using OptimizerBuild.Options;

namespace OptimizerBuild.Pipeline;

/// <summary>A file that a model's outputs depend on.</summary>
/// <param name="Role">What it is to the model, with a name that does not depend on the machine: part of the cache's key.</param>
/// <param name="Path">Its full path.</param>
internal sealed record InputFile(string Role, string Path);

/// <summary>The files that a model's outputs depend on, for incremental builds and for the cache.</summary>
internal static class InputFiles
{
    /// <summary>
    /// The model, its labels, other models that learn from it or teach it, and its data, in a fixed order. External data is not among
    /// them, see <see cref="External"/>.
    /// </summary>
    /// <exception cref="ModelException">Data is not named in a form that is understood.</exception>
    public static IReadOnlyList<InputFile> Of(ModelOptions options)
    {
        var files = new List<InputFile> { new("model", options.ModelPath) };
        if (options.LabelsPath is { } labels)
            files.Add(new("labels", labels));
        files.AddRange(Others(options));
        files.AddRange(Data("head", options.Head));
        files.AddRange(Data("calibration", options.CalibrationData));
        files.AddRange(Data("evaluation", options.EvaluationData));
        return files;
    }

    /// <summary>
    /// External data files as the importer names them: relative to the model's folder, with forward slashes; those of a student and of
    /// teachers as <see cref="ExternalNamesOfOthers"/> does. A name that leads out of the folder gets no path, so that nobody opens it; the
    /// importer says what is wrong with it.
    /// </summary>
    public static IEnumerable<InputFile> External(ModelOptions options, IEnumerable<string> names)
    {
        Dictionary<string, string> models = Others(options).ToDictionary(o => o.Role, o => o.Path, StringComparer.Ordinal);
        return names.Order(StringComparer.Ordinal).Select(name => new InputFile("external " + name, Full(name) ?? ""));

        string? Full(string name)
        {
            string[] parts = name.Split('/');
            return parts[0].Length > 0 ? SymbolicLinks.Below(Path.GetDirectoryName(options.ModelPath)!, parts)
                : parts.Length > 2 && models.TryGetValue(parts[1], out string? path)
                ? SymbolicLinks.Below(Path.GetDirectoryName(path)!, parts[2..])
                : null;
        }
    }

    /// <summary>The external data files of the student's and the teachers' files: <c>/student/NAME</c> and <c>/teacher 0/NAME</c>, where a
    /// name is relative to the file's own folder.</summary>
    /// <param name="options">What the item asks for.</param>
    public static IEnumerable<string> ExternalNamesOfOthers(ModelOptions options) =>
        Others(options).SelectMany(o => ExternalDataNames.Of(o.Path).Select(n => $"/{o.Role}/{n}"));

    // The other models that an item names.
    private static IEnumerable<InputFile> Others(ModelOptions options) =>
    [
        .. options.Student?.Path is { } student ? (InputFile[])[new("student", student)] : [],
        .. options.Teachers.Select((teacher, i) => new InputFile(FormattableString.Invariant($"teacher {i}"), teacher)),
    ];

    private static IEnumerable<InputFile> Data(string role, DataSpec? data) => data is null
        ? []
        : DataSetReader.Files(data.Spec, data.BaseFolder).Select(file =>
            new InputFile(role + " " + Path.GetRelativePath(data.BaseFolder, file).Replace('\\', '/'), file));
}
