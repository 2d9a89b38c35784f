namespace OptimizerBuild.Onnx.Expansions.Microsoft;

/// <summary>
/// The domain of the operators that ONNX Runtime's tools write into models (ONNX Runtime, "Contrib operators").
/// </summary>
internal static class MicrosoftDomain
{
    /// <summary>Its name in model files.</summary>
    public const string Name = "com.microsoft";
}
