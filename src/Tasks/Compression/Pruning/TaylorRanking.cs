using System.Collections.Immutable;
using OptimizerBuild.Compression.Channels;
using OptimizerBuild.Compression.Recovery;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Compression.Pruning;

/// <summary>
/// The order in which channels vanish by what that changes of the outputs, to first order: the gradient times the values that vanish
/// (Taylor expansion: P. Molchanov et al. 2017, arXiv 1611.06440, section 2.2, in squares as in P. Molchanov et al. 2019, arXiv 1906.10771,
/// section 3). A model's loss against itself has no gradient; its curvature is that of the outputs instead: of classes the gradient of the
/// logarithm of one drawn from the model's own (the Fisher information of the loss of recovery), of other values in random signs.
/// </summary>
internal static class TaylorRanking
{
    private const long Budget = 1L << 36;
    private const int FewestSamples = 32;
    private const int MostSamples = 512;
    private const int Draws = 2;
    private const double Temperature = 2;

    /// <summary>Ranks the channels of all groups; the errors of all of them have one unit. Null where no gradient tells
    /// anything.</summary>
    /// <param name="analysis">The model's channels.</param>
    /// <param name="context">The build's context.</param>
    public static ChannelRanking[]? Of(ChannelAnalysis analysis, CompressionContext context)
    {
        Graph graph = analysis.Graph;
        ImmutableArray<ValueMatch> outputs = [.. ValueMatch.Of(graph, graph, 0).Where(m => m.IsOutput)];
        Part[][] groups = [.. analysis.Groups.Select(g => Parts(analysis, g))];
        string[] constants = [.. groups.SelectMany(g => g).Select(p => p.Constant).Distinct(StringComparer.Ordinal)];
        string[] seeded = [.. outputs.Select(o => o.Student)];
        var first = new GradientTape<float>(graph, constants, seeded);
        if (constants.Length == 0 || !seeded.Any(first.Carries))
            return null;
        long work = Math.Max(graph.Nodes.Sum(n => OperatorRegistry.Of(n).MultiplyAccumulates(OperatorContext.Of(graph, n))), 1);
        IReadOnlyList<Tensor>[] samples = LayerRows.Spread(
            context.Calibration, Math.Clamp(Budget / (work * (1 + (2 * Draws))), FewestSamples, MostSamples));
        var found = new double[samples.Length][][];
        Parallel.For(0, samples.Length, new ParallelOptions { CancellationToken = context.Cancellation },
            () => new GradientTape<float>(graph, constants, seeded), (i, _, tape) =>
            {
                found[i] = OfSample(tape, samples[i], outputs, groups, context.Random(FormattableString.Invariant($"Taylor {i}")));
                return tape;
            }, _ => { });
        ChannelRanking[] rankings = [.. analysis.Groups.Select((group, g) =>
        {
            // In the order of the samples, whichever came first.
            var sums = new double[group.Channels.Length];
            foreach (double[][] sample in found)
                for (int c = 0; c < sums.Length; c++)
                    sums[c] += sample[g][c];
            return ChannelRanking.ByScores(group, group.Channels.Select((channel, c) => (channel, sums[c] / (samples.Length * Draws)))
                .ToDictionary(p => p.channel, p => p.Item2), 1);
        })];

        // Outputs that nothing changes tell nothing.
        return rankings.Any(r => r.Errors[^1] > 0) ? rankings : null;
    }

    private static double[][] OfSample(GradientTape<float> tape, IReadOnlyList<Tensor> sample, ImmutableArray<ValueMatch> outputs,
        Part[][] groups, RandomSource random)
    {
        double[][] squares = [.. groups.Select(g => new double[g.Select(p => p.Channels).FirstOrDefault()])];
        tape.Forward(sample);
        for (int draw = 0; draw < Draws; draw++)
        {
            tape.Backward(outputs.ToDictionary(o => o.Student, o => Direction(tape.Value(o.Student), o.IsClasses ? o.Axis : null, random)));
            for (int g = 0; g < groups.Length; g++)
            {
                var change = new double[squares[g].Length];
                foreach (Part part in groups[g])
                {
                    float[] gradient = tape.Gradient(part.Constant);
                    for (int i = 0; i < gradient.Length; i++)
                        if (part.Places[i] >= 0)
                            change[part.Places[i]] += (double)gradient[i] * part.Values[i];
                }
                for (int c = 0; c < change.Length; c++)
                    squares[g][c] += change[c] * change[c];
            }
        }
        return squares;
    }

    // A random direction of a value, whose mean square is what a change of it costs.
    private static float[] Direction(Tensor value, int? axis, RandomSource random)
    {
        float[] y = value.Values<float>(), direction = new float[y.Length];
        if (axis is not { } classes)
        {
            double power = y.Sum(v => (double)v * v);
            for (int i = 0; i < y.Length; i++)
                direction[i] = (float)((random.NextUnit() < 0.5 ? -1 : 1) / Math.Sqrt(Math.Max(power, 1e-12)));
            return direction;
        }
        // Rows of classes are as far apart as there are places behind their axis.
        int row = value.Dimensions[classes], apart = Shapes.Count(value.Dimensions.AsSpan()[(classes + 1)..]);
        for (int block = 0; block < y.Length; block += row * apart)
        {
            for (int at = block; at < block + apart; at++)
            {
                double greatest = double.NegativeInfinity, sum = 0, drawn = random.NextUnit();
                for (int i = 0; i < row; i++)
                    greatest = Math.Max(greatest, y[at + (i * apart)]);
                var p = new double[row];
                for (int i = 0; i < row; i++)
                    sum += p[i] = ElementaryFunctions.Exp((y[at + (i * apart)] - greatest) / Temperature);
                int chosen = -1;
                for (int i = 0; i < row; i++)
                {
                    p[i] /= sum;
                    drawn -= p[i];
                    if (chosen < 0 && (drawn < 0 || i == row - 1))
                        chosen = i;
                    direction[at + (i * apart)] = (float)-p[i];
                }
                direction[at + (chosen * apart)] += 1;
            }
        }
        return direction;
    }

    // The weights that make a group's channels, with the biases of the same layers: their gradients times themselves add up to the gradient
    // of the layers' results times these.
    private static Part[] Parts(ChannelAnalysis analysis, ChannelGroup group)
    {
        string[] makers = [.. group.Sites.Where(s => s.Role == ChannelRole.Makes).Select(s => s.Node)];
        return [.. group.Sites.Where(s => makers.Contains(s.Node) && s.Role is (ChannelRole.Makes or ChannelRole.Follows))
            .Select(s => (Site: s, Name: analysis.ContextOf(s.Node).Node.Input(s.Input)))
            .Where(s => analysis.Graph.Constant(s.Name) is { Element: ElementType.Float32 })
            .Select(s => Part.Of(group, s.Site, s.Name, analysis.Graph.Constants[s.Name]))];
    }

    /// <summary>A constant of a group.</summary>
    /// <param name="Constant">Its name.</param>
    /// <param name="Values">Its elements.</param>
    /// <param name="Places">For each element the place of its channel in the group; −1 for none.</param>
    /// <param name="Channels">The number of channels of the group.</param>
    private sealed record Part(string Constant, float[] Values, int[] Places, int Channels)
    {
        public static Part Of(ChannelGroup group, ChannelSite site, string name, Tensor constant)
        {
            int inner = Shapes.Count(constant.Dimensions.AsSpan()[(site.Axis + 1)..]), extent = constant.Dimensions[site.Axis];
            int[] places = [.. Enumerable.Range(0, extent).Select(i => group.Channels.IndexOf(site.Channels[i]))];
            return new(name, constant.Values<float>(), [.. Enumerable.Range(0, constant.Count).Select(i => places[i / inner % extent])],
                group.Channels.Length);
        }
    }
}
