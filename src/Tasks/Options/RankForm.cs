namespace OptimizerBuild.Options;

/// <summary>Into which layers a convolution of several taps is divided where its rank is reduced.</summary>
internal enum RankForm
{
    /// <summary>Whichever loses least for its multiply-accumulates.</summary>
    Auto,

    /// <summary>A convolution with fewer outputs and a 1×1 convolution.</summary>
    Responses,

    /// <summary>A column of taps and a row of them.</summary>
    Spatial,

    /// <summary>A 1×1 convolution, one with all taps between few channels, and a 1×1 convolution.</summary>
    Tucker,

    /// <summary>A 1×1 convolution, a depthwise one, and a 1×1 convolution.</summary>
    CP,
}
