using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Files;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Data;

/// <summary>
/// Reads data as the item's metadata names it: one file or folder, or <c>name=path</c> pairs separated by semicolons, for example
/// <c>image=train-images-idx3-ubyte.gz;y=train-labels-idx1-ubyte.gz</c>. The form of a file follows from its name's end.
/// </summary>
internal static class DataSetReader
{
    /// <summary>Reads a specification.</summary>
    /// <param name="specification">The specification.</param>
    /// <param name="baseFolder">The folder that relative paths start from.</param>
    /// <param name="limits">How much memory the data may take.</param>
    /// <param name="labelKey">The name of the labels or targets; null for a usual one (in a table: the last column).</param>
    /// <param name="cancellation">Stops the reading; checked between files.</param>
    /// <param name="form">What files become that are one sample each; null where there are none.</param>
    /// <exception cref="ModelException">A file cannot be read.</exception>
    public static DataSet Read(
        string specification, string baseFolder, DataLimits limits, string? labelKey = null, CancellationToken cancellation = default,
        SampleForm? form = null)
    {
        form ??= SampleForm.None;
        var arrays = new List<NamedArray>();
        Tensor? table = null;
        ImmutableArray<string> names = [];
        foreach ((string? name, string path) in Parts(specification, baseFolder))
        {
            cancellation.ThrowIfCancellationRequested();
            string full = Path.Combine(baseFolder, path);
            var reader = new BoundedReader(path, limits);
            (List<NamedArray> found, Tensor? whole) = reader.Guard(() => ReadFile(reader, full, labelKey, limits, form, cancellation));
            table = name is null ? whole : null;
            if (names.IsEmpty && (form.Image is not null || form.Sound is not null)
                && reader.Guard(() => Samples(reader, full)) is { } files)
                names = files.ClassNames;
            // Of files that are one sample each the labels come along.
            if (name is not null && found is [{ Name: CsvTableReader.FeaturesName } samples, var labels]
                && reader.Guard(() => Samples(reader, full)) is not null)
                found = [new(name, samples.Value), labels];
            else if (name is not null)
            {
                NamedArray chosen = (found.Count == 1 ? found[0] : found.Find(a => a.Name == name))
                    ?? throw reader.Malformed(
                        $"it holds several arrays ({string.Join(", ", found.Select(a => a.Name))}), none of them named '{name}'");
                found = [new NamedArray(name, chosen.Value)];
            }
            foreach (NamedArray array in found)
                arrays.Add(arrays.Exists(a => a.Name == array.Name) ? throw reader.Malformed($"'{array.Name}' is given twice") : array);
        }
        string labelName = DataSet.NameOfLabels(labelKey, arrays);
        return new DataSet(specification.Trim(), [.. WithNumbers(arrays, labelName, form, specification)], labelName)
        {
            Table = table, ClassNames = names,
        };
    }

    // Labels that are names become the classes that they name. A single array is what the model takes.
    private static IEnumerable<NamedArray> WithNumbers(List<NamedArray> arrays, string labelName, SampleForm form, string source)
    {
        foreach (NamedArray array in arrays)
        {
            yield return array.Name == labelName && arrays.Count > 1 && array.Value is { Rank: 1, Data: string[] names }
                && form.ClassNames() is { } classes
                    ? array with { Value = new LabelledFiles([], [.. names]).LabelNumbers(classes, source.Trim())! }
                    : array;
        }
    }

    /// <summary>The files and folders that a specification names, as full paths: what a build depends on.</summary>
    public static IEnumerable<string> Files(string specification, string baseFolder)
    {
        foreach ((_, string path) in Parts(specification, baseFolder))
        {
            string full = Path.Combine(baseFolder, path);
            var reader = new BoundedReader(path, DataLimits.Default);
            LabelledFiles? files = null;
            try
            {
                files = reader.Guard(() => Samples(reader, full));
            }
            catch (ModelException)
            {
                // Whoever reads the data says what is wrong with it, at the item.
            }
            if (!Directory.Exists(full))
                yield return full;
            else if (files is null)
                foreach (string file in TensorFolderReader.TensorFiles(full))
                    yield return file;
            foreach ((_, string file) in files?.Files ?? [])
                yield return file;
        }
    }

    // Files that are one sample each; null where the path is none of such. A missing table is for whoever reads it to find.
    private static LabelledFiles? Samples(BoundedReader reader, string path) =>
        Directory.Exists(path) ? LabelledFiles.OfFolder(reader, path, IsSample)
        : Path.GetExtension(path).ToLowerInvariant() is ".csv" or ".tsv" && File.Exists(path)
            ? LabelledFiles.OfTable(reader, path, IsSample)
        : null;

    private static bool IsSample(string path) => ImageFile.IsNamedSo(path) || WavFile.IsNamedSo(path);

    private static IEnumerable<(string? Name, string Path)> Parts(string specification, string baseFolder)
    {
        string whole = specification.Trim();
        string full = Path.Combine(baseFolder, whole);
        // A path may itself contain '=' or ';': one that exists is taken whole.
        if (whole.Length > 0 && (File.Exists(full) || Directory.Exists(full)))
            return [(null, whole)];
        string[] parts = whole.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length == 0)
            throw new BoundedReader(whole, DataLimits.Default).Malformed("no file is named");
        if (parts.Length == 1 && !parts[0].Contains('='))
            return [(null, parts[0])];
        return [.. parts.Select(part =>
        {
            int at = part.IndexOf('=');
            return at > 0 && at < part.Length - 1 ? ((string?)part[..at].Trim(), part[(at + 1)..].Trim())
                : throw new BoundedReader(part, DataLimits.Default).Malformed("of several files each must be given as name=path");
        })];
    }

    private static (List<NamedArray> Arrays, Tensor? Table) ReadFile(
        BoundedReader reader, string path, string? labelKey, DataLimits limits, SampleForm form, CancellationToken cancellation)
    {
        if (Samples(reader, path) is { } samples)
        {
            string labelName = labelKey ?? DataSet.DefaultLabelName;
            bool isSound = WavFile.IsNamedSo(samples.Files[0].Path);
            if (Array.Find([.. samples.Files], f => WavFile.IsNamedSo(f.Path) != isSound) is { Path: not null } other)
                throw reader.Malformed($"it holds images and recordings: '{samples.Files[0].Name}' and '{other.Name}'");
            return (isSound
                ? SoundFolderReader.Read(reader, samples, form, limits, labelName, cancellation)
                : ImageFolderReader.Read(reader, samples, form, limits, labelName, cancellation), null);
        }
        if (Directory.Exists(path))
            return (TensorFolderReader.Read(reader, path, limits, cancellation), null);
        using FileStream file = UserFile.Open(path);
        if (WrongFile(file) is { } wrong)
            throw reader.Malformed(wrong);
        switch (Path.GetExtension(path).ToLowerInvariant())
        {
            case ".npz":
                return (NpzReader.Read(reader, file), null);
            case ".npy":
                return ([new(CsvTableReader.FeaturesName, NpyReader.Read(reader, file, "the array", file.Length))], null);
            case ".csv" or ".tsv":
                (List<NamedArray> arrays, Tensor table) = CsvTableReader.Read(reader, file, labelKey);
                return (arrays, table);
            case ".jsonl" or ".ndjson":
                return (JsonLinesReader.Read(reader, file, limits, cancellation), null);
            case ".txt":
                return (TextLinesReader.Read(reader, file, limits), null);
            case ".pb":
                return ([TensorFolderReader.ReadTensor(reader, path, limits, CsvTableReader.FeaturesName)], null);
            default:
                if (LooksLikeIdx(file))
                    return ([new(CsvTableReader.FeaturesName, IdxReader.Read(reader, file))], null);
                throw reader.Malformed("its form is not known: .npz, .npy, .csv, .jsonl, .txt, .pb, IDX (also .gz), folders of .pb files, "
                    + "of .png or .jpg images and of .wav recordings are read");
        }
    }

    // Archives and gzip are forms of data.
    private static string? WrongFile(FileStream file)
    {
        Span<byte> start = stackalloc byte[FileSignature.Length];
        int read = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        file.Position = 0;
        return start[0] is (byte)'P' or 0x1F ? null : FileSignature.Describe(start[..read]);
    }

    // IDX files have no common extension: two zero bytes and a known element type, or a gzip header, tell them.
    private static bool LooksLikeIdx(FileStream file)
    {
        Span<byte> start = stackalloc byte[3];
        int read = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        file.Position = 0;
        return read == 3 && ((start[0] == 0x1F && start[1] == 0x8B) || (start[0] == 0 && start[1] == 0 && start[2] is >= 0x08 and <= 0x0E));
    }
}
