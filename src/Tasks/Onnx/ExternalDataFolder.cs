using System.Globalization;
using System.Security.Cryptography;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Files;
using OptimizerBuild.Onnx.Schema;

namespace OptimizerBuild.Onnx;

/// <summary>
/// Reads tensors' data from files beside the model (ONNX "External Data"). A file may lie in the model's folder or below it,
/// never outside: absolute paths, <c>..</c> and symbolic links that lead out are refused.
/// </summary>
internal sealed class ExternalDataFolder
{
    // Tensors may share stretches of a file, so that a small file could fill any amount of memory.
    private const long MaximumBytes = 4L << 30;

    private readonly string? _folder;
    private readonly SortedDictionary<string, string> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _checksums = new(StringComparer.Ordinal);
    private long _read;

    /// <param name="folder">The model's folder; null where the model came from memory and so cannot have external data.</param>
    public ExternalDataFolder(string? folder) => _folder = folder is null ? null : SymbolicLinks.Resolve(Path.GetFullPath(folder));

    /// <summary>The files read so far: name relative to the folder (forward slashes) and full path, in order of the names.</summary>
    public IReadOnlyDictionary<string, string> Files => _files;

    /// <summary>Reads the bytes of one tensor.</summary>
    /// <param name="tensor">The tensor, whose data lies outside.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="expected">The number of bytes its type demands.</param>
    /// <exception cref="ModelException">The file is missing, outside the folder or too short, or its entry is malformed.</exception>
    public byte[] Read(TensorProto tensor, string name, long expected)
    {
        string location = Entry(tensor, "location") ?? "";
        if (location.Length == 0)
            throw Failure(name, location, "the model does not name the file");
        long offset = Number(tensor, "offset", name, location) ?? 0;
        long length = Number(tensor, "length", name, location) ?? expected;
        if (length != expected)
            throw Failure(name, location, string.Create(CultureInfo.InvariantCulture,
                $"it holds {length} bytes for the tensor, whose type takes {expected}"));

        string path = Locate(name, location);
        if (expected == 0)
            return [];
        try
        {
            using FileStream stream = UserFile.Open(path);
            if (offset > stream.Length || expected > stream.Length - offset)
                throw Failure(name, location, string.Create(CultureInfo.InvariantCulture,
                    $"bytes {offset} to {offset + (decimal)expected} are asked for, but the file has {stream.Length}"));
            _read += expected;
            if (_read > MaximumBytes)
                throw new ModelException(DiagnosticCatalog.ModelTooLarge, "the external data", $"more than {MaximumBytes} bytes",
                    $"{MaximumBytes} bytes");
            CheckSum(tensor, name, location, stream);
            var bytes = new byte[expected];
            stream.Position = offset;
            stream.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw Failure(name, location, e is UnusableFileException ? e.Message
                : e is FileNotFoundException or DirectoryNotFoundException ? "the file does not exist"
                : "the file cannot be read");
        }
    }

    // ONNX "External Data": the optional entry checksum is the SHA-1 of the whole file, in hexadecimal digits.
    private void CheckSum(TensorProto tensor, string name, string location, FileStream stream)
    {
        if (Entry(tensor, "checksum") is not { Length: > 0 } expected)
            return;
        if (!_checksums.TryGetValue(stream.Name, out string? found))
        {
            stream.Position = 0;
            _checksums[stream.Name] = found = Convert.ToHexStringLower(SHA1.HashData(stream));
        }
        if (!string.Equals(expected.Trim(), found, StringComparison.OrdinalIgnoreCase))
            throw Failure(name, location,
                $"its SHA-1 is {found}, but the model names {expected.Trim()}: the file is damaged or another one");
    }

    private string Locate(string name, string location)
    {
        if (_folder is null)
            throw Failure(name, location, "the model was not read from a folder");
        string portable = location.Replace('\\', '/');
        if (Path.IsPathRooted(location) || portable.StartsWith('/') || portable.Contains(':') || portable.Contains('\0'))
            throw Failure(name, location, "the path is not relative to the model's folder");
        string[] parts = [.. portable.Split('/').Where(p => p.Length > 0 && p != ".")];
        if (parts.Length == 0 || parts.Contains(".."))
            throw Failure(name, location, "the path leaves the model's folder");

        string real = SymbolicLinks.Below(_folder, parts)
            ?? throw Failure(name, location, "a symbolic link leads out of the model's folder, or links form a circle");
        if (!File.Exists(real))
            throw Failure(name, location, "the file does not exist");
        _files[string.Join('/', parts)] = real;
        return real;
    }

    private static string? Entry(TensorProto tensor, string key) => tensor.ExternalData.FirstOrDefault(e => e.Key == key)?.Value;

    private static long? Number(TensorProto tensor, string key, string name, string location)
    {
        if (Entry(tensor, key) is not { } text)
            return null;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value)
            ? value
            : throw Failure(name, location, $"its {key} '{text}' is not a number of bytes");
    }

    private static ModelException Failure(string tensor, string location, string reason) =>
        new(DiagnosticCatalog.ExternalData, tensor, location, reason);
}
