using OptimizerBuild.Compression.Channels;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Folding;

/// <summary>
/// Model folding (D. Wang, H. Šikić, L. Thiele and O. Saukh, "Forget the Data and Fine-Tuning! Just Fold the Network to Compress", ICLR
/// 2025, arXiv 2502.10216, section 4.1): similar channels of a group are found by k-means over all weights that make them, merged into
/// their mean, and the layers that read them add their weights up.
/// </summary>
/// <param name="context">The build's context.</param>
/// <param name="repair">What is done afterwards.</param>
internal sealed class ChannelFolding(CompressionContext context, FoldRepair repair)
{
    /// <summary>The name of the step, for progress and messages.</summary>
    public const string Step = "Folding";

    /// <summary>Folds a model.</summary>
    /// <param name="graph">The model after the passes.</param>
    /// <param name="share">The share of its multiply-accumulates that is to go, at least.</param>
    /// <param name="metadata">The metadata that asks for it, for messages.</param>
    /// <returns>The model, to be normalised, and what was done.</returns>
    /// <exception cref="Diagnostics.ModelException">So many cannot go.</exception>
    public (Graph Graph, List<string> Notes) Apply(Graph graph, double share, string metadata)
    {
        ChannelAnalysis analysis = ChannelAnalysis.Of(graph);
        string[] obstacles = [.. analysis.Groups.Select(g => Obstacle(analysis, g))];
        var amounts = new ChannelAmounts(analysis, g => obstacles[analysis.Groups.IndexOf(g)].Length == 0);
        double[][][] features = [.. analysis.Groups.Select((g, i) => obstacles[i].Length == 0 ? Features(analysis, g) : [])];
        var merges = new WardMerges[features.Length];
        double[] sensitivities = [.. features.Select(_ => 1.0)];
        OutputSensitivity? outputs = repair == FoldRepair.Approximate
            ? null : OutputSensitivity.OfCalibration(graph, context, analysis.Groups.Length);
        bool measured = outputs?.Compares == true;
        for (int g = 0; g < features.Length; g++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            context.Progress.Report(Step, (double)g / features.Length, analysis.Groups[g].Name);
            merges[g] = WardMerges.Of(features[g]);
            int probe = Math.Min((features[g].Length + 3) / 4, features[g].Length - amounts.Least(g));
            if (!measured || probe <= 0 || !(merges[g].Distortions[probe] > 0))
                continue;
            Dictionary<int, int[]> few = Clusters(analysis.Groups[g], merges[g].After(probe));
            sensitivities[g] = outputs!.ErrorOf(ChannelRemoval.Without(
                analysis, few.Values.SelectMany(c => c.Skip(1)).ToHashSet(), Merged(analysis, few))) / merges[g].Distortions[probe];
        }
        // Distances between weights alone do not tell how much a group matters: without results to compare each loses the same share.
        int[] counts = !measured ? amounts.Uniform(share, metadata)
            : amounts.BySensitivity(share, metadata, (g, n) => sensitivities[g] * merges[g].Distortions[n]);
        var clusters = new Dictionary<int, int[]>();
        var notes = new List<string>();
        for (int g = 0; g < counts.Length; g++)
        {
            ChannelGroup group = analysis.Groups[g];
            int count = group.Channels.Length;
            if (obstacles[g].Length > 0)
                notes.Add($"{group.Name}: left alone, {obstacles[g]}");
            if (counts[g] == 0)
                continue;
            int[] assigned = ChannelClusters.Of(features[g], merges[g].After(counts[g]), context.Random($"{Step} {group.Name}"));
            foreach ((int first, int[] cluster) in Clusters(group, assigned))
                clusters[first] = cluster;
            notes.Add(FormattableString.Invariant($"{group.Name}: {count} channels merged into {count - counts[g]}"));
        }
        HashSet<int> removed = [.. clusters.Values.SelectMany(c => c.Skip(1))];
        Graph merged = ChannelRemoval.Without(analysis, removed, Merged(analysis, clusters));
        string done = "the same share of each group; merged weights enlarged by what averages lose of their variance";
        if (repair != FoldRepair.Approximate)
        {
            int[][]? Origins(string node) => OriginsOf(analysis, clusters, removed, node);
            (merged, int layers, int samples) = repair == FoldRepair.Statistics
                ? new StatisticsRepair(graph, Origins, context).Run(merged, Step)
                : new OutputRefit(graph, Origins, context).Run(merged, Step);
            done = FormattableString.Invariant($"{layers} layers ")
                + (repair == FoldRepair.Statistics ? "given the mean and deviation that they had" : "fitted to the whole model's results")
                + FormattableString.Invariant($" on {samples} {(context.HasCalibrationData ? "" : "made-up ")}samples");
        }
        if (outputs is { Compares: false })
            done += "; the same share of each group, since no output shows what is lost";
        notes.Insert(0, done);
        return (merged, notes);
    }

    // The channels of each cluster by the first of them, which stands for all.
    private static Dictionary<int, int[]> Clusters(ChannelGroup group, int[] assigned) => Enumerable.Range(0, assigned.Length)
        .GroupBy(i => assigned[i], i => group.Channels[i]).ToDictionary(c => c.First(), c => c.ToArray());

    /// <summary>Why channels of a group cannot be merged; empty where one can stand for another.</summary>
    private static string Obstacle(ChannelAnalysis analysis, ChannelGroup group)
    {
        if (group.Channels.IsEmpty || group.MergeObstacle.Length > 0)
            return group.Channels.IsEmpty ? group.Obstacle : group.MergeObstacle;
        // A channel that another stands for must have places wherever that one has.
        if (group.Sites.Any(site => group.Channels.Select(c => site.Places[c].Count()).Distinct().Count() > 1)
            || group.Axes.Any(a => a.Length < group.Channels.Length))
            return "its channels lie in different values";
        ChannelSite? other = group.Sites.FirstOrDefault(s => analysis.ContextOf(s.Node).Type(s.Input).Element != ElementType.Float32);
        return other is null ? ""
            : $"'{other.Node}' ({analysis.ContextOf(other.Node).Node.OpType}) holds other numbers than float32 for them";
    }

    // All weights that make a channel, with its biases, and what scales or shifts it behind: each constant in proportion to the mean length
    // of its channels' elements.
    private static double[][] Features(ChannelAnalysis analysis, ChannelGroup group)
    {
        List<double>[] features = [.. group.Channels.Select(_ => new List<double>())];
        var added = new HashSet<ChannelSite>(ReferenceEqualityComparer.Instance);
        foreach (ChannelSite site in group.Sites.Where(s => s.Role is ChannelRole.Makes or ChannelRole.Passes))
        {
            ChannelSlices weights = ChannelSlices.Of(analysis, site);
            ChannelSite? follows = group.Sites.FirstOrDefault(s => s.Node == site.Node && s.Input == 2 && s.Role == ChannelRole.Follows);
            ChannelSlices? bias = follows is null ? null : ChannelSlices.Of(analysis, follows);
            double norm = Math.Sqrt(group.Channels.Sum(c => weights.Read(c).Sum(x => x * x)) / group.Channels.Length);
            if (!(norm > 0))
                continue;
            for (int i = 0; i < features.Length; i++)
                features[i].AddRange(
                    [.. weights.Read(group.Channels[i]).Concat(bias?.Read(group.Channels[i]) ?? []).Select(x => x / norm)]);
            if (follows is not null)
                added.Add(follows);
        }
        foreach (ChannelSite site in group.Sites.Where(s => s.Role == ChannelRole.Follows && !added.Contains(s)))
        {
            ChannelSlices elements = ChannelSlices.Of(analysis, site);
            double[][] own = [.. group.Channels.Select(elements.Read)];
            double norm = Math.Sqrt(own.Sum(e => e.Sum(x => x * x)) / own.Length);
            for (int i = 0; norm > 0 && i < features.Length; i++)
                features[i].AddRange(own[i].Select(x => x / norm));
        }
        return [.. features.Select(f => f.ToArray())];
    }

    // The constants in which the first channel of each cluster stands for all: means where channels are made, sums where they are read.
    private Dictionary<(string Node, int Input), Tensor> Merged(ChannelAnalysis analysis, Dictionary<int, int[]> clusters)
    {
        var merged = new Dictionary<(string Node, int Input), Tensor>();
        foreach (ChannelSite site in analysis.Groups.SelectMany(g => g.Sites))
        {
            Tensor before = merged.GetValueOrDefault((site.Node, site.Input))
                ?? analysis.Graph.Constants[analysis.ContextOf(site.Node).Node.Inputs[site.Input]];
            if (before.Element != ElementType.Float32)
                continue;
            var slices = new ChannelSlices(new(before.Type, (Array)before.Data.Clone()), site);
            bool changed = false;
            foreach (int[] cluster in site.Channels.Where(clusters.ContainsKey).Distinct().Select(c => clusters[c])
                .Where(c => c.Length > 1))
            {
                double[][] members = [.. cluster.Select(slices.Read)];
                double factor = site.Role == ChannelRole.Reads ? 1 : 1.0 / members.Length;
                if (repair == FoldRepair.Approximate && site.Role is ChannelRole.Makes or ChannelRole.Passes)
                    factor *= Enlargement(members);
                var sum = new double[members[0].Length];
                foreach (double[] member in members)
                    for (int k = 0; k < sum.Length; k++)
                        sum[k] += member[k];
                slices.Write(cluster[0], Array.ConvertAll(sum, x => x * factor));
                changed = true;
            }
            if (changed)
                merged[(site.Node, site.Input)] = slices.Tensor;
        }
        return merged;
    }

    // An average of n equally strong channels with the mean correlation ρ has the share 1/n + (1 − 1/n)·ρ of their variance; ρ is taken
    // from the angles between their weights.
    private static double Enlargement(double[][] members)
    {
        double sum = 0;
        int n = members.Length;
        double[] lengths = [.. members.Select(m => Math.Sqrt(m.Sum(x => x * x)))];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < i; j++)
            {
                double dot = 0;
                for (int k = 0; k < members[i].Length; k++)
                    dot += members[i][k] * members[j][k];
                sum += lengths[i] > 0 && lengths[j] > 0 ? dot / (lengths[i] * lengths[j]) : 1;
            }
        }
        double correlation = Math.Clamp(sum / (n * (n - 1) / 2.0), 0, 1);
        return 1 / Math.Sqrt((1.0 / n) + ((1 - (1.0 / n)) * correlation));
    }

    private static int[][]? OriginsOf(ChannelAnalysis analysis, Dictionary<int, int[]> clusters, HashSet<int> removed, string node)
    {
        OperatorContext context = analysis.ContextOf(node);
        if (context.Node.As<IPassesChannels>()?.Source(context) is not { } port
            || analysis.ChannelsOf(context.Node, port) is not { } channels)
            return null;
        var places = Enumerable.Range(0, channels.Length).ToLookup(p => channels[p]);
        var rank = new Dictionary<int, int>();
        var origins = new List<int[]>();
        for (int p = 0; p < channels.Length; p++)
        {
            int nth = rank[channels[p]] = rank.GetValueOrDefault(channels[p], -1) + 1;
            if (removed.Contains(channels[p]))
                continue;
            origins.Add(clusters.TryGetValue(channels[p], out int[]? cluster)
                ? [.. cluster.Select(c => places[c].ElementAtOrDefault(nth))] : [p]);
        }
        return [.. origins];
    }
}
