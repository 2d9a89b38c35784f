namespace OptimizerBuild.Options;

/// <summary>The element type that the caller passes for inputs that are float32 in the model.</summary>
internal enum InputElement
{
    /// <summary>32-bit floating point.</summary>
    Float32,

    /// <summary>Bytes; the model sees scale · byte + offset.</summary>
    UInt8,
}
