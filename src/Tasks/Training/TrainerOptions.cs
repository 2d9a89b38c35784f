namespace OptimizerBuild.Training;

/// <summary>How weights follow their gradients.</summary>
internal enum OptimizerKind
{
    /// <summary>Adam with decoupled weight decay (I. Loshchilov and F. Hutter 2019, arXiv 1711.05101).</summary>
    AdamW,

    /// <summary>Stochastic gradient descent with momentum (B. Polyak 1964).</summary>
    Momentum,
}

/// <summary>How a model is trained. All of it decides the result, and nothing else does: no clock and no number of cores.</summary>
internal sealed record TrainerOptions
{
    /// <summary>The number of steps.</summary>
    public required int Steps { get; init; }

    /// <summary>Samples of a step.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>Samples that one thread takes at a time; the sums of these are added up in order.</summary>
    public int ChunkSize { get; init; } = 16;

    /// <summary>The optimiser.</summary>
    public OptimizerKind Optimizer { get; init; }

    /// <summary>The highest learning rate.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>
    /// The share of the steps over which the learning rate rises from 0, before it falls along a cosine (I. Loshchilov and F. Hutter
    /// 2017, arXiv 1608.03983, without restarts).
    /// </summary>
    public double WarmUp { get; init; } = 0.05;

    /// <summary>How much of the gradient's direction is kept: β₁ of Adam, or the momentum.</summary>
    public double Momentum { get; init; } = 0.9;

    /// <summary>β₂ of Adam.</summary>
    public double SecondMoment { get; init; } = 0.999;

    /// <summary>What weights lose of themselves in each step, times the learning rate.</summary>
    public double WeightDecay { get; init; }

    /// <summary>The greatest Euclidean length of a step's gradient over all parameters; longer ones are shortened to it.</summary>
    public double GradientClip { get; init; } = 5;

    /// <summary>The decay of the exponential average of weights, which is what is evaluated and kept.</summary>
    public double AverageDecay { get; init; } = 0.998;

    /// <summary>How often the samples that are held back are looked at, in steps.</summary>
    public int EvaluationInterval { get; init; } = 100;

    /// <summary>After how many looks without improvement training stops.</summary>
    public int Patience { get; init; } = 12;

    /// <summary>The learning rate of a step.</summary>
    /// <param name="step">The step, from 0.</param>
    public double RateAt(int step)
    {
        double warm = WarmUp * Steps;
        return LearningRate * (step + 1 < warm ? (step + 1) / warm
            : (1 + CosineOfPi((step + 1 - warm) / Math.Max(Steps - warm, 1))) / 2);
    }

    // cos(π·x) for 0 ≤ x ≤ 1, the same on every platform.
    private static double CosineOfPi(double x) => Operators.Numerics.ElementaryFunctions.Cos(Math.PI * Math.Clamp(x, 0, 1));
}
