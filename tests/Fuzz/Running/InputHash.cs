using System.Buffers.Binary;
using System.Security.Cryptography;

namespace OptimizerBuild.Fuzz.Running;

/// <summary>What names an input: its bytes.</summary>
internal static class InputHash
{
    /// <summary>A number.</summary>
    public static int Of(byte[] input) => BinaryPrimitives.ReadInt32LittleEndian(SHA256.HashData(input)) & int.MaxValue;

    /// <summary>A short name for files.</summary>
    public static string Name(byte[] input) => Convert.ToHexStringLower(SHA256.HashData(input))[..12];
}
