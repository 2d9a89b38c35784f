namespace OptimizerBuild.Training;

/// <summary>
/// What compression allows weights to be: how the model's weights follow from the real numbers that are trained, and how gradients come
/// back (straight-through estimator: Y. Bengio et al. 2013, arXiv 1308.3432).
/// </summary>
internal interface IWeightForm
{
    /// <summary>Further numbers that are trained with the weights, such as scales; none for most forms.</summary>
    float[] Extra { get; }

    /// <summary>The share of the steps after which weights are all that compression wants of them; 0 for most forms.</summary>
    double SettledAt => 0;

    /// <summary>Whether the numbers that are trained are weights or biases themselves, so that steps follow their size.</summary>
    bool HasUnitOfValues => false;

    /// <summary>Whether the further ones are such, too; factors near one are not.</summary>
    bool HasUnitOfExtra => false;

    /// <summary>Hears how far training is, before weights are asked for: forms may want more as it goes on.</summary>
    /// <param name="progress">The share of the steps that have been made: 0 to 1.</param>
    void MoveTo(double progress)
    {
    }

    /// <summary>The model's weights.</summary>
    /// <param name="master">The numbers that are trained.</param>
    /// <param name="extra">The further ones.</param>
    /// <param name="weights">Takes the weights; as many.</param>
    void Apply(ReadOnlySpan<float> master, ReadOnlySpan<float> extra, Span<float> weights);

    /// <summary>Turns the gradient of the model's weights into that of the numbers that are trained, in place.</summary>
    /// <param name="master">The numbers that are trained.</param>
    /// <param name="extra">The further ones.</param>
    /// <param name="gradient">The gradient of the weights; becomes that of <paramref name="master"/>.</param>
    /// <param name="extraGradient">Takes the gradient of <paramref name="extra"/>.</param>
    void Pull(ReadOnlySpan<float> master, ReadOnlySpan<float> extra, Span<float> gradient, Span<float> extraGradient);
}

/// <summary>Any weights; those that are zero at the beginning may be held there, so that sparsity of any pattern stays.</summary>
/// <param name="weights">The weights at the beginning.</param>
/// <param name="keepsZeros">Whether zeros stay.</param>
internal sealed class FreeWeights(float[] weights, bool keepsZeros) : IWeightForm
{
    private readonly bool[]? _kept = keepsZeros && weights.Contains(0) ? Array.ConvertAll(weights, w => w != 0) : null;

    /// <inheritdoc/>
    public float[] Extra => [];

    /// <inheritdoc/>
    public bool HasUnitOfValues => true;

    /// <inheritdoc/>
    public void Apply(ReadOnlySpan<float> master, ReadOnlySpan<float> extra, Span<float> weights)
    {
        master.CopyTo(weights);
        if (_kept is not null)
            for (int i = 0; i < _kept.Length; i++)
                weights[i] = _kept[i] ? weights[i] : 0;
    }

    /// <inheritdoc/>
    public void Pull(ReadOnlySpan<float> master, ReadOnlySpan<float> extra, Span<float> gradient, Span<float> extraGradient)
    {
        if (_kept is not null)
            for (int i = 0; i < _kept.Length; i++)
                gradient[i] = _kept[i] ? gradient[i] : 0;
    }
}
