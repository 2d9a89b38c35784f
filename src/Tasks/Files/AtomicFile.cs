using System.Text;
using OptimizerBuild.Diagnostics;

namespace OptimizerBuild.Files;

/// <summary>Files that appear whole or not at all.</summary>
internal static class AtomicFile
{
    /// <summary>Writes a file under a temporary name in the same folder and then renames it.</summary>
    /// <exception cref="ModelException">It cannot be written.</exception>
    public static void Write(string path, byte[] content)
    {
        // The name only has to be free; it does not outlive this method.
        string temporary = path + "." + Guid.NewGuid().ToString("N") + ".tmp";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(temporary, content);
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            TryDelete(temporary);
            throw new ModelException(DiagnosticCatalog.FileNotAccessible, "write", Path.GetFileName(path), e.Message).In(path);
        }
    }

    /// <summary>Writes a text unless the file already holds it, so that its time only changes with its content.</summary>
    /// <exception cref="ModelException">It cannot be written.</exception>
    public static void WriteIfDifferent(string path, string text)
    {
        byte[] content = Encoding.UTF8.GetBytes(text);
        try
        {
            if (File.Exists(path) && File.ReadAllBytes(path).AsSpan().SequenceEqual(content))
                return;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What cannot be read is written anew, and that reports what is wrong.
        }
        Write(path, content);
    }

    /// <summary>Makes a file younger than all others.</summary>
    /// <exception cref="ModelException">It cannot be written.</exception>
    public static void Touch(string path)
    {
        try
        {
            File.SetLastWriteTimeUtc(path, DateTime.UtcNow);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException(DiagnosticCatalog.FileNotAccessible, "write", Path.GetFileName(path), e.Message).In(path);
        }
    }

    /// <summary>Removes a file where there is one.</summary>
    /// <exception cref="ModelException">It cannot be removed.</exception>
    public static void Delete(string path)
    {
        try
        {
            if (File.Exists(path))
                File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException(DiagnosticCatalog.FileNotAccessible, "remove", Path.GetFileName(path), e.Message).In(path);
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A left-over temporary file is harmless, and the reason why it stays is being reported already.
        }
    }
}
