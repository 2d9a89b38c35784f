namespace OptimizerBuild.Options;

/// <summary>How weights become integers.</summary>
internal enum WeightRounding
{
    /// <summary>Compensated where there are data to calibrate on, else nearest.</summary>
    Auto,

    /// <summary>Each weight to the nearest level.</summary>
    Nearest,

    /// <summary>Later weights of a sum make up for the errors of earlier ones.</summary>
    Compensated,

    /// <summary>Compensated, then each weight up or down by what its layer makes of the samples.</summary>
    Adaptive,

    /// <summary>Compensated, then each weight up or down by what its block of layers makes of the samples.</summary>
    Block,
}
