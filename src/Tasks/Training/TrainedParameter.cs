namespace OptimizerBuild.Training;

/// <summary>A constant of the graph that is trained.</summary>
internal sealed class TrainedParameter
{
    // What rates are meant for: the root mean square of the weights of a layer of a hundred inputs.
    private const double UsualSize = 0.1;
    private const double LongestUnit = 10;

    // Biases that are nearly zero have to go somewhere.
    private const double ShortestUnit = 0.03;

    /// <summary>A parameter with its values at the beginning.</summary>
    /// <param name="name">The constant's name.</param>
    /// <param name="weights">The constant's elements, which training changes in place.</param>
    /// <param name="master">The real numbers behind them; not copied.</param>
    /// <param name="form">What the weights may be.</param>
    /// <param name="decays">Whether weight decay holds for it: for weights, not for biases.</param>
    /// <param name="start">Other numbers to begin training with; <paramref name="master"/> is then what is kept where nothing better is
    /// found.</param>
    public TrainedParameter(string name, float[] weights, float[] master, IWeightForm form, bool decays, float[]? start = null)
    {
        (Name, Weights, Form, Decays, Count) = (name, weights, form, decays, weights.Length);
        Values = [.. start ?? master, .. form.Extra];
        ValuesOfBest = [.. master, .. form.Extra];
        Average = (float[])Values.Clone();
        First = new float[Values.Length];
        Second = new float[Values.Length];
        double unit = UnitOf(Values.AsSpan(0, Count));
        (Unit, UnitOfExtra) = (form.HasUnitOfValues ? unit : 1, form.HasUnitOfExtra ? unit : 1);
    }

    /// <summary>
    /// The factor of Adam's learning rate for the weights. Its steps are as long as the rate whatever the gradient, so that weights for
    /// inputs of 0 to 255 would be gone in a few steps that hardly move those behind them: steps are in proportion to the values' root
    /// mean square, as in Adafactor (N. Shazeer and M. Stern 2018, arXiv 1804.04235, section 8).
    /// </summary>
    public double Unit { get; }

    /// <summary>That of the form's further numbers.</summary>
    public double UnitOfExtra { get; }

    /// <summary>Begins training with what is kept where nothing better is found.</summary>
    public void BeginAtBest()
    {
        ValuesOfBest.CopyTo(Values.AsSpan());
        ValuesOfBest.CopyTo(Average.AsSpan());
    }

    /// <summary>The constant's name.</summary>
    public string Name { get; }

    /// <summary>The number of weights; <see cref="Values"/> holds what the form trains beside them behind as many.</summary>
    public int Count { get; }

    /// <summary>The constant's elements.</summary>
    public float[] Weights { get; }

    /// <summary>What the weights may be.</summary>
    public IWeightForm Form { get; }

    /// <summary>Whether weight decay holds for it.</summary>
    public bool Decays { get; }

    /// <summary>The numbers that are trained: those behind the weights, then the form's further ones.</summary>
    public float[] Values { get; }

    /// <summary>The exponential average of <see cref="Values"/> over the steps.</summary>
    public float[] Average { get; }

    /// <summary>The average at the step that did best on the samples held back.</summary>
    public float[] ValuesOfBest { get; }

    /// <summary>The optimiser's first moments.</summary>
    public float[] First { get; }

    /// <summary>The optimiser's second moments.</summary>
    public float[] Second { get; }

    /// <summary>All numbers that a checkpoint holds, in one order.</summary>
    public IEnumerable<float[]> State => [Values, Average, ValuesOfBest, First, Second];

    /// <summary>Sets the constant's elements to what follows from numbers.</summary>
    /// <param name="values">As many as <see cref="Values"/>.</param>
    public void Show(float[] values) => Form.Apply(values.AsSpan(0, Count), values.AsSpan(Count), Weights);

    /// <summary>The gradient of <see cref="Values"/>.</summary>
    /// <param name="gradient">That of the weights, with room for the form's further numbers behind; changed in place.</param>
    public void Pull(float[] gradient)
    {
        gradient.AsSpan(Count).Clear();
        Form.Pull(Values.AsSpan(0, Count), Values.AsSpan(Count), gradient.AsSpan(0, Count), gradient.AsSpan(Count));
    }

    // Zeros may be places that were pruned.
    private static double UnitOf(ReadOnlySpan<float> values)
    {
        (double sum, int count) = (0, 0);
        foreach (float value in values)
            if (value != 0)
                (sum, count) = (sum + ((double)value * value), count + 1);
        return count == 0 ? 1 : Math.Clamp(Math.Sqrt(sum / count) / UsualSize, ShortestUnit, LongestUnit);
    }
}
