using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
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
internal sealed class GridSampleOperator : Operator, ITrainingForward
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
        TensorType type = context.OutputTypes[0];
        float[] from = FloatTensor.Values(inputs[0]!), to = new float[type.Count];
        Sample(context, from, FloatTensor.Values(inputs[1]!), to);
        return [FloatTensor.Of(type, to)];
    }

    /// <inheritdoc/>
    public void Forward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T> =>
        Sample(context, step.Input(0), step.Input(1), step.Output(0));

    /// <inheritdoc/>
    /// <remarks>Pixels get what is read of them; a place moves the weights of its pixels along each axis.</remarks>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        (T[] x, T[] dy) = (step.Input(0), step.OutputGradient);
        T[]? dx = step.Gradient(0), dGrid = step.Gradient(1);
        var map = new Map(context);
        ForEachPoint(context, step.Input(1), (image, point, place, along) =>
        {
            foreach (Tap<T> tap in Taps(along, map.Sizes))
            {
                T sum = T.Zero;
                for (int c = 0; c < map.Channels; c++)
                {
                    int from = (((image * map.Channels) + c) * map.Pixels) + tap.Offset;
                    T gradient = dy[(((image * map.Channels) + c) * map.Points) + point];
                    if (dx is not null)
                        dx[from] += gradient * tap.Weight;
                    sum += gradient * x[from];
                }
                if (dGrid is not null)
                    for (int a = 0; a < map.Sizes.Length; a++)
                        dGrid[place + (map.Sizes.Length - 1 - a)] += sum * tap.Slopes[a];
            }
        });
    }

    private static void Sample<T>(OperatorContext context, T[] from, T[] grid, T[] to)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        var map = new Map(context);
        ForEachPoint(context, grid, (image, point, _, along) =>
        {
            Tap<T>[] taps = [.. Taps(along, map.Sizes)];
            for (int c = 0; c < map.Channels; c++)
                to[(((image * map.Channels) + c) * map.Points) + point] = taps.Aggregate(T.Zero, (sum, t) => T.FusedMultiplyAdd(
                    from[(((image * map.Channels) + c) * map.Pixels) + t.Offset], t.Weight, sum));
        });
    }

    // Calls for each place of the grid with its image, its number, where it is in the grid and what it reads along each axis.
    private static void ForEachPoint<T>(OperatorContext context, T[] grid, Action<int, int, int, Read<T>[][]> point)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        var map = new Map(context);
        int axes = map.Sizes.Length;
        for (int n = 0; n < context.Type(0).Dimensions[0]; n++)
        {
            for (int p = 0; p < map.Points; p++)
            {
                int place = ((n * map.Points) + p) * axes;
                point(n, p, place, [.. map.Sizes.Select((size, a) => Along(context.Node, grid[place + (axes - 1 - a)], size))]);
            }
        }
    }

    // The pixels inside the map that a place is made of: the first axis varies slowest. The slope along an axis is its own one times the
    // weights along the others.
    private static IEnumerable<Tap<T>> Taps<T>(Read<T>[][] along, int[] sizes)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        IEnumerable<Tap<T>> taps = [new(0, T.One, [])];
        for (int a = 0; a < along.Length; a++)
        {
            int axis = a;
            taps = taps.SelectMany(t => along[axis].Where(l => l.Pixel >= 0).Select(l => new Tap<T>(
                (t.Offset * sizes[axis]) + l.Pixel, t.Weight * l.Weight, [.. t.Slopes.Select(s => s * l.Weight), t.Weight * l.Slope])));
        }
        return taps;
    }

    private readonly record struct Read<T>(int Pixel, T Weight, T Slope);

    private readonly record struct Tap<T>(int Offset, T Weight, T[] Slopes);

    private sealed class Map(OperatorContext context)
    {
        public int[] Sizes { get; } = [.. context.Type(0).Dimensions.Skip(2)];

        public int Channels => context.Type(0).Dimensions[1];

        public int Pixels { get; } = Shapes.Count(context.Type(0).Dimensions.AsSpan()[2..]);

        public int Points { get; } = Shapes.Count(context.OutputTypes[0].Dimensions.AsSpan()[2..]);
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

    // What is read along an axis: pixels, their weights, and how weights change with the place.
    private static Read<T>[] Along<T>(Node node, T place, int extent)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        (int taps, int padding, bool corners) = (Taps(node), Padding(node), AlignsCorners(node));
        T one = T.One, two = T.CreateTruncating(2), half = one / two, size = T.CreateTruncating(extent);
        (T least, T greatest) = corners ? (T.Zero, size - one) : (-half, size - half);
        T x = corners ? (place + one) / two * (size - one) : (((place + one) * size) - one) / two;
        T slope = corners ? (size - one) / two : size / two;
        if (taps == 1)
            x = T.Round(x, MidpointRounding.ToEven);
        bool inside = x >= least && x <= greatest;
        if (!inside && padding == 1)
        {
            x = T.Clamp(x, T.Zero, size - one);
            slope = T.Zero;
        }
        else if (!inside && padding > 1)
        {
            (x, bool turned) = Reflected(x, least, greatest);
            slope = turned ? -slope : slope;
        }
        if (!(T.Abs(x) < T.CreateTruncating(1e9f)))
            return [];
        T floor = T.Floor(x), fraction = x - floor;
        int first = taps == 1 ? int.CreateTruncating(x) : int.CreateTruncating(floor) + 1 - (taps / 2);
        return [.. Enumerable.Range(0, taps).Select(k => new Read<T>(Pixel(first + k), Weight(k), slope * Change(k)))];

        int Pixel(int pixel) => pixel >= 0 && pixel < extent ? pixel : padding switch
        {
            0 => -1,
            1 => Math.Clamp(pixel, 0, extent - 1),
            _ => Math.Clamp(int.CreateTruncating(Reflected(T.CreateTruncating(pixel), least, greatest).Place), 0, extent - 1),
        };

        T Weight(int k) => taps switch
        {
            1 => one,
            2 => k == 0 ? one - fraction : fraction,
            _ => Cubic(T.Abs(fraction + one - T.CreateTruncating(k))),
        };

        T Change(int k)
        {
            T distance = fraction + one - T.CreateTruncating(k);
            return taps switch
            {
                1 => T.Zero,
                2 => k == 0 ? -one : one,
                _ => distance < T.Zero ? -CubicSlope(-distance) : CubicSlope(distance),
            };
        }
    }

    // A place inside of what lies outside, and whether it moves the other way.
    private static (T Place, bool Turned) Reflected<T>(T x, T least, T greatest)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T range = greatest - least;
        if (!(range > T.Zero))
            return (least, false);
        bool below = x < least;
        T beyond = below ? least - x : x - greatest;
        if (beyond <= T.Zero)
            return (x, false);
        T turns = T.Floor(beyond / range), rest = beyond - (turns * range);
        bool even = T.IsEvenInteger(turns);
        return (below == even ? least + rest : greatest - rest, even);
    }

    // R. G. Keys, "Cubic Convolution Interpolation for Digital Image Processing", 1981, with a = −0.75.
    private static T Cubic<T>(T d)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => d <= T.One
        ? (((F<T>(1.25f) * d) - F<T>(2.25f)) * d * d) + T.One
        : (((((F<T>(-0.75f) * d) + F<T>(3.75f)) * d) - F<T>(6)) * d) + F<T>(3);

    private static T CubicSlope<T>(T d)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => d <= T.One
        ? ((F<T>(3.75f) * d) - F<T>(4.5f)) * d
        : (((F<T>(-2.25f) * d) + F<T>(7.5f)) * d) - F<T>(6);

    private static T F<T>(float value)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => T.CreateTruncating(value);
}
