using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Lowering;

/// <summary>How callers see one graph input: element type, dimensions and the strides of the model's dimensions in what they
/// pass.</summary>
/// <param name="Type">The element type.</param>
/// <param name="Dimensions">The dimensions in the caller's order.</param>
/// <param name="SourceStrides">For each dimension of the model's input the distance of neighbours in the caller's elements.</param>
/// <param name="ChannelAxis">The axis of the model's input along which channels lie; −1 where there is none.</param>
internal sealed record InputSignature(BoundaryType Type, int[] Dimensions, int[] SourceStrides, int ChannelAxis)
{
    /// <summary>The signature of a graph input.</summary>
    public static InputSignature Of(Graph graph, string input, BoundaryOptions options)
    {
        TensorType type = graph.TypeOf(input);
        Graph judged = options.Interface ?? graph;
        // The elements of a state are the model's own.
        InputAdaptation adaptation = options.State.Any(s => s.Input == input) ? InputAdaptation.None : options.Adaptation;
        BoundaryType boundary = type.Element == ElementType.Float32 && adaptation.Type == InputElement.UInt8
            ? BoundaryType.UInt8
            : OfElement(type.Element) ?? throw new ModelException(
                Diagnostics.DiagnosticCatalog.NoKernel, input, "input", $"elements of type {type.Element} cannot be passed by a caller");
        int[] d = [.. type.Dimensions];
        int channelAxis = InputAdaptation.ChannelAxis(judged, input);
        return adaptation.MovesChannels(judged, input)
            ? new(boundary, [.. adaptation.DataDimensions(judged, input)], [d[1] * d[2] * d[3], 1, d[3] * d[1], d[1]], channelAxis)
            : new(boundary, d, Shapes.Strides(d), channelAxis);
    }

    /// <summary>The boundary's name for an element type; null where callers cannot pass or receive it.</summary>
    public static BoundaryType? OfElement(ElementType element) => element switch
    {
        ElementType.Float32 => BoundaryType.Float32,
        ElementType.Float64 => BoundaryType.Float64,
        ElementType.Float16 => BoundaryType.Float16,
        ElementType.UInt8 => BoundaryType.UInt8,
        ElementType.Int8 => BoundaryType.Int8,
        ElementType.Int16 => BoundaryType.Int16,
        ElementType.UInt16 => BoundaryType.UInt16,
        ElementType.Int32 => BoundaryType.Int32,
        ElementType.UInt32 => BoundaryType.UInt32,
        ElementType.Int64 => BoundaryType.Int64,
        ElementType.UInt64 => BoundaryType.UInt64,
        ElementType.Bool => BoundaryType.Bool,
        ElementType.String => BoundaryType.String,
        _ when element.IsNarrow() => Enum.Parse<BoundaryType>(element.ToString()),
        _ => null,
    };
}
