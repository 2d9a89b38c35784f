using System.Buffers.Binary;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Files;

namespace OptimizerBuild.Data;

/// <summary>
/// A recording in a WAV file: RIFF with a format chunk (PCM of 8, 16, 24 or 32 bits, or IEEE floats of 32 or 64; "Multimedia Programming
/// Interface and Data Specifications 1.0", Microsoft and IBM 1991, and WAVEFORMATEXTENSIBLE). Several channels are averaged.
/// </summary>
internal sealed class WavFile
{
    private const long MaximumBytes = 1L << 30;
    private const int Pcm = 1;
    private const int Float = 3;
    private const int Extensible = 0xFFFE;
    private const int MaximumRate = 768_000;

    private readonly byte[] _data;
    private readonly int _format;
    private readonly int _bits;
    private readonly int _channels;

    private WavFile(byte[] data, int format, int bits, int channels, int rate) =>
        (_data, _format, _bits, _channels, Rate) = (data, format, bits, channels, rate);

    /// <summary>Samples of each channel in a second.</summary>
    public int Rate { get; }

    /// <summary>The number of samples of each channel.</summary>
    public int Length => _data.Length / Block;

    private int Block => _channels * _bits / 8;

    /// <summary>Whether a file is a recording by its name.</summary>
    public static bool IsNamedSo(string path) => Path.GetExtension(path).ToLowerInvariant() is ".wav" or ".wave";

    /// <summary>Reads a file.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="name">What it is called in messages.</param>
    /// <exception cref="ModelException">The file cannot be read.</exception>
    public static WavFile Read(string path, string name)
    {
        string fault;
        try
        {
            return Parse(UserFile.Read(path, MaximumBytes), out fault) ?? throw Unreadable(path, name, fault);
        }
        catch (UnusableFileException error)
        {
            fault = error.Message;
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            fault = "the file does not exist";
        }
        catch (UnauthorizedAccessException)
        {
            fault = "access to it is denied";
        }
        catch (IOException)
        {
            fault = "it cannot be opened: another program may hold it";
        }
        throw Unreadable(path, name, fault);
    }

    /// <summary>The samples, from −1 to 1 where they were integers.</summary>
    public float[] Samples()
    {
        var samples = new float[Length];
        for (int i = 0; i < samples.Length; i++)
        {
            double sum = 0;
            for (int c = 0; c < _channels; c++)
                sum += Sample(_data.AsSpan((i * Block) + (c * _bits / 8)));
            samples[i] = (float)(sum / _channels);
        }
        return samples;
    }

    private double Sample(ReadOnlySpan<byte> at) => (_format, _bits) switch
    {
        (Float, 32) => BinaryPrimitives.ReadSingleLittleEndian(at),
        (Float, _) => BinaryPrimitives.ReadDoubleLittleEndian(at),
        // Only bytes have no sign.
        (_, 8) => (at[0] - 128) / 128.0,
        (_, 16) => BinaryPrimitives.ReadInt16LittleEndian(at) / 32768.0,
        (_, 24) => ((at[0] << 8) | (at[1] << 16) | (at[2] << 24)) / 2147483648.0,
        _ => BinaryPrimitives.ReadInt32LittleEndian(at) / 2147483648.0,
    };

    private static WavFile? Parse(byte[] bytes, out string fault)
    {
        fault = "it is no WAV file (RIFF)";
        if (bytes.Length < 12 || !bytes.AsSpan(0, 4).SequenceEqual("RIFF"u8) || !bytes.AsSpan(8, 4).SequenceEqual("WAVE"u8))
            return null;
        (int Format, int Bits, int Channels, int Rate)? form = null;
        long at = 12;
        while (at + 8 <= bytes.Length)
        {
            ReadOnlySpan<byte> head = bytes.AsSpan((int)at, 8);
            long length = BinaryPrimitives.ReadUInt32LittleEndian(head[4..]);
            long left = bytes.Length - at - 8;
            if (head[..4].SequenceEqual("fmt "u8))
            {
                form = Form(bytes.AsSpan((int)at + 8, (int)Math.Min(left, length)), out fault);
                if (form is null)
                    return null;
            }
            else if (head[..4].SequenceEqual("data"u8))
            {
                if (form is not { } f)
                {
                    fault = "its samples come before what says how they are written";
                    return null;
                }
                // A recorder that was stopped leaves a length of zero, of all ones, or one that reaches beyond the end.
                long size = length == 0 || length > left ? left : length;
                int block = f.Channels * f.Bits / 8;
                return new(bytes.AsSpan((int)at + 8, (int)(size - (size % block))).ToArray(), f.Format, f.Bits, f.Channels, f.Rate);
            }
            at += 8 + length + (length & 1);
        }
        fault = "it has no samples";
        return null;
    }

    private static (int Format, int Bits, int Channels, int Rate)? Form(ReadOnlySpan<byte> chunk, out string fault)
    {
        fault = "what says how its samples are written is damaged";
        if (chunk.Length < 16)
            return null;
        int format = BinaryPrimitives.ReadUInt16LittleEndian(chunk), channels = BinaryPrimitives.ReadUInt16LittleEndian(chunk[2..]);
        uint rate = BinaryPrimitives.ReadUInt32LittleEndian(chunk[4..]);
        int bits = BinaryPrimitives.ReadUInt16LittleEndian(chunk[14..]);
        if (format == Extensible && chunk.Length >= 26)
            format = BinaryPrimitives.ReadUInt16LittleEndian(chunk[24..]);
        if (channels is < 1 or > 256 || rate is < 1 or > MaximumRate)
            return null;
        if ((format, bits) is (Pcm, 8 or 16 or 24 or 32) or (Float, 32 or 64))
            return (format, bits, channels, (int)rate);
        fault = $"its samples are of format {format} with {bits} bits; PCM of 8, 16, 24 or 32 bits and floats are read";
        return null;
    }

    private static ModelException Unreadable(string path, string name, string what) =>
        new ModelException(DiagnosticCatalog.SoundFileUnreadable, name, what).In(path);
}
