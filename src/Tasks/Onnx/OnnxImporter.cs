using System.Collections.Immutable;
using System.Security.Cryptography;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Files;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators.Control;

namespace OptimizerBuild.Onnx;

/// <summary>Reads an ONNX model file: the first step of the build. All errors are coded; damaged or hostile files never crash it.</summary>
internal static class OnnxImporter
{
    /// <summary>Imports a model file together with its external data.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Shapes and fixed inputs.</param>
    /// <param name="cancellation">Stops the import; checked between nodes.</param>
    /// <exception cref="ModelException">The model cannot be imported; the diagnostic names the file.</exception>
    public static ImportedModel Import(string path, ImportOptions options, CancellationToken cancellation = default)
    {
        string file = Path.GetFileName(path);
        byte[] bytes = Read(path, cancellation);
        try
        {
            return Import(bytes, file, new ExternalDataFolder(Path.GetDirectoryName(Path.GetFullPath(path))), options, cancellation);
        }
        catch (ModelException e)
        {
            throw e.In(path);
        }
    }

    /// <summary>The names of a model's inputs, those that have an initial value left out.</summary>
    /// <param name="path">The file.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <exception cref="ModelException">The file is no model.</exception>
    public static ImmutableArray<string> InputNames(string path, CancellationToken cancellation)
    {
        byte[] bytes = Read(path, cancellation);
        try
        {
            GraphProto graph = Parse(bytes, Path.GetFileName(path)).Graph;
            return [.. graph.Input.Select(i => i.Name).Except(graph.Initializer.Select(i => i.Name))];
        }
        catch (ModelException e)
        {
            throw e.In(path);
        }
    }

    private static byte[] Read(string path, CancellationToken cancellation)
    {
        string file = Path.GetFileName(path);
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > TensorProtoReader.MaximumBytes } info)
                throw new ModelException(DiagnosticCatalog.ModelTooLarge, $"the file '{file}'", $"{info.Length} bytes",
                    $"{TensorProtoReader.MaximumBytes} bytes");
            return UserFile.Read(path, TensorProtoReader.MaximumBytes, cancellation);
        }
        catch (UnusableFileException e)
        {
            throw new ModelException(DiagnosticCatalog.NotAnOnnxFile, file, e.Message).In(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            // The system's own texts carry the full path, which must not get into build outputs.
            string reason = Directory.Exists(path) ? "it is a folder"
                : e is FileNotFoundException or DirectoryNotFoundException ? "it does not exist"
                : "access is denied or the device failed";
            throw new ModelException(DiagnosticCatalog.ModelFileUnreadable, file, reason).In(path);
        }
    }

    /// <summary>Imports a model from memory; it cannot have external data.</summary>
    /// <param name="bytes">The serialised <c>ModelProto</c>.</param>
    /// <param name="name">A name that stands for the file in messages.</param>
    /// <param name="options">Shapes and fixed inputs.</param>
    /// <param name="cancellation">Stops the import; checked between nodes.</param>
    /// <exception cref="ModelException">The model cannot be imported.</exception>
    public static ImportedModel Import(byte[] bytes, string name, ImportOptions options, CancellationToken cancellation = default) =>
        Import(bytes, name, new ExternalDataFolder(null), options, cancellation);

    private static ImportedModel Import(
        byte[] bytes, string file, ExternalDataFolder external, ImportOptions options, CancellationToken cancellation)
    {
        ModelProto model = Parse(bytes, file);
        MapInputs.AsRows(model, options.Shapes);
        var importer = new GraphImporter(model, external, options, cancellation);
        Graph graph = importer.Import();

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(bytes);
        long size = bytes.Length;
        foreach (string path in external.Files.Values)
            size += Append(hash, path, cancellation);
        return new ImportedModel(
            graph,
            file,
            Convert.ToHexStringLower(hash.GetHashAndReset()),
            size,
            SubGraphs.Constants(graph).Where(c => c.Element.IsFloat() || c.Element.IsNarrow())
                .Sum(c => (((long)c.Count * c.Element.StoredBits()) + 7) / 8),
            [.. external.Files.Keys],
            [.. importer.Diagnostics]) { InitialValues = importer.InitialValues, Labels = importer.Labels };
    }

    private static ModelProto Parse(byte[] bytes, string file)
    {
        if (bytes.Length == 0)
            throw new ModelException(DiagnosticCatalog.NotAnOnnxFile, file, "it is empty");
        if (FileSignature.Describe(bytes.AsSpan(0, Math.Min(bytes.Length, FileSignature.Length))) is { } other)
            throw new ModelException(DiagnosticCatalog.NotAnOnnxFile, file, other);
        if (!ProtobufMessage.TryParse(ModelProto.Parser, bytes, out ModelProto? model, out string reason))
        {
            if (reason == ProtobufMessage.ImpossibleLength)
                throw new ModelException(DiagnosticCatalog.NotAnOnnxFile, file, reason);
            // A ModelProto begins with its IR version (field 1, a number): what begins otherwise was never a model.
            throw bytes[0] == 0x08
                ? new ModelException(DiagnosticCatalog.CorruptProtobuf, file, reason)
                : new ModelException(DiagnosticCatalog.NotAnOnnxFile, file, "its first bytes are not those of a model");
        }
        if (model.Graph is null)
            throw new ModelException(DiagnosticCatalog.NotAnOnnxFile, file, "it holds no graph");
        return model;
    }

    private static long Append(IncrementalHash hash, string path, CancellationToken cancellation)
    {
        try
        {
            return UserFile.AppendTo(hash, path, cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException(DiagnosticCatalog.ExternalData, "(all)", Path.GetFileName(path), "the file cannot be read");
        }
    }
}
