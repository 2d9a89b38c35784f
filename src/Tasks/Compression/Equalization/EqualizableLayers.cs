using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Numerics;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Compression.Equalization;

/// <summary>
/// The layers of a graph between which factors may move, and the factors. Two layers are linked where the second one is all that reads
/// the first one's result, through nothing but nodes that hand a positive factor of a channel on
/// (<see cref="Operator.PassesPositiveFactors"/>). A depthwise layer is linked on both sides, as each of its outputs has one input.
/// </summary>
internal sealed class EqualizableLayers
{
    // The paper goes on until nothing moves; factors of a thousandth no longer change an 8-bit weight.
    private const double Converged = 1e-3;

    private const int MaximumRounds = 50;

    private EqualizableLayers(ImmutableArray<EqualizableLink> links) => Links = links;

    /// <summary>The pairs of layers, from the graph's inputs towards its outputs.</summary>
    public ImmutableArray<EqualizableLink> Links { get; }

    /// <summary>Finds the layers of a graph.</summary>
    public static EqualizableLayers Of(GraphEditor editor)
    {
        var layers = new Dictionary<Node, EqualizableLayer>(ReferenceEqualityComparer.Instance);
        foreach (Node node in editor.Nodes)
            if (LinearLayer.Of(editor, node) is { } layer)
                layers[node] = new(layer);
        var links = ImmutableArray.CreateBuilder<EqualizableLink>();
        foreach (Node node in editor.Nodes)
        {
            if (!layers.TryGetValue(node, out EqualizableLayer? from) || !FusedActivation.PassesPositiveFactors(node))
                continue;
            string value = node.Outputs[0];
            int axis = from.Layer.OutputAxis;
            while (editor.HasSingleUse(value))
            {
                Node reader = editor.Consumers(value)[0];
                if (layers.TryGetValue(reader, out EqualizableLayer? to))
                {
                    if (reader.Input(0) == value && to.Layer.InputAxis == axis && to.Layer.Inputs == from.Layer.Outputs)
                        links.Add(new(from, to));
                    break;
                }
                if (reader.Input(0) != value
                    || !OperatorRegistry.Of(reader).PassesPositiveFactors(OperatorContext.Of(editor, reader), axis))
                    break;
                value = reader.Outputs[0];
            }
        }
        return new(links.ToImmutable());
    }

    /// <summary>
    /// Chooses the factors, link after link, until they no longer move: <c>s = √(r₁ / r₂)</c>, by which the channel of the first layer is
    /// divided and that of the second multiplied, where r₁ and r₂ are the largest magnitudes of the channel's weights so far.
    /// </summary>
    /// <returns>The number of rounds.</returns>
    public int Equalize(CancellationToken cancellation)
    {
        for (int round = 1; ; round++)
        {
            double largest = 0;
            foreach (EqualizableLink link in Links)
            {
                cancellation.ThrowIfCancellationRequested();
                double[] first = link.From.OutputRanges();
                double[] second = link.To.InputRanges();
                for (int c = 0; c < first.Length; c++)
                {
                    // A channel without weights on either side does not matter to the other.
                    double factor = Math.Sqrt(first[c] / second[c]);
                    if (!(first[c] > 0 && second[c] > 0) || !double.IsNormal(factor))
                        continue;
                    link.From.OutputFactors[c] /= factor;
                    link.To.InputFactors[c] *= factor;
                    largest = Math.Max(largest, Math.Abs(ElementaryFunctions.Log(factor)));
                }
            }
            if (largest < Converged || round == MaximumRounds)
                return round;
        }
    }

    /// <summary>Replaces the layers by those with the factors multiplied in.</summary>
    public void Apply(GraphEditor editor)
    {
        foreach (EqualizableLayer layer in Links.SelectMany(l => (EqualizableLayer[])[l.From, l.To]).Distinct())
            editor.Replace(layer.Layer.Node, layer.Layer.WithFactors(editor, layer.OutputFactors, layer.InputFactors));
    }
}

/// <summary>Two layers, the second of which reads what the first one makes.</summary>
/// <param name="From">The first layer.</param>
/// <param name="To">The second layer.</param>
internal sealed record EqualizableLink(EqualizableLayer From, EqualizableLayer To)
{
    /// <summary>The least factor by which a channel of the first layer is multiplied.</summary>
    public double Least => From.OutputFactors.Min();

    /// <summary>The greatest factor by which a channel of the first layer is multiplied.</summary>
    public double Greatest => From.OutputFactors.Max();
}

/// <summary>A layer with the factors that its channels have so far.</summary>
internal sealed class EqualizableLayer(LinearLayer layer)
{
    /// <summary>The layer as it stands in the graph.</summary>
    public LinearLayer Layer => layer;

    /// <summary>What each output channel's weights and bias are multiplied by.</summary>
    public double[] OutputFactors { get; } = Ones(layer.Outputs);

    /// <summary>What the weights that read an input channel are multiplied by.</summary>
    public double[] InputFactors { get; } = Ones(layer.Inputs);

    /// <summary>The largest magnitude among the weights of each output channel.</summary>
    public double[] OutputRanges() => layer.Ranges(OutputFactors, InputFactors).Outputs;

    /// <summary>The largest magnitude among the weights that read each input channel.</summary>
    public double[] InputRanges() => layer.Ranges(OutputFactors, InputFactors).Inputs;

    private static double[] Ones(int count)
    {
        var ones = new double[count];
        Array.Fill(ones, 1);
        return ones;
    }
}
