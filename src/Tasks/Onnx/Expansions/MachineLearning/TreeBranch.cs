namespace OptimizerBuild.Onnx.Expansions.MachineLearning;

/// <summary>A branch of a tree as files have it. Where it leads: a number from 0 on is a branch, a negative one the complement of a
/// leaf.</summary>
/// <param name="Test">What it asks.</param>
/// <param name="Feature">The feature that it looks at.</param>
/// <param name="Threshold">What the feature is compared with.</param>
/// <param name="MissingIsTrue">Whether a NaN counts as an answer of yes.</param>
/// <param name="Yes">Where it leads if the answer is yes.</param>
/// <param name="No">Where it leads otherwise.</param>
internal readonly record struct TreeBranch(TreeTest Test, long Feature, double Threshold, bool MissingIsTrue, int Yes, int No)
{
    /// <summary>For a test of membership the numbers that are members, without NaN.</summary>
    public double[]? Members { get; init; }
}

/// <summary>What a branch asks of its feature, numbered as in TreeEnsemble of <c>ai.onnx.ml</c>.</summary>
internal enum TreeTest
{
    /// <summary>Whether it is at most the threshold.</summary>
    LessOrEqual,

    /// <summary>Whether it is less.</summary>
    Less,

    /// <summary>Whether it is at least the threshold.</summary>
    GreaterOrEqual,

    /// <summary>Whether it is greater.</summary>
    Greater,

    /// <summary>Whether it equals the threshold.</summary>
    Equal,

    /// <summary>Whether it does not, which is true of NaN.</summary>
    NotEqual,

    /// <summary>Whether it is one of a set of numbers.</summary>
    Member,
}
