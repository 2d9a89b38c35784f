using OptimizerBuild.Compression.Channels;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Compression.Folding;

/// <summary>The elements of a constant that belong to a channel: at its places along an axis, place after place.</summary>
/// <param name="tensor">The constant, float32.</param>
/// <param name="site">The axis and the channels along it.</param>
internal sealed class ChannelSlices(Tensor tensor, ChannelSite site)
{
    private readonly int _inner = Shapes.Count(tensor.Dimensions.AsSpan()[(site.Axis + 1)..]);
    private readonly int _outer = Shapes.Count(tensor.Dimensions.AsSpan()[..site.Axis]);

    /// <summary>The constant.</summary>
    public Tensor Tensor => tensor;

    /// <summary>The elements of a constant of the analysed graph.</summary>
    public static ChannelSlices Of(ChannelAnalysis analysis, ChannelSite site) =>
        new(analysis.Graph.Constants[analysis.ContextOf(site.Node).Node.Inputs[site.Input]], site);

    /// <summary>The elements of a channel.</summary>
    public double[] Read(int channel)
    {
        float[] values = tensor.Values<float>();
        return [.. Indices(channel).Select(i => (double)values[i])];
    }

    /// <summary>Replaces the elements of a channel.</summary>
    public void Write(int channel, double[] elements)
    {
        float[] values = tensor.Values<float>();
        int at = 0;
        foreach (int i in Indices(channel))
            values[i] = (float)elements[at++];
    }

    private IEnumerable<int> Indices(int channel)
    {
        foreach (int place in site.Places[channel])
            for (int o = 0; o < _outer; o++)
                for (int i = 0; i < _inner; i++)
                    yield return (((o * site.Channels.Length) + place) * _inner) + i;
    }
}
