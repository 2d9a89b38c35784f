using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>What fewer bits for the weights of one layer cost the outputs.</summary>
/// <param name="Layer">The layer, by the name that rules for single layers know.</param>
/// <param name="Precision">What its weights would become.</param>
/// <param name="Noise">
/// The noise of the noisiest output with it, in proportion to the output's power, all other layers left as they are; less the noise that
/// there is without it.
/// </param>
/// <param name="Weights">The number of its weights.</param>
internal sealed record LayerBits(string Layer, ModelPrecision Precision, double Noise, long Weights);
