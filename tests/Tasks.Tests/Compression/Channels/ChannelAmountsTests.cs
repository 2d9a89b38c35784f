using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Compression.Channels;

/// <summary>How many channels vanish for a share of the multiply-accumulates.</summary>
public sealed class ChannelAmountsTests
{
    [Theory]
    [InlineData(0.1)]
    [InlineData(0.4)]
    [InlineData(0.7)]
    public void SoManyGoThatTheShareOfTheWorkGoes(double share)
    {
        ChannelAnalysis analysis = ChannelAnalysis.Of(Convolutions());
        var amounts = new ChannelAmounts(analysis);
        var work = new ChannelWork(analysis);
        int[] bySensitivity = amounts.BySensitivity(share, "Sparsity", (g, n) => n * (g + 1));
        foreach (int[] counts in (int[][])[amounts.Uniform(share, "Sparsity"), bySensitivity])
        {
            HashSet<int> removed = [.. analysis.Groups.SelectMany((g, i) => g.Channels.Take(counts[i]))];
            Graph smaller = ChannelRemoval.Without(analysis, removed);
            long left = ModelSize.Of(new(smaller)).Macs;
            Assert.Equal(work.Whole, ModelSize.Of(new(analysis.Graph)).Macs);
            Assert.Equal(work.Left(counts), left, 0.5);
            Assert.True(left <= work.Whole * (1 - share));
            // Panels of eight where there are 32 channels or more, else fours.
            Assert.All(counts.Zip(analysis.Groups, (n, g) => (Kept: g.Channels.Length - n, Unit: g.Channels.Length >= 32 ? 8 : 4)),
                p => Assert.Equal(0, p.Kept % p.Unit));
        }
    }

    [Fact]
    public void GroupsThatCostLessGoFirst()
    {
        var amounts = new ChannelAmounts(ChannelAnalysis.Of(Convolutions()));
        int[] first = amounts.BySensitivity(0.3, "Sparsity", (g, n) => n * (g == 0 ? 1e-6 : 1));
        int[] second = amounts.BySensitivity(0.3, "Sparsity", (g, n) => n * (g == 1 ? 1e-6 : 1));
        Assert.True(first[0] > second[0]);
        Assert.True(first[1] < second[1]);
    }

    [Fact]
    public void MoreThanCanGoIsAnErrorThatSaysHowMuchCanAndWhy()
    {
        var g = new FloatGraph();
        string a = g.Dense("a", g.Input("x", 1, 16), 16, 8, relu: true);
        ChannelAnalysis analysis = ChannelAnalysis.Of(g.Build(g.Dense("y", a, 8, 16)));
        ModelException error = Assert.Throws<ModelException>(() => new ChannelAmounts(analysis).Uniform(0.6, "Sparsity"));
        Assert.Equal("OPT0055", error.Diagnostic.Descriptor.Code);
        Assert.Contains("at most 0.5 of them can", error.Message, StringComparison.Ordinal);
        Assert.Contains("'y/node': is an output of the model", error.Message, StringComparison.Ordinal);
    }

    private static Graph Convolutions()
    {
        var g = new FloatGraph();
        string a = g.Conv("a", g.Input("x", 1, 8, 8, 3), 3, 16, 3, relu: true);
        string b = g.Conv("b", g.Conv("d", a, 16, 16, 3, groups: 16), 16, 40, 1, relu: true);
        return g.Build(g.Conv("y", b, 40, 4, 1));
    }
}
