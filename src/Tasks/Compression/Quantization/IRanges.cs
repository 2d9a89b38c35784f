using OptimizerBuild.Graphs;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>
/// Where the u8 quantisations of a graph's values come from: from calibration, or from a model that is quantised already.
/// </summary>
internal interface IRanges
{
    /// <summary>The quantisation of a group of values.</summary>
    /// <param name="members">The values that share it.</param>
    /// <param name="nodes">Which nodes run in integers.</param>
    ActivationQuantization Choose(IReadOnlyList<string> members, IntegerNodes nodes);

    /// <summary>
    /// Whether a group must be bytes, though nothing but float nodes, functions in fixed point and the caller may read it.
    /// </summary>
    /// <param name="members">The values of the group.</param>
    bool AreBytes(IReadOnlyList<string> members) => false;

    /// <summary>The quantisation of a constant that integer nodes rescale.</summary>
    ActivationQuantization OfConstant(Tensor constant) => ValuePlanner.OfConstant(constant);
}
