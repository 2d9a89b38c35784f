using System.Collections.Immutable;

namespace OptimizerBuild.Options;

/// <summary>The values of an input that is fixed to a constant.</summary>
/// <param name="Reals">The values as real numbers.</param>
/// <param name="Integers">The same as integers, exactly; default where one of them is no integer.</param>
internal sealed record ConstantInput(ImmutableArray<double> Reals, ImmutableArray<long> Integers);
