namespace OptimizerBuild.Options;

/// <summary>The arithmetic of a predictor.</summary>
internal enum ModelPrecision
{
    /// <summary>Int8, except for nodes that would lose too much by it.</summary>
    Auto,

    /// <summary>Int8 for every node that has an integer form.</summary>
    Int8,

    /// <summary>As <see cref="Auto"/>, with weights of 4 bits where they suffice.</summary>
    Int4,

    /// <summary>As <see cref="Auto"/>, with weights −1, 0 and 1 times a scale in all layers but the outer ones.</summary>
    Ternary,

    /// <summary>As <see cref="Auto"/>, with weights −1 and 1 times a scale in all layers but the outer ones.</summary>
    Binary,

    /// <summary>As <see cref="Auto"/>, with the bits of each layer's weights chosen by what they cost the outputs.</summary>
    Mixed,

    /// <summary>Float32 throughout.</summary>
    Float32,
}

/// <summary>What precisions have in common.</summary>
internal static class PrecisionTraits
{
    /// <summary>Whether weights have fewer levels than 8 bits have.</summary>
    public static bool HasFewLevels(this ModelPrecision precision) =>
        precision is ModelPrecision.Int4 or ModelPrecision.Ternary or ModelPrecision.Binary;

    /// <summary>Whether a layer with it runs in integers, whatever the data say.</summary>
    public static bool IsInteger(this ModelPrecision precision) => precision == ModelPrecision.Int8 || precision.HasFewLevels();

    /// <summary>Whether it can be said of a single layer.</summary>
    public static bool IsOfLayers(this ModelPrecision precision) => precision.IsInteger() || precision == ModelPrecision.Float32;
}
