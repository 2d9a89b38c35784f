namespace OptimizerBuild.Options;

/// <summary>What a model is for.</summary>
internal enum ModelTask
{
    /// <summary>Classification where <c>Labels</c> are given, else other.</summary>
    Auto,

    /// <summary>The scores of the classes come out; the class has a <c>Prediction</c>.</summary>
    Classification,

    /// <summary>Real values come out.</summary>
    Regression,

    /// <summary>Anything else.</summary>
    Other,
}
