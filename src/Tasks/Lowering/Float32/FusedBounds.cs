using OptimizerBuild.Graphs;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>The bounds of a node's fused activation, as the float32 kernels take them: infinite where there is none.</summary>
/// <param name="Minimum">The least result.</param>
/// <param name="Maximum">The greatest result.</param>
internal readonly record struct FusedBounds(float Minimum, float Maximum)
{
    /// <summary>No bounds.</summary>
    public static FusedBounds None => new(float.NegativeInfinity, float.PositiveInfinity);

    /// <summary>The bounds of a node's attributes <c>activation_min</c> and <c>activation_max</c>.</summary>
    public static FusedBounds Of(Node node) => node.Text("activation", "").Length == 0
        ? None
        : new(node.Float("activation_min", float.NegativeInfinity), node.Float("activation_max", float.PositiveInfinity));

    /// <summary>Adds them as the arguments <c>minimum</c> and <c>maximum</c>.</summary>
    public LoweredStep AddTo(LoweredStep step) => step.Real("minimum", Minimum).Real("maximum", Maximum);
}
