using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Movement;

/// <summary>Feature maps read at places that a grid names (ONNX operator GridSample).</summary>
[Operator("GridSample")]
[Input(0, "X", Elements.Floats)]
[Input(1, "grid", Elements.Floats)]
[Output(0, "Y")]
[Parameter("align_corners", ParameterKind.Int)]
[Parameter("mode", ParameterKind.String, Choices = ["linear", "nearest", "cubic", "bilinear", "bicubic"])]
[Parameter("padding_mode", ParameterKind.String, Choices = ["zeros", "border", "reflection"])]
internal sealed class GridSampleOperator : Operator
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        (TensorType x, TensorType grid) = (context.Type(0), context.Type(1));
        int axes = x.Rank - 2;
        if (axes is not (2 or 3) || grid.Rank != x.Rank || grid.Dimensions[0] != x.Dimensions[0] || grid.Dimensions[^1] != axes
            || x.Dimensions.Skip(2).Any(d => d == 0) || (axes == 3 && Taps(context.Node) == 4))
            throw context.Invalid($"its input is {x} and its grid {grid}, in the mode {context.Node.Text("mode", "linear")}");
        return [new(x.Element, [x.Dimensions[0], x.Dimensions[1], .. grid.Dimensions.Skip(1).Take(axes)])];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        TensorType x = inputs[0]!.Type, type = context.OutputTypes[0];
        float[] from = FloatTensor.Values(inputs[0]!), grid = FloatTensor.Values(inputs[1]!);
        int[] sizes = [.. x.Dimensions.Skip(2)];
        int axes = sizes.Length, pixels = Shapes.Count(sizes), channels = x.Dimensions[1];
        int points = Shapes.Count(type.Dimensions.AsSpan()[2..]);
        var to = new float[type.Count];
        for (int n = 0; n < x.Dimensions[0]; n++)
        {
            for (int p = 0; p < points; p++)
            {
                var taps = new List<(int Offset, float Weight)> { (0, 1f) };
                for (int a = 0; a < axes; a++)
                {
                    (int Pixel, float Weight)[] along = Along(context.Node, grid[(((n * points) + p) * axes) + (axes - 1 - a)], sizes[a]);
                    taps = [.. taps.SelectMany(t => along.Where(l => l.Pixel >= 0)
                        .Select(l => ((t.Offset * sizes[a]) + l.Pixel, t.Weight * l.Weight)))];
                }
                for (int c = 0; c < channels; c++)
                    to[(((n * channels) + c) * points) + p] = taps.Aggregate(
                        0f, (sum, t) => MathF.FusedMultiplyAdd(from[(((n * channels) + c) * pixels) + t.Offset], t.Weight, sum));
            }
        }
        return [FloatTensor.Of(type, to)];
    }

    /// <inheritdoc/>
    public override long Work(OperatorContext context) => Enumerable
        .Repeat((long)Taps(context.Node), context.Type(0).Rank - 2)
        .Aggregate((long)context.OutputTypes[0].Count, (a, b) => a * b);

    /// <summary>The pixels along an axis that a place is made of (attribute <c>mode</c>).</summary>
    public static int Taps(Node node) => node.Text("mode", "linear") switch
    {
        "nearest" => 1,
        "cubic" or "bicubic" => 4,
        _ => 2,
    };

    /// <summary>
    /// What lies outside of a map: 0 for zeros, 1 for its border's pixels, 2 for reflections (attribute <c>padding_mode</c>).
    /// </summary>
    public static int Padding(Node node) => node.Text("padding_mode", "zeros") switch
    {
        "border" => 1,
        "reflection" => 2,
        _ => 0,
    };

    /// <summary>Whether −1 and 1 are the outermost pixels' middles (attribute <c>align_corners</c>).</summary>
    public static bool AlignsCorners(Node node) => node.Int("align_corners", 0) != 0;

    private static (int Pixel, float Weight)[] Along(Node node, float place, int size)
    {
        (int taps, int padding, bool corners) = (Taps(node), Padding(node), AlignsCorners(node));
        (float least, float greatest) = corners ? (0f, size - 1f) : (-0.5f, size - 0.5f);
        float x = corners ? (place + 1) / 2 * (size - 1) : (((place + 1) * size) - 1) / 2;
        if (taps == 1)
            x = MathF.Round(x, MidpointRounding.ToEven);
        bool inside = x >= least && x <= greatest;
        if (!inside && padding > 0)
            x = padding == 1 ? Math.Clamp(x, 0, size - 1) : Reflected(x, least, greatest);
        if (!(Math.Abs(x) < 1e9f))
            return [];
        int first = taps == 1 ? (int)x : (int)MathF.Floor(x) + 1 - (taps / 2);
        float fraction = x - MathF.Floor(x);
        return [.. Enumerable.Range(0, taps).Select(k => (Pixel(first + k), Weight(k)))];

        int Pixel(int pixel) => pixel >= 0 && pixel < size ? pixel : padding switch
        {
            0 => -1,
            1 => Math.Clamp(pixel, 0, size - 1),
            _ => Math.Clamp((int)Reflected(pixel, least, greatest), 0, size - 1),
        };

        float Weight(int k) => taps switch
        {
            1 => 1,
            2 => k == 0 ? 1 - fraction : fraction,
            _ => Cubic(Math.Abs(fraction + 1 - k)),
        };
    }

    private static float Reflected(float x, float least, float greatest)
    {
        float range = greatest - least;
        if (!(range > 0))
            return least;
        bool below = x < least;
        float beyond = below ? least - x : x - greatest;
        if (beyond <= 0)
            return x;
        float turns = MathF.Floor(beyond / range);
        float rest = beyond - (turns * range);
        return below == (turns % 2 == 0) ? least + rest : greatest - rest;
    }

    // R. G. Keys, "Cubic Convolution Interpolation for Digital Image Processing", 1981, with a = −0.75.
    private static float Cubic(float d) => d <= 1
        ? (((1.25f * d) - 2.25f) * d * d) + 1
        : (((((-0.75f * d) + 3.75f) * d) - 6) * d) + 3;
}
