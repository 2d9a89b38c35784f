using System.Security.Cryptography;
using System.Text;
using OptimizerBuild.Files;
using OptimizerBuild.Pipeline;

namespace OptimizerBuild.Caching;

/// <summary>
/// Outputs of earlier builds by content: shared by the inner builds of a multi-targeted project, kept over <c>clean</c>, bounded
/// in size. An entry is a folder that appears by one rename, so that builds may run side by side. Nothing in the cache is needed:
/// whatever goes wrong with it only costs time. An entry is believed only whole: a digest over its key and all its files stands beside
/// them.
/// </summary>
/// <param name="folder">Full path of the cache's folder.</param>
/// <param name="maximumBytes">The size above which the entries used least recently are removed.</param>
internal sealed class ModelCache(string folder, long maximumBytes)
{
    private const string TemporaryPrefix = "tmp-";
    private const string Stem = "model";
    private const string DigestName = ".digest";

    // SHA-256 in hexadecimal digits and the end of the line.
    private const int DigestBytes = 65;

    // Half an hour: longer than another build should need for one model. Then both do the work.
    private const int MaximumAttempts = 36_000;

    /// <summary>The outputs under a key; null where there are none. A damaged entry is removed.</summary>
    /// <param name="key">The key.</param>
    /// <param name="damaged">Whether there was an entry that is not what was written.</param>
    public ModelOutputs? Find(string key, out bool damaged)
    {
        damaged = false;
        string entry = Path.Combine(folder, key);
        try
        {
            if (!IsTaken(entry))
                return null;
            if (Read(entry) is not { } contents || !contents.Remove(DigestName, out byte[]? digest)
                || !digest.AsSpan().SequenceEqual(Digest(key, contents)))
            {
                damaged = true;
                Remove(entry);
                return null;
            }
            // The folder's time is when the entry was last of use.
            Directory.SetLastWriteTimeUtc(entry, DateTime.UtcNow);
            return ModelOutputs.Of(contents);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Keeps outputs under a key, and removes the oldest entries where the cache has become too large.</summary>
    public void Add(string key, ModelOutputs outputs)
    {
        string entry = Path.Combine(folder, key);
        string temporary = Path.Combine(folder, TemporaryPrefix + Guid.NewGuid().ToString("N"));
        try
        {
            if (outputs.Files.Sum(f => (long)f.Content.Length) > maximumBytes)
                return;
            Directory.CreateDirectory(temporary);
            var contents = new SortedDictionary<string, byte[]>(
                outputs.Files.ToDictionary(f => f.Extension, f => f.Content), StringComparer.Ordinal);
            foreach ((string extension, byte[] content) in contents)
                File.WriteAllBytes(Path.Combine(temporary, Stem + extension), content);
            File.WriteAllBytes(Path.Combine(temporary, Stem + DigestName), Digest(key, contents));
            if (IsTaken(entry))
                Remove(entry);
            Directory.Move(temporary, entry);
            Trim(key);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another build was first with the same entry, or the place cannot be written: the outputs themselves do not depend on it.
            Remove(temporary);
        }
    }

    /// <summary>
    /// Waits until no other build works on the same key, so that inner builds at the same time do the work once.
    /// The operating system gives the claim up when a process ends, however it ends.
    /// </summary>
    /// <returns>What to dispose of when the work is done; null where a claim is not possible here.</returns>
    public IDisposable? Claim(string key, CancellationToken cancellation)
    {
        string path = Path.Combine(folder, key + ".claim");
        for (int attempt = 0; attempt < MaximumAttempts; attempt++)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                Directory.CreateDirectory(folder);
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
            }
            catch (IOException) when (File.Exists(path))
            {
                cancellation.WaitHandle.WaitOne(50);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }
        return null;
    }

    // The contents by the endings of the files' names; null where there is anything that no build puts there. Only ordinary files are
    // opened:
    // the pipe or device that has taken a file's place would hold up the build.
    private SortedDictionary<string, byte[]>? Read(string entry)
    {
        if (!Directory.Exists(entry))
            return null;
        var contents = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        long left = maximumBytes + DigestBytes;
        foreach (FileSystemInfo item in new DirectoryInfo(entry).EnumerateFileSystemInfos())
        {
            if (item is not FileInfo { LinkTarget: null } file || !file.Name.StartsWith(Stem, StringComparison.Ordinal)
                || file.Length > left)
                return null;
            // Pipes and devices have no length, like the list of external data of a model without any.
            byte[] content = file.Length == 0 ? [] : UserFile.Read(file.FullName, left);
            left -= content.Length;
            contents[file.Name[Stem.Length..]] = content;
        }
        return contents;
    }

    // Whether anything has the name: a folder, a file, a link to nothing.
    private static bool IsTaken(string path) => Path.Exists(path) || new FileInfo(path).LinkTarget is not null;

    // SHA-256 over the key and all files with their names and lengths, as text.
    private static byte[] Digest(string key, SortedDictionary<string, byte[]> contents)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(key));
        foreach ((string name, byte[] content) in contents)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(FormattableString.Invariant($"\n{name} {content.Length}\n")));
            hash.AppendData(content);
        }
        return Encoding.UTF8.GetBytes(Convert.ToHexStringLower(hash.GetHashAndReset()) + "\n");
    }

    private void Trim(string newest)
    {
        var entries = new List<(DirectoryInfo Folder, long Bytes)>();
        foreach (DirectoryInfo entry in new DirectoryInfo(folder).EnumerateDirectories())
        {
            if (entry.Name.StartsWith(TemporaryPrefix, StringComparison.Ordinal))
            {
                // What a killed build left behind; one that is being written is younger.
                if (entry.LastWriteTimeUtc < DateTime.UtcNow.AddDays(-1))
                    Remove(entry.FullName);
            }
            else if (entry.Name.Length == 64 && entry.Name.All(char.IsAsciiHexDigitLower))
            {
                entries.Add((entry, entry.EnumerateFiles().Sum(f => f.Length)));
            }
        }
        long total = entries.Sum(e => e.Bytes);
        foreach ((DirectoryInfo entry, long bytes) in entries.OrderBy(e => e.Folder.LastWriteTimeUtc))
        {
            if (total <= maximumBytes)
                break;
            if (entry.Name == newest)
                continue;
            Remove(entry.FullName);
            total -= bytes;
        }
    }

    // Renamed first, so that another build never reads half an entry.
    private void Remove(string entry)
    {
        try
        {
            if (!IsTaken(entry))
                return;
            string doomed = Path.Combine(folder, TemporaryPrefix + Guid.NewGuid().ToString("N"));
            Directory.Move(entry, doomed);
            if (Directory.Exists(doomed))
                Directory.Delete(doomed, recursive: true);
            else
                File.Delete(doomed);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another build removes it as well, or it is being read; the next trimming tries again.
        }
    }
}
