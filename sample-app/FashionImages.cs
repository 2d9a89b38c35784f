using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace SampleApp;

/// <summary>Fashion-MNIST images with their labels, read from a NumPy archive (<c>x</c>: uint8, <c>y</c>: int64).</summary>
internal sealed partial class FashionImages
{
    /// <summary>Width and height of an image in pixels.</summary>
    public const int Side = 28;

    private readonly byte[] _pixels;
    private readonly long[] _labels;

    private FashionImages(byte[] pixels, long[] labels) => (_pixels, _labels) = (pixels, labels);

    /// <summary>The number of images.</summary>
    public int Count => _labels.Length;

    /// <summary>The grey values of an image, row by row.</summary>
    public ReadOnlySpan<byte> Pixels(int image) => _pixels.AsSpan(image * Side * Side, Side * Side);

    /// <summary>The class of an image.</summary>
    public int Label(int image) => (int)_labels[image];

    /// <summary>Reads an archive.</summary>
    public static FashionImages Read(string path)
    {
        using ZipArchive archive = ZipFile.OpenRead(path);
        return new(ReadArray<byte>(archive, "x.npy", "|u1"), ReadArray<long>(archive, "y.npy", "<i8"));
    }

    private static T[] ReadArray<T>(ZipArchive archive, string name, string type)
        where T : unmanaged
    {
        ZipArchiveEntry entry = archive.GetEntry(name) ?? throw new InvalidDataException($"{name} is missing");
        using Stream stream = entry.Open();
        using var reader = new BinaryReader(stream);
        reader.ReadBytes(8); // magic and version 1.0
        string header = Encoding.ASCII.GetString(reader.ReadBytes(reader.ReadUInt16()));
        if (!header.Contains($"'descr': '{type}'", StringComparison.Ordinal))
            throw new InvalidDataException($"{name} is not of type {type}: {header}");
        int count = 1;
        foreach (Match dimension in Dimension().Matches(header[header.IndexOf('(', StringComparison.Ordinal)..]))
            count *= int.Parse(dimension.ValueSpan, CultureInfo.InvariantCulture);
        var values = new T[count];
        stream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    [GeneratedRegex("[0-9]+")]
    private static partial Regex Dimension();
}
