using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Compression.Quantization.Synthetic;

/// <summary>
/// A kind of noise for a model's inputs: a distribution, then a gain and an offset, each perhaps different for each input.
/// </summary>
internal sealed class InputNoise
{
    private readonly Func<Random, float> _draw;
    private readonly double _gain;
    private readonly double _offset;
    private ImmutableSortedDictionary<string, (double Low, double High)> _declared =
        ImmutableSortedDictionary.Create<string, (double, double)>(StringComparer.Ordinal);
    private ImmutableSortedDictionary<string, long> _integers = ImmutableSortedDictionary.Create<string, long>(StringComparer.Ordinal);
    private ImmutableArray<string> _texts = [];
    private LeadingNormalisation _normalisation = LeadingNormalisation.None;

    private InputNoise(Func<Random, float> draw, double gain, double offset)
    {
        _draw = draw;
        _gain = gain;
        _offset = offset;
    }

    /// <summary>Evenly distributed values.</summary>
    public static InputNoise Uniform(double low, double high) =>
        new(r => r.NextSingle(), high - low, low);

    /// <summary>Normally distributed values of mean 0 and deviation 1.</summary>
    public static InputNoise Normal() => new(StandardNormal, 1, 0);

    /// <summary>The noise with another gain and offset on top.</summary>
    public InputNoise Through(double gain, double offset) => new(_draw, _gain * gain, (_offset * gain) + offset)
    {
        _declared = _declared,
        _integers = _integers,
        _texts = _texts,
        _normalisation = _normalisation,
    };

    /// <summary>Inputs that become this noise once the model has normalised them.</summary>
    public InputNoise Undoing(LeadingNormalisation normalisation) => new(_draw, _gain, _offset)
    {
        _declared = _declared,
        _integers = _integers,
        _texts = _texts,
        _normalisation = normalisation,
    };

    /// <summary>The noise with some inputs' ranges settled.</summary>
    /// <param name="ranges">Ranges of float inputs; null for none.</param>
    /// <param name="integers">For integer inputs the bound below which their values lie.</param>
    /// <param name="texts">What inputs of strings draw from; empty for empty strings.</param>
    public InputNoise Declared(
        IReadOnlyDictionary<string, (double Low, double High)>? ranges, ImmutableSortedDictionary<string, long> integers,
        ImmutableArray<string> texts) =>
        new(_draw, _gain, _offset)
        {
            _declared = ranges?.ToImmutableSortedDictionary(StringComparer.Ordinal) ?? _declared,
            _integers = integers,
            _texts = texts,
            _normalisation = _normalisation,
        };

    /// <summary>One value of an input.</summary>
    /// <param name="input">The input's name.</param>
    /// <param name="type">Its type.</param>
    /// <param name="random">The source of randomness.</param>
    /// <param name="sample">The sample's index: every second one is smooth, as images are.</param>
    public Tensor Draw(string input, TensorType type, Random random, int sample)
    {
        switch (type.Element)
        {
            case ElementType.Float32:
                float[] values = Floats(input, type, random, smooth: sample % 2 == 1);
                return new(type, values);
            case ElementType.Bool:
                return Filled<bool>(type, () => random.Next(2) == 1);
            case ElementType.Float64:
                return Filled<double>(type, () => (_draw(random) * _gain) + _offset);
            case ElementType.Float16:
                return Filled<Half>(type, () => (Half)((_draw(random) * _gain) + _offset));
            case ElementType.String:
                return Filled<string>(type, () => _texts.IsEmpty ? "" : _texts[random.Next(_texts.Length)]);
            case var narrow when narrow.IsNarrow():
                Tensor drawn = narrow.IsNarrowFloat()
                    ? Filled<double>(type.As(ElementType.Float64), () => (_draw(random) * _gain) + _offset)
                    : Filled<long>(type.As(ElementType.Int64), () => random.Next(256));
                return NumericCast.Convert(drawn, narrow)!;
            default:
                // Bytes where the graph tells nothing: of both signs where the type has no more than that.
                long bound = _integers.GetValueOrDefault(input, IntegerInputs.DefaultBound);
                long least = type.Element == ElementType.Int8 && !_integers.ContainsKey(input) ? sbyte.MinValue : 0;
                Tensor tensor = Tensor.Zeros(type);
                for (int i = 0; i < tensor.Count; i++)
                    tensor.Data.SetValue(Convert.ChangeType(least + random.NextInt64(bound), type.Element.ClrType(),
                        System.Globalization.CultureInfo.InvariantCulture), i);
                return tensor;
        }
    }

    private float[] Floats(string input, TensorType type, Random random, bool smooth)
    {
        (double gain, double offset) = (_gain, _offset);
        Func<Random, float> draw = _draw;
        if (_declared.TryGetValue(input, out (double Low, double High) range))
        {
            (gain, offset) = (range.High - range.Low, range.Low);
            draw = r => r.NextSingle();
        }
        var values = new float[type.Count];
        for (int i = 0; i < values.Length; i++)
            values[i] = draw(random);
        if (smooth)
            Smoothing.Apply(values, type);
        for (int i = 0; i < values.Length; i++)
            values[i] = (float)((values[i] * gain) + offset);
        return _normalisation.Undo(input, type, values);
    }

    private static Tensor Filled<T>(TensorType type, Func<T> draw)
    {
        var values = new T[type.Count];
        for (int i = 0; i < values.Length; i++)
            values[i] = draw();
        return new(type, values);
    }

    // The transform of G. E. P. Box and M. E. Muller, 1958.
    private static float StandardNormal(Random random)
    {
        double radius = Math.Sqrt(-2 * ElementaryFunctions.Log(1 - random.NextDouble()));
        return (float)(radius * ElementaryFunctions.Cos(2 * Math.PI * random.NextDouble()));
    }
}
