using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Movement;
using OptimizerBuild.Options;

namespace OptimizerBuild.Data;

/// <summary>
/// How data as the user has it becomes what a float32 input of the model expects: bytes become <c>scale · q + offset</c>, images whose
/// channels come last are transposed. The predictor's binding does the same with the app's data, so both follow this one record.
/// </summary>
/// <param name="Type">What the app passes; integers in data files stand for scaled reals whatever it is.</param>
/// <param name="Scale">One value, or one for each channel.</param>
/// <param name="Offset">One value, or one for each channel.</param>
/// <param name="Layout">NHWC: the data's channels come last; NCHW: the data has the model's own layout.</param>
internal sealed record InputAdaptation(InputElement Type, ImmutableArray<double> Scale, ImmutableArray<double> Offset, ImageLayout Layout)
{
    /// <summary>Data is taken as it stands.</summary>
    public static InputAdaptation None { get; } = new(InputElement.Float32, [1], [0], ImageLayout.NCHW);

    /// <summary>Whether the user has said what integers are multiplied by, be it 1.</summary>
    public bool IsScaleGiven { get; init; } = true;

    /// <summary>What a model's options ask for.</summary>
    public static InputAdaptation Of(ModelOptions options) => new(options.InputType, options.InputScale, options.InputOffset,
        options.InputLayout) { IsScaleGiven = options.IsInputScaleGiven };

    /// <summary>
    /// The dimensions in which data for one evaluation arrives: the input's own, or with the channels moved behind the spatial
    /// dimensions where the data is NHWC and the model is not.
    /// </summary>
    public ImmutableArray<int> DataDimensions(Graph graph, string input)
    {
        ImmutableArray<int> own = graph.TypeOf(input).Dimensions;
        return MovesChannels(graph, input) ? [own[0], .. own[2..], own[1]] : own;
    }

    /// <summary>Whether data for the input has its channels last while the model expects them second.</summary>
    public bool MovesChannels(Graph graph, string input) =>
        Layout == ImageLayout.NHWC && graph.TypeOf(input) is { Element: ElementType.Float32, Rank: 4 } && !IsChannelsLast(graph, input);

    /// <summary>The axis of an input (in the model's layout) along which scales and offsets may vary.</summary>
    public static int ChannelAxis(Graph graph, string input)
    {
        int rank = graph.TypeOf(input).Rank;
        return rank == 4 && IsChannelsLast(graph, input) ? 3 : Math.Min(1, rank - 1);
    }

    /// <summary>
    /// Whether the model itself takes images with channels last: it begins by transposing them, has been rewritten to read them so,
    /// or the sizes leave no doubt (at most four channels behind larger dimensions).
    /// </summary>
    public static bool IsChannelsLast(Graph graph, string input)
    {
        TensorType type = graph.TypeOf(input);
        if (type.Rank != 4)
            return false;
        foreach (Node node in graph.Nodes)
        {
            if (node.Input(0) != input)
                continue;
            if (node.IsChannelsLast())
                return true;
            if (node.Is<IWindow>())
                return false;
            if (node.Is<TransposeOperator>() && TransposeOperator.Permutation(node) is { } perm)
            {
                if (perm.AsSpan().SequenceEqual([0L, 3, 1, 2]))
                    return true;
                if (perm.AsSpan().SequenceEqual([0L, 2, 3, 1]))
                    return false;
            }
        }
        return type.Dimensions[3] <= 4 && type.Dimensions[1] > 4;
    }
}
