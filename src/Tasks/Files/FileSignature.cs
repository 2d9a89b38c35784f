using System.Text;

namespace OptimizerBuild.Files;

/// <summary>
/// What a file is by its first bytes, where it is something else than its name says: the usual mistakes, each with what to do instead.
/// </summary>
internal static class FileSignature
{
    /// <summary>How many bytes <see cref="Describe"/> looks at.</summary>
    public const int Length = 512;

    private static readonly (byte[] Start, int At, string Text)[] Known =
    [
        ("version https://git-lfs"u8.ToArray(), 0, "it is a Git LFS pointer, not the file itself: run `git lfs pull`"),
        ([0x89, (byte)'H', (byte)'D', (byte)'F'], 0, "it is an HDF5 file, as Keras saves models: convert it with tf2onnx or keras2onnx"),
        ("TFL3"u8.ToArray(), 4, "it is a TensorFlow Lite model: convert it with tf2onnx (`--tflite`)"),
        ([(byte)'P', (byte)'K', 3, 4], 0, "it is a zip archive, as PyTorch saves models: export it with `torch.onnx.export`, or unpack it"),
        ([0x1F, 0x8B], 0, "it is compressed with gzip: unpack it"),
        ([0x80, 2], 0, "it is a Python pickle, as PyTorch and scikit-learn save models: export it as ONNX"),
        ([0x80, 4], 0, "it is a Python pickle, as PyTorch and scikit-learn save models: export it as ONNX"),
    ];

    /// <summary>What a file is that begins so; null where nothing is recognised.</summary>
    /// <param name="start">The first bytes, up to <see cref="Length"/>.</param>
    public static string? Describe(ReadOnlySpan<byte> start)
    {
        foreach ((byte[] signature, int at, string text) in Known)
            if (start.Length > at && start[at..].StartsWith(signature))
                return text;
        return IsWebPage(start) ? "it is a web page: download the file itself (on GitHub by \"Raw\")" : null;
    }

    private static bool IsWebPage(ReadOnlySpan<byte> start)
    {
        string text = Encoding.Latin1.GetString(start[..Math.Min(start.Length, Length)])
            .TrimStart('\u00EF', '\u00BB', '\u00BF', ' ', '\r', '\n', '\t');
        return text.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase)
            || text.StartsWith("<html", StringComparison.OrdinalIgnoreCase);
    }
}
