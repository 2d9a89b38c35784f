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

    private readonly string _path;
    private readonly string _name;
    private readonly long _offset;
    private readonly int _bytes;
    private readonly int _format;
    private readonly int _bits;
    private readonly int _channels;

    private WavFile(string path, string name, long offset, int bytes, (int Format, int Bits, int Channels, int Rate) form)
    {
        (_path, _name, _offset, _bytes) = (path, name, offset, bytes);
        (_format, _bits, _channels, Rate) = form;
    }

    /// <summary>Samples of each channel in a second.</summary>
    public int Rate { get; }

    /// <summary>The number of samples of each channel.</summary>
    public int Length => _bytes / Block;

    private int Block => _channels * _bits / 8;

    /// <summary>Whether a file is a recording by its name.</summary>
    public static bool IsNamedSo(string path) => Path.GetExtension(path).ToLowerInvariant() is ".wav" or ".wave";

    /// <summary>Reads what stands before the samples of a file.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="name">What it is called in messages.</param>
    /// <exception cref="ModelException">The file cannot be read.</exception>
    public static WavFile Read(string path, string name) => Guarded(path, name, file =>
        Parse(file, path, name, out string fault) ?? throw Unreadable(path, name, fault));

    /// <summary>The samples, from −1 to 1 where they were integers.</summary>
    /// <exception cref="ModelException">The file cannot be read.</exception>
    public float[] Samples() => Guarded(_path, _name, file =>
    {
        var data = new byte[_bytes];
        file.Position = _offset;
        file.ReadExactly(data);
        var samples = new float[Length];
        for (int i = 0; i < samples.Length; i++)
        {
            double sum = 0;
            for (int c = 0; c < _channels; c++)
                sum += Sample(data.AsSpan((i * Block) + (c * _bits / 8)));
            samples[i] = (float)(sum / _channels);
        }
        return samples;
    });

    private static T Guarded<T>(string path, string name, Func<FileStream, T> read)
    {
        string fault;
        try
        {
            using FileStream file = UserFile.Open(path);
            return read(file);
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

    private static WavFile? Parse(FileStream file, string path, string name, out string fault)
    {
        fault = "it is no WAV file (RIFF)";
        Span<byte> head = stackalloc byte[12];
        if (file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) < head.Length
            || !head[..4].SequenceEqual("RIFF"u8) || !head[8..].SequenceEqual("WAVE"u8))
            return null;
        (int Format, int Bits, int Channels, int Rate)? form = null;
        Span<byte> chunk = stackalloc byte[40];
        while (file.ReadAtLeast(chunk[..8], 8, throwOnEndOfStream: false) == 8)
        {
            bool isForm = chunk[..4].SequenceEqual("fmt "u8), isData = chunk[..4].SequenceEqual("data"u8);
            long length = BinaryPrimitives.ReadUInt32LittleEndian(chunk[4..]);
            long start = file.Position, left = file.Length - start;
            if (isForm)
            {
                int size = (int)Math.Min(chunk.Length, Math.Min(left, length));
                file.ReadExactly(chunk[..size]);
                form = Form(chunk[..size], out fault);
                if (form is null)
                    return null;
            }
            else if (isData)
            {
                if (form is not { } f)
                {
                    fault = "its samples come before what says how they are written";
                    return null;
                }
                // A recorder that was stopped leaves a length of zero, of all ones, or one that reaches beyond the end.
                long bytes = length > left || (length == 0 && !IsChain(file)) ? left : length;
                if (bytes > MaximumBytes)
                {
                    fault = $"it has {bytes} bytes of samples; at most {MaximumBytes} are read";
                    return null;
                }
                return new(path, name, start, (int)(bytes - (bytes % (f.Channels * f.Bits / 8))), f);
            }
            long next = start + length + (length & 1);
            if (next > file.Length)
                break;
            file.Position = next;
        }
        fault = "it has no samples";
        return null;
    }

    // Whether chunks follow up to the end of the file, as they do behind the data of an empty recording.
    private static bool IsChain(FileStream file)
    {
        Span<byte> chunk = stackalloc byte[8];
        while (file.Position < file.Length)
        {
            if (file.ReadAtLeast(chunk, chunk.Length, throwOnEndOfStream: false) < chunk.Length
                || chunk[..4].ContainsAnyExceptInRange((byte)' ', (byte)'~'))
                return false;
            long length = BinaryPrimitives.ReadUInt32LittleEndian(chunk[4..]);
            // The last one may lack its padding.
            long next = Math.Min(file.Position + length + (length & 1), Math.Max(file.Position + length, file.Length));
            if (next > file.Length)
                return false;
            file.Position = next;
        }
        return true;
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
