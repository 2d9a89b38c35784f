using System.Security.Cryptography;

namespace OptimizerBuild.Files;

/// <summary>
/// The one way in which a build opens a file that is not its own: models, their external data, calibration data, labels. Only ordinary
/// files are opened, as a pipe blocks its reader and a device never ends; of each no more is read than it held when it was opened.
/// </summary>
internal static class UserFile
{
    private const int BufferBytes = 1 << 16;

    /// <summary>Opens a file to be read from its beginning.</summary>
    /// <param name="path">The file; symbolic links are followed.</param>
    /// <param name="maximumBytes">The largest length that is accepted.</param>
    /// <exception cref="UnusableFileException">It is empty, no ordinary file, or too long.</exception>
    /// <exception cref="IOException">It does not exist or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Access is denied.</exception>
    public static FileStream Open(string path, long maximumBytes = long.MaxValue)
    {
        if (path.Length == 0)
            throw new UnusableFileException("it lies outside of the folder that it must lie in");
        string real = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        var info = new FileInfo(real);
        // Pipes, sockets and devices have no length: this is asked before they are opened, since opening a pipe may wait for ever.
        long length = info.Length;
        if (length == 0)
            throw new UnusableFileException("it is empty, or a device or pipe instead of an ordinary file");
        if (length > maximumBytes)
            throw new UnusableFileException(FormattableString.Invariant($"it has {length} bytes; at most {maximumBytes} are read"));
        return new FileStream(real, FileMode.Open, FileAccess.Read, FileShare.Read, BufferBytes);
    }

    /// <summary>Reads a whole file.</summary>
    /// <param name="path">The file; symbolic links are followed.</param>
    /// <param name="maximumBytes">The largest length that is accepted.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <exception cref="UnusableFileException">It is empty, no ordinary file, or too long.</exception>
    /// <exception cref="IOException">It does not exist or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Access is denied.</exception>
    public static byte[] Read(string path, long maximumBytes, CancellationToken cancellation = default)
    {
        using FileStream stream = Open(path, Math.Min(maximumBytes, Array.MaxLength));
        var bytes = new byte[stream.Length];
        for (int done = 0; done < bytes.Length; done += Math.Min(BufferBytes * 16, bytes.Length - done))
        {
            cancellation.ThrowIfCancellationRequested();
            stream.ReadExactly(bytes, done, Math.Min(BufferBytes * 16, bytes.Length - done));
        }
        return bytes;
    }

    /// <summary>SHA-256 over a file's content, in hexadecimal digits.</summary>
    /// <param name="path">The file; symbolic links are followed.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <exception cref="UnusableFileException">It is empty or no ordinary file.</exception>
    /// <exception cref="IOException">It does not exist or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Access is denied.</exception>
    public static string HashOf(string path, CancellationToken cancellation = default)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        AppendTo(hash, path, cancellation);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Adds a file's content to a hash.</summary>
    /// <param name="hash">The hash.</param>
    /// <param name="path">The file; symbolic links are followed.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <returns>The number of bytes.</returns>
    /// <exception cref="UnusableFileException">It is empty or no ordinary file.</exception>
    /// <exception cref="IOException">It does not exist or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Access is denied.</exception>
    public static long AppendTo(IncrementalHash hash, string path, CancellationToken cancellation = default)
    {
        using FileStream stream = Open(path);
        long length = stream.Length;
        var buffer = new byte[BufferBytes];
        for (long left = length; left > 0;)
        {
            cancellation.ThrowIfCancellationRequested();
            int part = (int)Math.Min(left, buffer.Length);
            stream.ReadExactly(buffer, 0, part);
            hash.AppendData(buffer, 0, part);
            left -= part;
        }
        return length;
    }
}
