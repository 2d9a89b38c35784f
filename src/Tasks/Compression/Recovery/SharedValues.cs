using OptimizerBuild.Training;

namespace OptimizerBuild.Compression.Recovery;

/// <summary>
/// Weights of few different values, which are trained while it stays which weights share one: the gradient of a value is the sum of those
/// of its weights (S. Han, H. Mao, W. Dally 2015, arXiv 1510.00149, section 3.3). Zero stays zero.
/// </summary>
internal sealed class SharedValues : IWeightForm
{
    // For each weight the number of its value; −1 for zero.
    private readonly int[] _places;

    /// <summary>The weights of a layer.</summary>
    /// <param name="weights">The weights.</param>
    public SharedValues(float[] weights)
    {
        Extra = [.. weights.Where(w => w != 0).Distinct().Order()];
        _places = Array.ConvertAll(weights, w => w == 0 ? -1 : Array.BinarySearch(Extra, w));
    }

    /// <summary>The values, least first.</summary>
    public float[] Extra { get; }

    /// <inheritdoc/>
    public bool HasUnitOfExtra => true;

    /// <inheritdoc/>
    public void Apply(ReadOnlySpan<float> master, ReadOnlySpan<float> extra, Span<float> weights)
    {
        for (int i = 0; i < weights.Length; i++)
            weights[i] = _places[i] < 0 ? 0 : extra[_places[i]];
    }

    /// <inheritdoc/>
    public void Pull(ReadOnlySpan<float> master, ReadOnlySpan<float> extra, Span<float> gradient, Span<float> extraGradient)
    {
        for (int i = 0; i < gradient.Length; i++)
        {
            if (_places[i] >= 0)
                extraGradient[_places[i]] += gradient[i];
            gradient[i] = 0;
        }
    }
}
