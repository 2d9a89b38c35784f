using OptimizerBuild.Graphs;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// How inputs around a place are weighted (ONNX, operator Resize): the nearest one, a triangle around the place, or the cubic convolution
/// of R. G. Keys ("Cubic Convolution Interpolation for Digital Image Processing", 1981). Against aliasing the two latter widen where
/// outputs lie farther apart than inputs.
/// </summary>
internal sealed class ResamplingKernel
{
    private readonly string _mode;
    private readonly string _rounding;
    private readonly double _a;
    private readonly double _width;
    private readonly bool _excludesOutside;

    private ResamplingKernel(Node node, double scale, int opset)
    {
        _mode = node.Text("mode", "nearest");
        // What opset 10 calls nearest is the input before.
        _rounding = opset < 11 ? "floor" : node.Text("nearest_mode", "round_prefer_floor");
        _a = node.Float("cubic_coeff_a", -0.75f);
        _width = node.Int("antialias", 0) != 0 && scale < 1 ? 1 / scale : 1;
        _excludesOutside = node.Int("exclude_outside", 0) != 0;
    }

    /// <summary>The kernel of a node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="scale">Outputs for each input.</param>
    /// <param name="opset">The node's opset.</param>
    public static ResamplingKernel Of(Node node, double scale, int opset) => new(node, scale, opset);

    /// <summary>The inputs around a place and their weights, whose sum is 1.</summary>
    /// <param name="at">The place.</param>
    /// <param name="count">The number of inputs; the first and the last one stand for what lies before and behind.</param>
    public (int[] Places, float[] Weights) Taps(double at, int count)
    {
        if (_mode == "nearest")
            return ([(int)Math.Clamp(Nearest(at), 0, count - 1)], [1f]);
        double reach = (_mode == "linear" ? 1 : 2) * _width;
        int taps = 2 * (int)Math.Ceiling(reach);
        int first = (int)Math.Floor(at) - (taps / 2) + 1;
        double[] weights = [.. Enumerable.Range(first, taps).Select(i =>
            _excludesOutside && (i < 0 || i >= count) ? 0 : Weight((i - at) / _width))];
        double sum = weights.Sum();
        return ([.. Enumerable.Range(first, taps).Select(i => Math.Clamp(i, 0, count - 1))],
            [.. weights.Select(w => (float)(w / sum))]);
    }

    private double Nearest(double at) => _rounding switch
    {
        "floor" => Math.Floor(at),
        "ceil" => Math.Ceiling(at),
        "round_prefer_ceil" => Math.Floor(at + 0.5),
        _ => Math.Ceiling(at - 0.5),
    };

    private double Weight(double distance)
    {
        double d = Math.Abs(distance);
        if (_mode == "linear")
            return Math.Max(1 - d, 0);
        return d <= 1 ? ((((_a + 2) * d) - (_a + 3)) * d * d) + 1
            : d < 2 ? (((((_a * d) - (5 * _a)) * d) + (8 * _a)) * d) - (4 * _a)
            : 0;
    }
}
