using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Channels;

/// <summary>
/// The multiply-accumulates of a model while channels vanish from it. Those of a layer are in proportion to the places that are left along
/// the axes of its weights.
/// </summary>
internal sealed class ChannelWork
{
    private readonly Layer[] _layers;
    private readonly long _otherwise;

    /// <summary>The work of a graph's layers.</summary>
    public ChannelWork(ChannelAnalysis analysis)
    {
        var layers = new Dictionary<string, List<(int Group, ChannelSite Site)>>(StringComparer.Ordinal);
        for (int g = 0; g < analysis.Groups.Length; g++)
            foreach (ChannelSite site in analysis.Groups[g].Sites)
                if (site.Role != ChannelRole.Follows)
                {
                    if (!layers.TryGetValue(site.Node, out List<(int, ChannelSite)>? sites))
                        layers[site.Node] = sites = [];
                    sites.Add((g, site));
                }
        var own = new List<Layer>();
        foreach (Node node in analysis.Graph.Nodes)
        {
            OperatorContext context = analysis.ContextOf(node.Name);
            long macs = OperatorRegistry.Of(node).MultiplyAccumulates(context);
            Whole += macs;
            if (macs > 0 && layers.TryGetValue(node.Name, out List<(int Group, ChannelSite Site)>? sites))
                own.Add(new(macs, [.. sites.GroupBy(s => s.Site.Axis).Select(a => new Axis(
                    a.First().Site.Channels.Length,
                    [
                        .. a.Select(s => (
                            s.Group, (double)s.Site.Channels.Count(c => c >= 0) / analysis.Groups[s.Group].Channels.Length)),
                    ]))]));
            else
                _otherwise += macs;
        }
        _layers = [.. own];
    }

    /// <summary>The multiply-accumulates of the whole model.</summary>
    public long Whole { get; }

    /// <summary>The multiply-accumulates that are left, about: channels of a group count equally.</summary>
    /// <param name="removed">The number of channels that have vanished, for each group of the analysis.</param>
    public double Left(IReadOnlyList<int> removed)
    {
        double sum = _otherwise;
        foreach (Layer layer in _layers)
        {
            double macs = layer.Macs;
            foreach (Axis axis in layer.Axes)
            {
                double left = axis.Extent;
                foreach ((int group, double places) in axis.Groups)
                    left -= removed[group] * places;
                macs *= left / axis.Extent;
            }
            sum += macs;
        }
        return sum;
    }

    private sealed record Layer(long Macs, Axis[] Axes);

    private sealed record Axis(int Extent, (int Group, double Places)[] Groups);
}
