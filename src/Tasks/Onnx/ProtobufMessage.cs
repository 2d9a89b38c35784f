using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;

namespace OptimizerBuild.Onnx;

/// <summary>Parses protobuf messages from bytes that may be damaged.</summary>
internal static class ProtobufMessage
{
    /// <summary>The reason where a length in the bytes leads out of them, which no truncated message of ONNX's does.</summary>
    public const string ImpossibleLength = "a length in it lies outside of the file";

    /// <summary>Parses a message.</summary>
    /// <param name="parser">The message type's parser.</param>
    /// <param name="bytes">The serialised message.</param>
    /// <param name="message">The message; null where the bytes are none.</param>
    /// <param name="reason">What is wrong with the bytes; empty where nothing is.</param>
    public static bool TryParse<T>(MessageParser<T> parser, byte[] bytes, [NotNullWhen(true)] out T? message, out string reason)
        where T : class, IMessage<T>
    {
        try
        {
            message = parser.ParseFrom(bytes);
            reason = "";
            return true;
        }
        catch (InvalidProtocolBufferException e)
        {
            reason = e.Message;
        }
        catch (Exception e) when (e is IndexOutOfRangeException or ArgumentException or ArithmeticException or InvalidOperationException)
        {
            // The library's own checks miss lengths that overflow.
            reason = ImpossibleLength;
        }
        message = null;
        return false;
    }
}
