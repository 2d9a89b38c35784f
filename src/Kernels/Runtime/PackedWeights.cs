namespace OptimizerBuild.Kernels;

using global::System;
using global::System.IO;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;

/// <summary>
/// The packed weights of one model in memory aligned to 64 bytes, read once from the embedded resource and shared by all
/// instances of the predictor.
/// </summary>
internal sealed class PackedWeights
{
    /// <summary>Bytes that may be read, but mean nothing, behind the last weight: kernels load whole vectors.</summary>
    public const int TailPadding = 128;

    private const int Alignment = 64;

    private readonly byte[] _memory;
    private readonly int _start;

    private PackedWeights(int length)
    {
        Length = length;
        // Not the generic method that clears the array: the framework has no compiled instance of it.
        _memory = GC.AllocateUninitializedArray<byte>(checked(length + Alignment + TailPadding), pinned: true);
        Array.Clear(_memory, length, Alignment + TailPadding);
        _start = AlignedStart(_memory);
    }

    private PackedWeights(byte[] memory, int start, int length)
    {
        _memory = memory;
        _start = start;
        Length = length;
    }

    /// <summary>The number of bytes.</summary>
    public int Length { get; }

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Bytes => new(_memory, _start, Length);

    /// <summary>
    /// What kernels have made of the weights for this process's instruction sets, if anything (the file with its type is emitted only
    /// then).
    /// It is written under this object's lock, whole objects only, and may be read without.
    /// </summary>
    public object? Transformed { get; set; }

    /// <summary>The array that holds the bytes; its first <see cref="Start"/> bytes are slack.</summary>
    internal byte[] Memory => _memory;

    /// <summary>Index of the first byte in <see cref="Memory"/>, at an address that is a multiple of 64.</summary>
    internal int Start => _start;

    /// <summary>Reads the weights and verifies them.</summary>
    /// <param name="resource">The stream to read; it must hold exactly <paramref name="length"/> bytes.</param>
    /// <param name="length">The number of bytes.</param>
    /// <param name="checksum">Their checksum as <see cref="Checksum"/> computes it.</param>
    /// <param name="name">The model's name, for the exception's text.</param>
    /// <exception cref="InvalidDataException">The resource is missing, or is not what the build wrote.</exception>
    public static PackedWeights Load(Stream? resource, int length, ulong checksum, string name)
    {
        if (resource is null)
            throw Unusable(name, "missing from the assembly");
        if (resource.Length != length)
            throw Unusable(name, "damaged: " + resource.Length + " bytes instead of " + length);
        var weights = new PackedWeights(length);
        resource.ReadExactly(weights._memory, weights._start, length);
        if (Checksum(weights.Bytes) != checksum)
            throw Unusable(name, "damaged: the checksum differs from the build's");
        return weights;
    }

    private static InvalidDataException Unusable(string name, string how) =>
        new("The weights of the model '" + name + "' are " + how + ".");

    /// <summary>Weights that lie in memory already.</summary>
    /// <param name="memory">Pinned memory with <see cref="TailPadding"/> bytes behind the weights.</param>
    /// <param name="start">Where they begin, at an address that is a multiple of 64.</param>
    /// <param name="length">Their number of bytes.</param>
    public static PackedWeights Of(byte[] memory, int start, int length) => new(memory, start, length);

    /// <summary>Weights from memory, as the build-time evaluation holds them.</summary>
    public static PackedWeights Of(ReadOnlySpan<byte> bytes)
    {
        var weights = new PackedWeights(bytes.Length);
        bytes.CopyTo(new Span<byte>(weights._memory, weights._start, bytes.Length));
        return weights;
    }

    /// <summary>
    /// A 64-bit FNV-1a hash taken over little-endian 64-bit words instead of bytes, the last one filled up with zeros
    /// (Fowler, Noll, Vo; RFC 9923 gives the offset basis and the prime).
    /// </summary>
    public static ulong Checksum(ReadOnlySpan<byte> bytes)
    {
        const ulong Prime = 0x100000001B3;
        ulong hash = 0xCBF29CE484222325;
        unchecked
        {
            // Plain reads: the first prediction of a process pays for every method that they would call.
            ref byte at = ref MemoryMarshal.GetReference(bytes);
            int left = bytes.Length;
            for (; left >= 8; left -= 8)
            {
                ulong word = Unsafe.ReadUnaligned<ulong>(ref at);
                if (!BitConverter.IsLittleEndian)
                    word = global::System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(word);
                hash = (hash ^ word) * Prime;
                hash ^= hash >> 32;
                at = ref Unsafe.Add(ref at, 8);
            }
            ulong last = 0;
            for (int i = 0; i < left; i++)
                last |= (ulong)Unsafe.Add(ref at, i) << (8 * i);
            return (hash ^ last) * Prime;
        }
    }

    /// <summary>Index of the first element of a pinned array whose address is a multiple of 64.</summary>
    internal static int AlignedStart(byte[] pinned)
    {
        nint address = Unsafe.ByteOffset(ref Unsafe.NullRef<byte>(), ref MemoryMarshal.GetArrayDataReference(pinned));
        return unchecked((int)(-address & (Alignment - 1)));
    }
}
