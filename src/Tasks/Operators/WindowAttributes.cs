using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators;

/// <summary>The attributes of a sliding window as a node declares them; <see cref="WindowGeometry"/> works them out to numbers.</summary>
internal static class WindowAttributes
{
    private const string KernelAttribute = "kernel_shape";
    private const string StridesAttribute = "strides";
    private const string DilationsAttribute = "dilations";
    private const string PadsAttribute = "pads";
    private const string CeilModeAttribute = "ceil_mode";

    /// <summary>The names of the attributes that describe a window in an ONNX model.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [CeilModeAttribute, DilationsAttribute, KernelAttribute, PadsAttribute, StridesAttribute];

    /// <summary>The window's extents; null where the node declares none, which only a convolution may do.</summary>
    public static long[]? Kernel(Node node) => node.Ints(KernelAttribute);

    /// <summary>The steps between neighbouring windows along each spatial axis; null where all are 1.</summary>
    public static long[]? Strides(Node node) => node.Ints(StridesAttribute);

    /// <summary>The steps between neighbouring taps along each spatial axis; null where all are 1.</summary>
    public static long[]? Dilations(Node node) => node.Ints(DilationsAttribute);

    /// <summary>The padding before all spatial axes, then that behind them; null where there is none.</summary>
    public static long[]? Pads(Node node) => node.Ints(PadsAttribute);

    /// <summary>Whether there is padding.</summary>
    public static bool IsPadded(Node node) => (Pads(node) ?? []).Any(p => p != 0);

    /// <summary>Whether a last window that hangs over the end counts.</summary>
    public static bool RoundsUp(Node node) => node.Int(CeilModeAttribute, 0) != 0;

    /// <summary>The node with another window.</summary>
    /// <param name="node">The node.</param>
    /// <param name="kernel">The window's extents.</param>
    /// <param name="pads">The padding before all spatial axes, then that behind them.</param>
    /// <param name="strides">The steps between neighbouring windows.</param>
    /// <param name="dilations">The steps between neighbouring taps.</param>
    public static Node WithWindow(Node node, long[] kernel, long[] pads, long[] strides, long[] dilations) => node
        .With(KernelAttribute, kernel).With(PadsAttribute, pads).With(StridesAttribute, strides).With(DilationsAttribute, dilations);

    /// <summary>The node with other padding.</summary>
    public static Node WithPads(Node node, long[] pads) => node.With(PadsAttribute, pads);
}
