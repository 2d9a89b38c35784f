using System.Collections.Immutable;

namespace OptimizerBuild.Options;

/// <summary>How images were prepared in the training of well-known families of networks.</summary>
internal enum Preprocess
{
    /// <summary>Levels as they are, 0 to 255.</summary>
    None,

    /// <summary>0 to 1.</summary>
    Unit,

    /// <summary>Less the mean of ImageNet's colours, by their deviation.</summary>
    ImageNet,

    /// <summary>The same, of the middle of images that keep their proportions.</summary>
    ImageNetCentered,

    /// <summary>−1 to 1.</summary>
    MobileNet,

    /// <summary>Blue, green, red, less ImageNet's means, in levels.</summary>
    Caffe,
}

/// <summary>What becomes of the levels of images: (level / unit − mean) / deviation, channel by channel.</summary>
/// <param name="Unit">1 where means and deviations are in levels, 255 where they are of values from 0 to 1.</param>
/// <param name="Mean">One value, or one for each channel.</param>
/// <param name="Deviation">One value, or one for each channel.</param>
internal sealed record Normalisation(double Unit, ImmutableArray<double> Mean, ImmutableArray<double> Deviation)
{
    /// <summary>That of a family of networks.</summary>
    public static Normalisation Of(Preprocess preprocess) => preprocess switch
    {
        Preprocess.None => new(1, [0], [1]),
        // Of the colours of ILSVRC 2012, in the order red, green, blue.
        Preprocess.ImageNet or Preprocess.ImageNetCentered => new(255, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        Preprocess.MobileNet => new(255, [0.5], [0.5]),
        // The same means in levels, in the order blue, green, red.
        Preprocess.Caffe => new(1, [103.939, 116.779, 123.68], [1]),
        _ => new(255, [0], [1]),
    };

    /// <summary>The same for the opposite order of channels.</summary>
    public Normalisation Reversed() => this with { Mean = [.. Mean.Reverse()], Deviation = [.. Deviation.Reverse()] };

    /// <summary>
    /// The same with other means or deviations, of values from 0 to 1; numbers above 1 can only be meant in levels. What is not given is
    /// brought into their unit.
    /// </summary>
    /// <param name="mean">The means; null for those that there are.</param>
    /// <param name="deviation">The deviations; null for those that there are.</param>
    public Normalisation With(ImmutableArray<double>? mean, ImmutableArray<double>? deviation) => mean is null && deviation is null ? this
        : With(mean, deviation, (mean ?? []).Concat(deviation ?? []).Any(n => Math.Abs(n) > 1) ? 1 : 255);

    private Normalisation With(ImmutableArray<double>? mean, ImmutableArray<double>? deviation, double unit) => new(
        unit,
        mean ?? [.. Mean.Select(m => m * Unit / unit)],
        deviation ?? [.. Deviation.Select(d => d * Unit / unit)]);

    /// <summary>What levels are multiplied by.</summary>
    public ImmutableArray<double> Scale => [.. Deviation.Select(d => 1 / (Unit * d))];

    /// <summary>What is added then.</summary>
    public ImmutableArray<double> Offset => [.. Enumerable.Range(0, Math.Max(Mean.Length, Deviation.Length))
        .Select(c => -Mean[c % Mean.Length] / Deviation[c % Deviation.Length])];
}
