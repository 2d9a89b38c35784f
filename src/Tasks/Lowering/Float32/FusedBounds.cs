using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>The bounds of a node's fused activation, as the float32 kernels take them: infinite where there is none.</summary>
/// <param name="Minimum">The least result.</param>
/// <param name="Maximum">The greatest result.</param>
internal readonly record struct FusedBounds(float Minimum, float Maximum)
{
    /// <summary>No bounds.</summary>
    public static FusedBounds None => new(float.NegativeInfinity, float.PositiveInfinity);

    /// <summary>The bounds of a node.</summary>
    public static FusedBounds Of(Node node)
    {
        (float minimum, float maximum) = node.ActivationBounds();
        return new(minimum, maximum);
    }

    /// <summary>Adds them as the arguments <c>minimum</c> and <c>maximum</c>.</summary>
    public LoweredStep AddTo(LoweredStep step) => step.Real("minimum", Minimum).Real("maximum", Maximum);
}
