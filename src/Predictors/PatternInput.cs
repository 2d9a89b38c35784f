using System.Runtime.InteropServices;

namespace OptimizerBuild.Predictors;

/// <summary>Inputs that every side of a measurement can make for itself: a repeating pattern.</summary>
public static class PatternInput
{
    /// <summary>The bytes of an input: float32 numbers below 1, other types as bytes of the pattern.</summary>
    /// <param name="length">How many bytes.</param>
    /// <param name="type">C#'s name of the element type.</param>
    public static byte[] Bytes(int length, string type)
    {
        var bytes = new byte[length];
        if (type == "float")
        {
            Span<float> values = MemoryMarshal.Cast<byte, float>(bytes.AsSpan());
            for (int i = 0; i < values.Length; i++)
                values[i] = i * 7 % 256 / 256f;
            return bytes;
        }
        if (type is "int" or "long")
        {
            int size = type == "int" ? sizeof(int) : sizeof(long);
            for (int i = 0; i < length / size; i++)
                bytes[i * size] = (byte)(i * 7);
            return bytes;
        }
        for (int i = 0; i < length; i++)
            bytes[i] = (byte)(i * 7);
        return bytes;
    }

    /// <summary>Seeded noise: float32 numbers from 0 to 1, small integers of other types.</summary>
    /// <param name="elements">How many elements.</param>
    /// <param name="type">C#'s name of the element type.</param>
    /// <param name="seed">The seed.</param>
    public static byte[] Noise(int elements, string type, int seed)
    {
        var random = new Random(seed);
        return type switch
        {
            "float" => Bytes(new float[elements].Select(_ => random.NextSingle()).ToArray()),
            "double" => Bytes(new double[elements].Select(_ => random.NextDouble()).ToArray()),
            "int" => Bytes(new int[elements].Select(_ => random.Next(64)).ToArray()),
            "long" => Bytes(new long[elements].Select(_ => random.NextInt64(64)).ToArray()),
            "bool" => Bytes(new byte[elements].Select(_ => (byte)random.Next(2)).ToArray()),
            "byte" or "sbyte" => Bytes(new byte[elements].Select(_ => (byte)random.Next(256)).ToArray()),
            "short" or "ushort" => Bytes(new short[elements].Select(_ => (short)random.Next(64)).ToArray()),
            _ => throw new InvalidOperationException($"no noise of type {type}"),
        };

        static byte[] Bytes<T>(T[] values) where T : unmanaged => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
    }

    /// <summary>A checksum (FNV-1a) of the bytes of all outputs of the last prediction.</summary>
    public static ulong Checksum(Predictor predictor, int outputs)
    {
        ulong hash = 0xCBF29CE484222325;
        for (int output = 0; output < outputs; output++)
        {
            Array values = predictor.Output(output);
            var bytes = new byte[Buffer.ByteLength(values)];
            Buffer.BlockCopy(values, 0, bytes, 0, bytes.Length);
            foreach (byte b in bytes)
                hash = unchecked((hash ^ b) * 0x100000001B3);
        }
        return hash;
    }
}
