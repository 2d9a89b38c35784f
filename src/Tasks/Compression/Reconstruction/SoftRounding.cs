using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Operators.Numerics;
using OptimizerBuild.Training;

namespace OptimizerBuild.Compression.Reconstruction;

/// <summary>
/// Weights that lie between two levels each while it is learned which of them they take: AdaRound (M. Nagel et al. 2020, arXiv 2004.10568,
/// section 3.3), with its rectified sigmoid and its penalty on what is undecided. One of the two levels is what the weight was
/// rounded to before, the other one its neighbour on the side of the real weight, so that what is learned begins with that rounding,
/// compensated as it may be, and can return to it.
/// </summary>
/// <remarks>
/// Other than in the paper the penalty is in proportion to the gradients that it competes with, so that it needs no factor that suits the
/// units of a layer's outputs. Weights that were left out stay zero; neighbours whose products are added up in 16 bits still fit.
/// </remarks>
internal sealed class SoftRounding : IWeightForm
{
    // ζ and γ: the sigmoid reaches beyond 0 and 1, where it is cut off.
    private const double Above = 1.1;
    private const double Below = -0.1;

    // β, from the first step to the last.
    private const int FirstExponent = 6;
    private const int LastExponent = 2;

    // The penalty in units of the mean gradient, likewise: from the first step on, since what the weights begin with is a rounding already
    // that is worth more than what the real weights would be drawn to.
    private const double FirstPenalty = 0.3;
    private const double LastPenalty = 4;

    // Numbers that stand for a weight that has taken a level: the sigmoid is cut off there.
    private const float Decided = 2.5f;

    // A weight begins between where it was rounded to and where it is, but never so far out that no gradient moves it.
    private const double ShareOfReal = 0.2;
    private const double Margin = 0.03;

    private readonly float[] _low;
    private readonly float[] _step;
    private readonly bool[] _wasHigh;
    private readonly float[] _scale;
    private readonly (int First, int Second)[] _pairs;
    private double _progress = 1;

    /// <summary>The weights of a layer.</summary>
    /// <param name="layer">The layer as it was before rounding.</param>
    /// <param name="rounded">What the quantiser made of it.</param>
    /// <param name="levels">The integers that weights may become.</param>
    public SoftRounding(DotProductLayer layer, WeightQuantization rounded, WeightLevels levels)
    {
        int count = layer.Weights.Length;
        (_low, _step, _scale, _wasHigh) = (new float[count], new float[count], new float[count], new bool[count]);
        (Best, Start) = (new float[count], new float[count]);
        _pairs = !rounded.PairSumsBounded ? [] : [.. Enumerable.Range(0, layer.Channels).SelectMany(c =>
            rounded.Layout!.Neighbours().Select(p => (layer.Index(c, p.First), layer.Index(c, p.Second))))];
        for (int c = 0; c < layer.Channels; c++)
            for (int k = 0; k < layer.Length; k++)
                Begin(layer.Index(c, k), layer.Weights[layer.Index(c, k)], rounded.Values[layer.Index(c, k)], rounded.Scales[c], levels);
    }

    /// <summary>The numbers behind the weights as they were rounded before.</summary>
    public float[] Best { get; }

    /// <summary>The numbers to begin with.</summary>
    public float[] Start { get; }

    /// <inheritdoc/>
    public float[] Extra => [];

    /// <inheritdoc/>
    public double SettledAt => 1;

    /// <inheritdoc/>
    public void MoveTo(double progress) => _progress = progress;

    /// <inheritdoc/>
    public void Apply(ReadOnlySpan<float> master, ReadOnlySpan<float> extra, Span<float> weights)
    {
        if (_progress < 1)
        {
            for (int i = 0; i < weights.Length; i++)
                weights[i] = _scale[i] * (_low[i] + (_step[i] == 0 ? 0 : _step[i] * (float)Share(master[i], out _)));
            return;
        }
        for (int i = 0; i < weights.Length; i++)
            weights[i] = Level(i, master[i] >= 0);
        foreach ((int first, int second) in _pairs)
            Fit(master, weights, first, second);
        for (int i = 0; i < weights.Length; i++)
            weights[i] *= _scale[i];
    }

    /// <inheritdoc/>
    public void Pull(ReadOnlySpan<float> master, ReadOnlySpan<float> extra, Span<float> gradient, Span<float> extraGradient)
    {
        double sum = 0;
        int moving = 0;
        for (int i = 0; i < gradient.Length; i++)
        {
            gradient[i] *= _scale[i] * _step[i];
            (sum, moving) = (sum + Math.Abs(gradient[i]), moving + (_step[i] == 0 ? 0 : 1));
        }
        double penalty = (FirstPenalty + ((LastPenalty - FirstPenalty) * _progress)) * sum / Math.Max(moving, 1);
        int exponent = (int)Math.Round(FirstExponent + ((LastExponent - FirstExponent) * _progress));
        for (int i = 0; i < gradient.Length; i++)
        {
            if (_step[i] == 0)
                continue;
            double side = (2 * Share(master[i], out double slope)) - 1;
            gradient[i] = (float)((gradient[i] - (penalty * 2 * exponent * Power(side, exponent - 1))) * slope);
        }
    }

    private void Begin(int i, float weight, sbyte level, double scale, WeightLevels levels)
    {
        _scale[i] = (float)scale;
        _low[i] = level;
        Best[i] = Start[i] = -Decided;
        int place = levels.All.IndexOf(level);
        double steps = weight / scale;
        int neighbour = place + (steps >= level ? 1 : -1);
        if (place < 0 || neighbour < 0 || neighbour >= levels.All.Length || (weight == 0 && level == 0) || !double.IsFinite(steps))
            return;
        int other = levels.All[neighbour];
        (_low[i], _step[i], _wasHigh[i]) = (Math.Min(level, other), Math.Abs(other - level), level > other);
        double real = Math.Clamp((steps - _low[i]) / _step[i], 0, 1), before = _wasHigh[i] ? 1 : 0;
        double share = Math.Clamp((ShareOfReal * real) + ((1 - ShareOfReal) * before), Margin, 1 - Margin);
        double sigmoid = (share - Below) / (Above - Below);
        Start[i] = (float)ElementaryFunctions.Log(sigmoid / (1 - sigmoid));
        Best[i] = _wasHigh[i] ? Decided : -Decided;
    }

    private float Level(int i, bool isHigh) => _low[i] + (isHigh ? _step[i] : 0);

    // Of two neighbours that add up to too much the less decided one steps back, then both: as they were before they fit.
    private void Fit(ReadOnlySpan<float> master, Span<float> levels, int first, int second)
    {
        if (PairSums16.Fit((int)levels[first], (int)levels[second]))
            return;
        (int one, int other) = Math.Abs(master[first]) <= Math.Abs(master[second]) ? (first, second) : (second, first);
        float kept = levels[one];
        levels[one] = Level(one, _wasHigh[one]);
        if (PairSums16.Fit((int)levels[first], (int)levels[second]))
            return;
        (levels[one], levels[other]) = (kept, Level(other, _wasHigh[other]));
        if (!PairSums16.Fit((int)levels[first], (int)levels[second]))
            levels[one] = Level(one, _wasHigh[one]);
    }

    // How far a weight is from its lower level to its upper one, and how that changes with the number behind it.
    private static double Share(float number, out double slope)
    {
        double sigmoid = 1 / (1 + ElementaryFunctions.Exp(-number));
        double share = (sigmoid * (Above - Below)) + Below;
        slope = share is > 0 and < 1 ? (Above - Below) * sigmoid * (1 - sigmoid) : 0;
        return Math.Clamp(share, 0, 1);
    }

    // |x|ⁿ with the sign of x.
    private static double Power(double x, int exponent)
    {
        double result = 1, factor = Math.Abs(x);
        for (; exponent > 0; exponent >>= 1, factor *= factor)
            if ((exponent & 1) != 0)
                result *= factor;
        return x < 0 ? -result : result;
    }
}
