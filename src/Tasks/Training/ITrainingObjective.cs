using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;

namespace OptimizerBuild.Training;

/// <summary>
/// What training reduces, and on which samples. Used by several threads; what one pass needs belongs to an <see cref="IPass"/>.
/// </summary>
internal interface ITrainingObjective
{
    /// <summary>Samples to learn from.</summary>
    int Samples { get; }

    /// <summary>Samples that are held back to judge by.</summary>
    int HeldBack { get; }

    /// <summary>Samples that the graph takes at a time.</summary>
    int Batch { get; }

    /// <summary>The graph that is trained.</summary>
    Graph Graph { get; }

    /// <summary>Values, beside outputs, that gradients are given for.</summary>
    IReadOnlyList<string> Seeded { get; }

    /// <summary>What one thread needs for its passes.</summary>
    IPass NewPass();

    /// <summary>One thread's way through samples.</summary>
    internal interface IPass
    {
        /// <summary>The bytes that it holds.</summary>
        long Bytes { get; }

        /// <summary>The inputs for some samples.</summary>
        /// <param name="samples">Their numbers; fewer than the batch where the last ones do not count.</param>
        /// <param name="occasion">A number that comes once in a training, by which the samples may be varied; null for those held back,
        /// which stay as they are.</param>
        IReadOnlyList<Tensor> Inputs(ReadOnlySpan<int> samples, long? occasion);

        /// <summary>What is lost on the samples of the last call, and the gradients with respect to values of the graph.</summary>
        /// <param name="tape">The graph after its step forward.</param>
        /// <param name="count">How many samples count.</param>
        /// <param name="seeds">Receives the gradients of the sum over the samples; null where none are needed.</param>
        /// <returns>The sum of what is lost, and the number of samples that are right (0 where that has no meaning).</returns>
        (double Loss, int Right) Measure(GradientTape<float> tape, int count, Dictionary<string, float[]>? seeds);
    }
}
