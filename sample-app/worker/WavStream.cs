using System.Buffers.Binary;

namespace SoundWorker;

/// <summary>A WAV stream of one channel, 16 bits and 16,000 samples a second, whose end nobody knows yet.</summary>
internal sealed class WavStream
{
    /// <summary>Samples in a second.</summary>
    public const int Rate = 16_000;

    private readonly Stream _stream;

    private WavStream(Stream stream) => _stream = stream;

    /// <summary>Reads what stands before the samples.</summary>
    /// <exception cref="InvalidDataException">It is no such stream.</exception>
    public static async Task<WavStream> OpenAsync(Stream stream, CancellationToken cancellation)
    {
        byte[] head = await ReadAsync(stream, 12, cancellation);
        if (!head.AsSpan(0, 4).SequenceEqual("RIFF"u8) || !head.AsSpan(8, 4).SequenceEqual("WAVE"u8))
            throw new InvalidDataException("This is no WAV stream.");
        bool isKnown = false;
        while (true)
        {
            byte[] chunk = await ReadAsync(stream, 8, cancellation);
            if (chunk.AsSpan(0, 4).SequenceEqual("data"u8))
                return isKnown ? new WavStream(stream) : throw new InvalidDataException("Samples come before their format.");
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(chunk.AsSpan(4));
            if (length > 1 << 20)
                throw new InvalidDataException("The head of the stream is damaged.");
            byte[] content = await ReadAsync(stream, (int)(length + (length & 1)), cancellation);
            if (!chunk.AsSpan(0, 4).SequenceEqual("fmt "u8))
                continue;
            isKnown = length >= 16 && BinaryPrimitives.ReadUInt16LittleEndian(content) == 1
                && BinaryPrimitives.ReadUInt16LittleEndian(content.AsSpan(2)) == 1
                && BinaryPrimitives.ReadUInt32LittleEndian(content.AsSpan(4)) == Rate
                && BinaryPrimitives.ReadUInt16LittleEndian(content.AsSpan(14)) == 16;
            if (!isKnown)
                throw new InvalidDataException($"The stream must have one channel of 16 bits and {Rate} samples a second.");
        }
    }

    /// <summary>Waits for as many samples as there is room for.</summary>
    /// <returns>Whether there were so many; what is left at the end of the stream is less than a frame and of no use.</returns>
    public async Task<bool> ReadAsync(Memory<float> frame, CancellationToken cancellation)
    {
        var bytes = new byte[frame.Length * sizeof(short)];
        if (await _stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellation) < bytes.Length)
            return false;
        for (int i = 0; i < frame.Length; i++)
            frame.Span[i] = BinaryPrimitives.ReadInt16LittleEndian(bytes.AsSpan(i * sizeof(short))) / 32768f;
        return true;
    }

    private static async Task<byte[]> ReadAsync(Stream stream, int count, CancellationToken cancellation)
    {
        var bytes = new byte[count];
        return await stream.ReadAtLeastAsync(bytes, count, throwOnEndOfStream: false, cancellation) == count
            ? bytes
            : throw new InvalidDataException("The stream ends within its head.");
    }
}
