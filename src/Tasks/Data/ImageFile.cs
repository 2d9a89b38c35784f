using OptimizerBuild.Diagnostics;
using OptimizerBuild.Files;
using OptimizerBuild.Kernels;
using StbImageSharp;

namespace OptimizerBuild.Data;

/// <summary>Reads PNG and JPEG files as pixels of three bytes: red, green, blue.</summary>
internal static class ImageFile
{
    private const long MaximumBytes = 256L << 20;
    private const long MaximumPixels = 1L << 26;

    /// <summary>Whether a file is an image by its name.</summary>
    public static bool IsNamedSo(string path) =>
        Path.GetExtension(path).ToLowerInvariant() is ".png" or ".jpg" or ".jpeg";

    /// <summary>Reads a file.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="name">What it is called in messages.</param>
    /// <exception cref="ModelException">The file cannot be read.</exception>
    public static (byte[] Pixels, int Width, int Height) Read(string path, string name)
    {
        try
        {
            byte[] bytes = UserFile.Read(path, MaximumBytes);
            if (!IsPng(bytes) && !IsJpeg(bytes))
                throw Unreadable(path, name, FileSignature.Describe(bytes) ?? "it is neither PNG nor JPEG");
            if ((IsPng(bytes) ? PngStructure.Fault(bytes, MaximumPixels) : JpegStructure.Fault(bytes, MaximumPixels)) is { } fault)
                throw Unreadable(path, name, fault);
            using var header = new BoundedStream(bytes);
            if (ImageInfo.FromStream(header) is not { } info || info.Width < 1 || info.Height < 1)
                throw Unreadable(path, name, "its header is damaged");
            if (info.Width > ImageResizer.MaximumExtent || info.Height > ImageResizer.MaximumExtent
                || (long)info.Width * info.Height > MaximumPixels)
                throw Unreadable(path, name, $"it has {info.Width}x{info.Height} pixels; at most {MaximumPixels} are read");
            using var stream = new BoundedStream(bytes);
            ImageResult image = ImageResult.FromStream(stream, ColorComponents.RedGreenBlue);
            return (image.Data, image.Width, image.Height);
        }
        catch (UnusableFileException error)
        {
            throw Unreadable(path, name, error.Message);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Unreadable(path, name, "the file does not exist");
        }
        catch (UnauthorizedAccessException)
        {
            throw Unreadable(path, name, "access to it is denied");
        }
        catch (IOException)
        {
            throw Unreadable(path, name, "it cannot be opened: another program may hold it");
        }
        catch (OutOfMemoryException)
        {
            throw Unreadable(path, name, "there is not enough memory for its pixels");
        }
        catch (Exception error) when (error is not ModelException)
        {
            // The decoder has no exceptions of its own: damaged files show as whatever went wrong then.
            throw Unreadable(path, name, $"it is damaged or of a kind that is not read ({error.Message.TrimEnd('.')})");
        }
    }

    private static bool IsPng(ReadOnlySpan<byte> bytes) => bytes is [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, ..];

    private static bool IsJpeg(ReadOnlySpan<byte> bytes) => bytes is [0xFF, 0xD8, 0xFF, ..];

    private static ModelException Unreadable(string path, string name, string what) =>
        new ModelException(DiagnosticCatalog.ImageFileUnreadable, name, what).In(path);

    // The decoder reads on behind the end of damaged files, some for ever. Whole ones are read about once, byte by byte.
    private sealed class BoundedStream(byte[] bytes) : MemoryStream(bytes, writable: false)
    {
        private long _left = (8L * bytes.Length) + 65536;

        public override int ReadByte()
        {
            Spend();
            return base.ReadByte();
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            Spend();
            return base.Read(buffer, offset, count);
        }

        public override long Seek(long offset, SeekOrigin loc)
        {
            Spend();
            return base.Seek(offset, loc);
        }

        private void Spend()
        {
            if (--_left < 0)
                throw new InvalidOperationException("it ends too early");
        }
    }
}
