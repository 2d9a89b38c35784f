using System.Globalization;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Files;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Onnx.Schema;

namespace OptimizerBuild.Data;

/// <summary>
/// Reads ONNX <c>TensorProto</c> files and folders of them as the ONNX test suite lays them out: <c>input_0.pb</c>, <c>input_1.pb</c>, …
/// in a folder are one sample; folders <c>test_data_set_0</c>, <c>test_data_set_1</c>, … hold one sample each. Tensors of different
/// samples are joined along their first dimension.
/// </summary>
internal static class TensorFolderReader
{
    private const string SampleFolder = "test_data_set_";
    private const string InputFile = "input_";
    private const int MaximumFiles = 1 << 20;

    /// <summary>Reads a folder.</summary>
    public static List<NamedArray> Read(BoundedReader reader, string folder, DataLimits limits, CancellationToken cancellation)
    {
        var samples = new List<List<NamedArray>>();
        foreach (string sample in SampleFolders(folder))
        {
            cancellation.ThrowIfCancellationRequested();
            List<(int Index, string Path)> files = Numbered(Directory.EnumerateFiles(sample, "*.pb"), InputFile);
            if (files.Count == 0)
                throw reader.Malformed($"the folder '{Path.GetFileName(sample)}' holds no file {InputFile}0.pb");
            samples.Add([.. files.Select(f => ReadTensor(reader, f.Path, limits,
                InputFile + f.Index.ToString(CultureInfo.InvariantCulture)))]);
            if (samples.Count * files.Count > MaximumFiles)
                throw reader.Malformed($"it holds more than {MaximumFiles} tensors");
        }
        var arrays = new List<NamedArray>();
        for (int i = 0; i < samples[0].Count; i++)
        {
            NamedArray first = samples[0][i];
            List<Tensor> parts = [.. samples.Select((s, n) =>
                i < s.Count && s[i].Name == first.Name && s.Count == samples[0].Count && SameRows(s[i].Value, first.Value)
                    ? AsRows(s[i].Value)
                : throw reader.Malformed($"sample {n} does not hold the same tensors as sample 0 ('{first.Name}' {first.Value.Type})"))];
            arrays.Add(new NamedArray(first.Name, Join(reader, parts, first.Name)));
        }
        return arrays;
    }

    /// <summary>Reads one file. The array has the tensor's name, or the given one where the tensor has none.</summary>
    public static NamedArray ReadTensor(BoundedReader reader, string path, DataLimits limits, string otherwise)
    {
        string file = Path.GetFileName(path);
        try
        {
            byte[] bytes = UserFile.Read(path, limits.MaximumArrayBytes);
            if (!ProtobufMessage.TryParse(TensorProto.Parser, bytes, out TensorProto? proto, out _))
                throw reader.Malformed($"'{file}' is not a TensorProto");
            string name = proto.Name.Length > 0 ? proto.Name : otherwise;
            return new NamedArray(name, TensorProtoReader.Read(proto, name, new ExternalDataFolder(null)));
        }
        catch (UnusableFileException error)
        {
            throw reader.Malformed($"'{file}': {error.Message}");
        }
        catch (ModelException error) when (error.Diagnostic.Descriptor != DiagnosticCatalog.DataFileMalformed)
        {
            throw reader.Malformed($"'{file}': {error.Diagnostic.Text}");
        }
    }

    /// <summary>All tensor files of a folder that <see cref="Read"/> would read, in its order.</summary>
    public static IEnumerable<string> TensorFiles(string folder) =>
        SampleFolders(folder).SelectMany(s => Numbered(Directory.EnumerateFiles(s, "*.pb"), InputFile)).Select(f => f.Path);

    private static List<string> SampleFolders(string folder)
    {
        List<(int Index, string Path)> sets = Numbered(Directory.EnumerateDirectories(folder), SampleFolder);
        return sets.Count == 0 ? [folder] : [.. sets.Select(s => s.Path)];
    }

    // In the order of the numbers, so that 10 follows 9 and the file system's order does not matter.
    private static List<(int Index, string Path)> Numbered(IEnumerable<string> paths, string prefix)
    {
        var found = new List<(int Index, string Path)>();
        foreach (string path in paths)
        {
            string name = Path.GetFileNameWithoutExtension(path);
            if (name.StartsWith(prefix, StringComparison.Ordinal)
                && int.TryParse(name.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int index))
                found.Add((index, path));
        }
        found.Sort();
        return found;
    }

    private static bool SameRows(Tensor a, Tensor b) =>
        a.Element == b.Element && a.Rank == b.Rank && (a.Rank == 0 || a.Dimensions.AsSpan()[1..].SequenceEqual(b.Dimensions.AsSpan()[1..]));

    private static Tensor AsRows(Tensor tensor) => tensor.Rank > 0 ? tensor : tensor.Reshape(1);

    private static Tensor Join(BoundedReader reader, List<Tensor> parts, string name)
    {
        if (parts.Count == 1)
            return parts[0];
        long[] dimensions = [parts.Sum(p => (long)p.Dimensions[0]), .. parts[0].Dimensions[1..].Select(d => (long)d)];
        Tensor joined = Tensor.Zeros(reader.Type(parts[0].Element, dimensions, $"'{name}' of all samples", long.MaxValue));
        int at = 0;
        foreach (Tensor part in parts)
        {
            Array.Copy(part.Data, 0, joined.Data, at, part.Count);
            at += part.Count;
        }
        return joined;
    }
}
