using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Compression.Reconstruction;

/// <summary>Weights between two levels: where they begin, where they end, and how gradients reach the numbers behind them.</summary>
public sealed class SoftRoundingTests
{
    [Fact]
    public void BeginsWithTheRoundingThatThereWasAndCanReturnToIt()
    {
        (DotProductLayer layer, WeightQuantization rounded) = Layer(WeightLevels.Bits4, pruned: true);
        var form = new SoftRounding(layer, rounded, WeightLevels.Bits4);
        foreach (float[] numbers in (float[][])[form.Best, form.Start])
        {
            form.MoveTo(1);
            Assert.Equal(rounded.Values, Levels(form, numbers, layer, rounded));
        }

        // On the way weights lie between the level that they had and the neighbour on the side of what they were.
        form.MoveTo(0);
        var soft = new float[layer.Weights.Length];
        form.Apply(form.Start, [], soft);
        for (int c = 0; c < layer.Channels; c++)
            for (int k = 0; k < layer.Length; k++)
            {
                int i = layer.Index(c, k);
                double steps = soft[i] / rounded.Scales[c], level = rounded.Values[i], real = layer.Weights[i] / rounded.Scales[c];
                Assert.InRange(steps, Math.Min(level, level + Math.Sign(real - level)) - 1e-4, Math.Max(level, level + 1) + 1e-4);
                Assert.InRange(Math.Abs(steps), 0, 7.0001);
                if (layer.Weights[i] == 0)
                    Assert.Equal(0, steps);
            }
    }

    [Fact]
    public void WhateverIsLearnedPairsKeepTheirBound()
    {
        (DotProductLayer layer, WeightQuantization rounded) = Layer(WeightLevels.Bits8, pruned: false);
        Assert.True(rounded.PairSumsBounded);
        var form = new SoftRounding(layer, rounded, WeightLevels.Bits8);
        form.MoveTo(1);
        var random = new Random(5);
        int changed = 0;
        for (int round = 0; round < 30; round++)
        {
            float[] numbers = [.. form.Best.Select(_ => (float)((random.NextDouble() - 0.5) * 6))];
            sbyte[] levels = Levels(form, numbers, layer, rounded);
            Assert.True(PairSums16.Fit(rounded.Layout!.Pack(levels)));
            changed += levels.Zip(rounded.Values).Count(l => l.First != l.Second);
            Assert.All(levels.Zip(rounded.Values), l => Assert.InRange(l.First - l.Second, -1, 1));
        }
        Assert.True(changed > 30 * layer.Weights.Length / 4);
    }

    /// <summary>The gradient is that of what the weights are; what is decided little is pushed apart besides, the more the later.</summary>
    [Fact]
    public void GradientsReachTheNumbersBehindTheWeights()
    {
        (DotProductLayer layer, WeightQuantization rounded) = Layer(WeightLevels.Bits4, pruned: true);
        var form = new SoftRounding(layer, rounded, WeightLevels.Bits4);
        var random = new Random(6);

        // Of weights in the middle nothing is asked but what the gradient says.
        float[] middle = new float[form.Start.Length];
        float[] slopes = [.. middle.Select(_ => (float)(random.NextDouble() - 0.5))];
        float[] gradient = (float[])slopes.Clone();
        form.MoveTo(0);
        form.Pull(middle, [], gradient, []);
        const float Step = 1e-2f;
        for (int i = 0; i < gradient.Length; i++)
            Assert.Equal((Loss(i, Step) - Loss(i, -Step)) / (2 * Step), gradient[i], 3e-4);
        Assert.Contains(gradient, g => Math.Abs(g) > 1e-2);

        form.MoveTo(0.95);
        float[] undecided = [.. form.Start.Select((_, i) => i % 2 == 0 ? 1.5f : -1.5f)], pushed = [.. slopes.Select(_ => 1e-6f)];
        form.Pull(undecided, [], pushed, []);
        int moving = 0;
        for (int i = 0; i < pushed.Length; i++)
        {
            // A step against the gradient leads away from the middle.
            Assert.True(pushed[i] == 0 || pushed[i] * undecided[i] < 0, $"{pushed[i]} at {undecided[i]}");
            moving += pushed[i] == 0 ? 0 : 1;
        }
        Assert.True(moving > pushed.Length / 2);

        double Loss(int i, float by)
        {
            float[] numbers = (float[])middle.Clone();
            numbers[i] += by;
            var weights = new float[numbers.Length];
            form.Apply(numbers, [], weights);
            return weights[i] * (double)slopes[i];
        }
    }

    private static sbyte[] Levels(SoftRounding form, float[] numbers, DotProductLayer layer, WeightQuantization rounded)
    {
        var weights = new float[numbers.Length];
        form.Apply(numbers, [], weights);
        var levels = new sbyte[numbers.Length];
        for (int c = 0; c < layer.Channels; c++)
            for (int k = 0; k < layer.Length; k++)
                levels[layer.Index(c, k)] = (sbyte)Math.Round(weights[layer.Index(c, k)] / rounded.Scales[c]);
        return levels;
    }

    private static (DotProductLayer Layer, WeightQuantization Rounded) Layer(WeightLevels levels, bool pruned)
    {
        var g = new FloatGraph();
        Graph graph = g.Build(g.Dense("a", g.Input("x", 1, 40), 40, 24));
        if (pruned)
            for (int i = 0; i < 200; i++)
                graph.Constants["a.w"].Values<float>()[i * 4] = 0;
        QuantizableNode node = new QuantizableGraph(graph).Nodes.Single();
        PairBound? bound = levels == WeightLevels.Bits8 ? PairBound.Of(node, isWide: true, null) : null;
        QuantizedRows rows = WeightQuantizer.Round(node.Layer!, null, false, bound, levels);
        WeightQuantization rounded = WeightQuantizer.WithBias(node.Layer!, rows, 0.02, null);
        return (node.Layer!, rounded with { Layout = WeightLayout.Of(node, true, addsBlocks: false) });
    }
}
