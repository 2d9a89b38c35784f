using System.Buffers.Binary;

namespace OptimizerBuild.Files;

/// <summary>
/// The public key in a key file of strong names (<c>.snk</c>), as attributes and assembly names write it: ECMA-335, II.6.2.1.3. Such a
/// file is either the public key itself or a private key in the form that Windows calls PRIVATEKEYBLOB.
/// </summary>
internal static class StrongNameKey
{
    private const int MaximumBytes = 1 << 16;
    private const int HeaderBytes = 12;
    private const int BlobBytes = 20;
    private const byte PublicBlob = 6, PrivateBlob = 7;

    // The algorithm of the signature, RSA with SHA-1 as every strong name has it, and that of the hash.
    private const uint Signature = 0x2400, Hash = 0x8004;
    private const uint PublicMagic = 0x31415352, PrivateMagic = 0x32415352;

    /// <summary>The public key in hexadecimal digits; null where the file cannot be read or is none of the two forms.</summary>
    public static string? PublicKey(string path)
    {
        byte[] file;
        try
        {
            file = UserFile.Read(path, MaximumBytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
        return PublicKey(file);
    }

    /// <summary>The public key in hexadecimal digits; null where the content is none of the two forms.</summary>
    public static string? PublicKey(ReadOnlySpan<byte> file)
    {
        if (file.Length > HeaderBytes + BlobBytes && Word(file, 0) == Signature && Word(file, 8) == file.Length - HeaderBytes
            && file[HeaderBytes] == PublicBlob && Word(file, HeaderBytes + 8) == PublicMagic)
        {
            return Convert.ToHexStringLower(file);
        }
        if (file.Length <= BlobBytes || file[0] != PrivateBlob || Word(file, 8) != PrivateMagic)
            return null;
        uint modulus = Word(file, 12) / 8;
        if (modulus == 0 || modulus > file.Length - BlobBytes)
            return null;
        byte[] key = new byte[HeaderBytes + BlobBytes + modulus];
        BinaryPrimitives.WriteUInt32LittleEndian(key, Signature);
        BinaryPrimitives.WriteUInt32LittleEndian(key.AsSpan(4), Hash);
        BinaryPrimitives.WriteUInt32LittleEndian(key.AsSpan(8), BlobBytes + modulus);
        file[..(BlobBytes + (int)modulus)].CopyTo(key.AsSpan(HeaderBytes));
        key[HeaderBytes] = PublicBlob;
        // Compilers say "signature", whatever the file says that the key is for.
        BinaryPrimitives.WriteUInt32LittleEndian(key.AsSpan(HeaderBytes + 4), Signature);
        BinaryPrimitives.WriteUInt32LittleEndian(key.AsSpan(HeaderBytes + 8), PublicMagic);
        return Convert.ToHexStringLower(key);
    }

    private static uint Word(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);
}
