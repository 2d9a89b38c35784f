using OptimizerBuild.Training;

namespace OptimizerBuild.Compression.Reconstruction;

/// <summary>Biases in units of their own, so that one learning rate suits them and the rounding of weights.</summary>
/// <param name="start">The biases at the beginning.</param>
/// <param name="units">The unit of each.</param>
internal sealed class FittedBiases(float[] start, float[] units) : IWeightForm
{
    /// <inheritdoc/>
    public float[] Extra => [];

    /// <inheritdoc/>
    public void Apply(ReadOnlySpan<float> master, ReadOnlySpan<float> extra, Span<float> weights)
    {
        for (int i = 0; i < weights.Length; i++)
            weights[i] = start[i] + (units[i] * master[i]);
    }

    /// <inheritdoc/>
    public void Pull(ReadOnlySpan<float> master, ReadOnlySpan<float> extra, Span<float> gradient, Span<float> extraGradient)
    {
        for (int i = 0; i < gradient.Length; i++)
            gradient[i] *= units[i];
    }
}
