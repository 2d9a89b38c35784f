using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators;

/// <summary>Where the channels of a feature map lie: second, as in ONNX, or last, as the layout pass marks nodes.</summary>
internal static class ChannelLayout
{
    /// <summary>The attribute that the layout pass sets on nodes whose activations are channels-last.</summary>
    public const string Attribute = "channels_last";

    /// <summary>Whether a node reads and writes its feature maps with the channels last.</summary>
    public static bool IsChannelsLast(this Node node) => node.Int(Attribute, 0) != 0;

    /// <summary>The node, reading and writing its feature maps with the channels last.</summary>
    public static Node WithChannelsLast(this Node node) => node.With(Attribute, 1);

    /// <summary>The first spatial axis of a node's feature maps.</summary>
    public static int FirstSpatialAxis(this Node node) => node.IsChannelsLast() ? 1 : 2;
}
