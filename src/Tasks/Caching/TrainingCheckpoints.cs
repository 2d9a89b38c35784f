using System.Security.Cryptography;
using System.Text;
using OptimizerBuild.Files;
using OptimizerBuild.Training;

namespace OptimizerBuild.Caching;

/// <summary>
/// States of trainings in the cache's folder, so that a build that was stopped goes on where it was. Like all of the cache they are
/// believed only whole, and nothing needs them.
/// </summary>
/// <param name="folder">Full path of the cache's folder.</param>
/// <param name="key">The key of the outputs that the trainings are for.</param>
internal sealed class TrainingCheckpoints(string folder, string key) : ITrainingCheckpoints
{
    private const string Extension = ".training";
    private const long GreatestBytes = 4L << 30;

    // What no build has gone on with for so long is forgotten.
    private static readonly TimeSpan Kept = TimeSpan.FromDays(7);

    private readonly HashSet<string> _files = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public byte[]? Load(string fingerprint)
    {
        string path = PathOf(fingerprint);
        try
        {
            if (!File.Exists(path))
                return null;
            byte[] content = UserFile.Read(path, GreatestBytes);
            const int Head = SHA256.HashSizeInBytes;
            return content.Length > Head && SHA256.HashData(content.AsSpan(Head)).AsSpan().SequenceEqual(content.AsSpan(0, Head))
                ? content[Head..] : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Save(string fingerprint, byte[] state)
    {
        try
        {
            Directory.CreateDirectory(folder);
            string path = PathOf(fingerprint);
            AtomicFile.Write(path, [.. SHA256.HashData(state), .. state]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next build begins anew.
        }
    }

    /// <summary>Removes the states of this build, which is done, and those that have been there for long.</summary>
    public void Remove()
    {
        try
        {
            foreach (FileInfo file in new DirectoryInfo(folder).EnumerateFiles("*" + Extension))
                if (_files.Contains(file.Name) || file.LastWriteTimeUtc < DateTime.UtcNow - Kept)
                    file.Delete();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // They are removed by a later build.
        }
    }

    private string PathOf(string fingerprint)
    {
        string name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key + "\n" + fingerprint))) + Extension;
        _files.Add(name);
        return Path.Combine(folder, name);
    }
}
