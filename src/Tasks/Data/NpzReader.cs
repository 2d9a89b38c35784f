using System.IO.Compression;

namespace OptimizerBuild.Data;

/// <summary>Reads <c>.npz</c> files: ZIP archives of <c>.npy</c> entries, stored or deflated, named after the arrays.</summary>
internal static class NpzReader
{
    private const int MaximumArrays = 4096;

    /// <summary>Reads all arrays.</summary>
    public static List<NamedArray> Read(BoundedReader reader, Stream file)
    {
        using var archive = new ZipArchive(file, ZipArchiveMode.Read);
        if (archive.Entries.Count > MaximumArrays)
            throw reader.Malformed($"it holds {archive.Entries.Count} arrays; at most {MaximumArrays} are read");
        var arrays = new List<NamedArray>();
        foreach (ZipArchiveEntry entry in archive.Entries)
        {
            if (!entry.FullName.EndsWith(".npy", StringComparison.Ordinal))
                throw reader.Malformed($"the entry '{entry.FullName}' is no .npy array");
            string name = entry.FullName[..^4];
            if (arrays.Exists(a => a.Name == name))
                throw reader.Malformed($"it holds two arrays named '{name}'");
            // The directory's uncompressed length is the writer's claim; the compressed bytes bound what it can be.
            if (entry.CompressedLength > file.Length || entry.Length / BoundedReader.MaximumExpansion > entry.CompressedLength)
            {
                string claim = $"the array '{name}' claims {entry.Length} bytes";
                throw reader.Malformed($"{claim}, which its {entry.CompressedLength} compressed bytes cannot hold");
            }
            using Stream stream = entry.Open();
            arrays.Add(new NamedArray(name, NpyReader.Read(reader, stream, $"the array '{name}'", entry.Length)));
        }
        return arrays;
    }
}
