using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Operators.Types;

/// <summary>The attributes of Cast and CastLike that only matter to narrow floating-point types.</summary>
internal static class CastRounding
{
    /// <summary>Whether 8-bit floats take their greatest number for what is greater (attribute <c>saturate</c>).</summary>
    public static bool Saturates(Node node) => node.Int("saturate", 1) != 0;

    /// <summary>The rounding to E8M0 (attribute <c>round_mode</c>) as <see cref="NarrowFormat"/> numbers it.</summary>
    public static int Of(Node node) => node.Text("round_mode", "up") switch
    {
        "down" => NarrowFormat.RoundDown,
        "nearest" => NarrowFormat.RoundNearest,
        _ => NarrowFormat.RoundUp,
    };
}
