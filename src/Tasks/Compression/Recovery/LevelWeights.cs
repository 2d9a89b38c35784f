using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Training;

namespace OptimizerBuild.Compression.Recovery;

/// <summary>
/// Weights that are integers times a scale for each output channel. Gradients pass the rounding as if it were not there, except beyond the
/// greatest level; scales are trained, too (LSQ: S. Esser et al. 2020, arXiv 1902.08153, section 2), in proportion to what they were.
/// Weights that were left out stay zero, few shared levels stay the only ones, and pairs of neighbours that add up within 16 bits still do.
/// </summary>
internal sealed class LevelWeights : IWeightForm
{
    // How far a scale may move from where it began.
    private const float LeastScale = 0.5f;
    private const float GreatestScale = 2;

    private readonly int[] _channels;
    private readonly float[] _scales;
    private readonly float[] _levels;
    private readonly float[] _borders;
    private readonly bool[] _kept;
    private readonly float _highest;
    private readonly bool _isDense;

    // Places of neighbours whose products are added up in 16 bits; empty where they need not.
    private readonly (int First, int Second)[] _pairs;

    /// <summary>The weights of a layer.</summary>
    /// <param name="layer">The layer as it was before rounding.</param>
    /// <param name="rounded">What the quantiser made of it.</param>
    /// <param name="levels">The integers that weights may become.</param>
    public LevelWeights(DotProductLayer layer, WeightQuantization rounded, WeightLevels levels)
    {
        _channels = new int[layer.Weights.Length];
        for (int c = 0; c < layer.Channels; c++)
            for (int k = 0; k < layer.Length; k++)
                _channels[layer.Index(c, k)] = c;
        _scales = [.. rounded.Scales.Select(s => (float)s)];
        _levels = [.. levels.All.Select(l => (float)l)];
        _borders = [.. _levels.Skip(1).Zip(_levels, (above, below) => (above + below) / 2)];
        _highest = levels.Highest;
        _isDense = levels.All.Length == (2 * levels.Highest) + 1;
        _pairs = !rounded.PairSumsBounded ? [] : [.. Enumerable.Range(0, layer.Channels).SelectMany(c =>
            rounded.Layout!.Neighbours().Select(p => (layer.Index(c, p.First), layer.Index(c, p.Second))))];
        _kept = new bool[layer.Weights.Length];
        Master = new float[layer.Weights.Length];
        for (int i = 0; i < Master.Length; i++)
        {
            _kept[i] = layer.Weights[i] != 0 || rounded.Values[i] != 0;
            Master[i] = Beginning(layer.Weights[i] / _scales[_channels[i]], rounded.Values[i]) * _scales[_channels[i]];
        }
    }

    /// <summary>
    /// The numbers behind the weights at the beginning: those that were rounded, as far as they round to the same levels.
    /// </summary>
    public float[] Master { get; }

    /// <summary>Whether there are fewer levels than 8 bits have.</summary>
    public bool HasFewLevels => _levels.Length < WeightLevels.Bits8.All.Length;

    /// <summary>The change of each scale, which is multiplied by one more; none at the beginning.</summary>
    public float[] Extra => new float[_scales.Length];

    /// <inheritdoc/>
    public bool HasUnitOfValues => true;

    /// <inheritdoc/>
    public void Apply(ReadOnlySpan<float> master, ReadOnlySpan<float> extra, Span<float> weights)
    {
        float[] scales = Scales(extra);
        Round(master, scales, weights);
        for (int i = 0; i < weights.Length; i++)
            weights[i] *= scales[_channels[i]];
    }

    /// <inheritdoc/>
    public void Pull(ReadOnlySpan<float> master, ReadOnlySpan<float> extra, Span<float> gradient, Span<float> extraGradient)
    {
        float[] scales = Scales(extra), levels = new float[master.Length];
        Round(master, scales, levels);
        for (int i = 0; i < gradient.Length; i++)
        {
            if (!_kept[i])
            {
                gradient[i] = 0;
                continue;
            }
            int channel = _channels[i];
            float steps = master[i] / scales[channel], level = levels[i];
            bool isInside = MathF.Abs(steps) <= _highest + 0.5f;
            extraGradient[channel] += gradient[i] * _scales[channel] * (isInside ? level - steps : level);
            if (!isInside)
                gradient[i] = 0;
        }
    }

    /// <summary>The integers that numbers become.</summary>
    /// <param name="values">The numbers behind the weights, then the changes of scales.</param>
    public sbyte[] Levels(ReadOnlySpan<float> values)
    {
        var levels = new float[_channels.Length];
        Round(values[..levels.Length], Scales(values[levels.Length..]), levels);
        return Array.ConvertAll(levels, l => (sbyte)l);
    }

    /// <summary>The scale of each channel.</summary>
    /// <param name="extra">The changes of scales.</param>
    public float[] Scales(ReadOnlySpan<float> extra)
    {
        var scales = new float[_scales.Length];
        for (int c = 0; c < scales.Length; c++)
            scales[c] = _scales[c] * Math.Clamp(1 + extra[c], LeastScale, GreatestScale);
        return scales;
    }

    private void Round(ReadOnlySpan<float> master, float[] scales, Span<float> levels)
    {
        for (int i = 0; i < levels.Length; i++)
            levels[i] = _kept[i] ? Nearest(master[i] / scales[_channels[i]]) : 0;
        foreach ((int first, int second) in _pairs)
            if (!PairSums16.Fit((int)levels[first], (int)levels[second]))
                (levels[first], levels[second]) = Lowered((int)levels[first], (int)levels[second]);
    }

    // Two levels of one sign that add up to too much: both as far as each other, or the greater to the next of few levels.
    private (float First, float Second) Lowered(int first, int second)
    {
        if (_isDense)
        {
            (int a, int b) = (Math.Abs(first), Math.Abs(second));
            int x = Math.Clamp(a - ((a + b - PairBound.Limit + (a < b ? 0 : 1)) / 2), 1, (int)_highest);
            return (Math.Sign(first) * x, Math.Sign(second) * (PairBound.Limit - x));
        }
        while (!PairSums16.Fit(first, second))
        {
            if (Math.Abs(first) >= Math.Abs(second))
                first = Lower(first);
            else
                second = Lower(second);
        }
        return (first, second);
    }

    private int Lower(int level) => (int)_levels.Where(l => Math.Abs(l) < Math.Abs(level)).MinBy(l => Math.Abs(l - level));

    private float Nearest(float steps)
    {
        if (_isDense)
            return Math.Clamp(MathF.Round(steps), -_highest, _highest);
        int place = _borders.AsSpan().BinarySearch(steps);
        return _levels[place < 0 ? ~place : place];
    }

    // The number that was rounded, but within the reach of the level that it got, a hundredth away from its ends.
    private float Beginning(float steps, sbyte level)
    {
        const float Margin = 0.01f;
        int place = Array.IndexOf(_levels, level);
        if (place < 0 || !float.IsFinite(steps))
            return level;
        float low = place == 0 ? level - 0.5f : _borders[place - 1], high = place == _levels.Length - 1 ? level + 0.5f : _borders[place];
        float margin = Margin * (high - low);
        return Math.Clamp(steps, low + margin, high - margin);
    }
}
