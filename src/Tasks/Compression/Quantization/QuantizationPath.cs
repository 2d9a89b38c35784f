using System.Collections.Immutable;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>
/// Which of the ways that it tried a quantisation took in the end. Of a model that differs in its weights alone, or a little in its layers,
/// another one takes it at once, for a quarter to a tenth of the work; it looks for none itself.
/// </summary>
/// <param name="PairSums">Whether pairs of weights are bounded.</param>
/// <param name="Method">How ranges were chosen.</param>
/// <param name="Dynamic">The names of the products with a dynamic range.</param>
/// <param name="Float">The names of the nodes in float32, each with the reason.</param>
internal sealed record QuantizationPath(
    PairSums PairSums, CalibrationMethod Method, ImmutableHashSet<string> Dynamic, ImmutableSortedDictionary<string, string> Float);
