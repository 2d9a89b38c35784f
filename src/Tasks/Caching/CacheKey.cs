using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using OptimizerBuild.Files;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;

namespace OptimizerBuild.Caching;

/// <summary>
/// The key of a model's outputs in the cache: SHA-256 over everything they depend on: the options, the contents of all input
/// files, and the identity of the code that makes them.
/// </summary>
internal static class CacheKey
{
    /// <summary>
    /// Computes the key, or returns null where an input file cannot be read (the compiler then says what is wrong with it).
    /// </summary>
    /// <param name="options">The model's options.</param>
    /// <param name="files">All input files, external data included.</param>
    /// <param name="cancellation">Stops the reading.</param>
    public static string? Of(ModelOptions options, IEnumerable<InputFile> files, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, "code", ToolIdentity.OfTasks);
        Append(hash, "options", OptionsText.Write(options));
        try
        {
            foreach (InputFile file in files)
            {
                Append(hash, file.Role, UserFile.HashOf(file.Path, cancellation));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    // Lengths go in front, so that no two lists of parts run together into the same bytes.
    private static void Append(IncrementalHash hash, string name, string value)
    {
        foreach (string part in (ReadOnlySpan<string>)[name, value])
        {
            byte[] bytes = Encoding.UTF8.GetBytes(part);
            hash.AppendData(Encoding.UTF8.GetBytes(bytes.Length.ToString(CultureInfo.InvariantCulture) + ":"));
            hash.AppendData(bytes);
        }
    }
}
