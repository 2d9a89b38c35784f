namespace OptimizerBuild.Options;

/// <summary>The order in which the caller passes the elements of rank-4 inputs.</summary>
internal enum ImageLayout
{
    /// <summary>Channel by channel, as ONNX models expect images.</summary>
    NCHW,

    /// <summary>Pixel by pixel, as apps hold images.</summary>
    NHWC,
}
