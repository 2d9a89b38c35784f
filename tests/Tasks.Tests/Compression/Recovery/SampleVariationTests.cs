using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Recovery;

/// <summary>Samples that are varied before a model learns from them.</summary>
public sealed class SampleVariationTests
{
    /// <summary>Every image that comes of one is that image, moved and mirrored, with its edges repeated; all that may come do.</summary>
    [Theory]
    [InlineData("1,3,5,6")]
    [InlineData("1,5,6,3")]
    [InlineData("1,5,6")]
    public void ImagesAreMovedAndMirrored(string text)
    {
        int[] shape = [.. text.Split(',').Select(int.Parse)];
        const int Rows = 5, Columns = 6, Most = 2;
        int channels = shape.Length == 3 ? 1 : 3, count = Rows * Columns * channels;
        bool isLast = shape[^1] == 3;
        int At(int c, int y, int x) => isLast ? (((y * Columns) + x) * channels) + c : (((c * Rows) + y) * Columns) + x;
        float[] image = [.. Enumerable.Range(0, count).Select(i => i + 1f)];
        var possible = new List<float[]>();
        foreach (bool mirrors in (bool[])[false, true])
            for (int down = -Most; down <= Most; down++)
                for (int right = -Most; right <= Most; right++)
                {
                    var moved = new float[count];
                    for (int c = 0; c < channels; c++)
                        for (int y = 0; y < Rows; y++)
                            for (int x = 0; x < Columns; x++)
                                moved[At(c, y, mirrors ? Columns - 1 - x : x)] =
                                    image[At(c, Math.Clamp(y - down, 0, Rows - 1), Math.Clamp(x - right, 0, Columns - 1))];
                    possible.Add(moved);
                }

        SampleVariation variation = SampleVariation.Of(Augmentation.Parse("Shift=2;Flip")!, Identity(shape))!;
        var seen = new HashSet<int>();
        var random = new RandomSource("test");
        for (int i = 0; i < 1000; i++)
        {
            float[] sample = [.. image];
            variation.Apply(sample, new float[count], random);
            seen.Add(possible.FindIndex(p => p.AsSpan().SequenceEqual(sample)));
        }
        Assert.DoesNotContain(-1, seen);
        Assert.Equal(possible.Count, seen.Count);
    }

    /// <summary>Whole rows and whole columns, side by side, become the mean; no more of them than may.</summary>
    [Fact]
    public void RowsAndColumnsOfSpectrogramsAreMasked()
    {
        const int Rows = 8, Columns = 5;
        float[] spectrogram = [.. Enumerable.Range(0, Rows * Columns).Select(i => (float)i)];
        SampleVariation variation = SampleVariation.Of(Augmentation.Parse("TimeMask=3;FrequencyMask=2")!, Identity(1, 1, Rows, Columns))!;
        var found = new HashSet<(int, int)>();
        var random = new RandomSource("test");
        for (int i = 0; i < 500; i++)
        {
            float[] sample = [.. spectrogram];
            variation.Apply(sample, new float[sample.Length], random);
            bool IsLost(int y, int x) => sample[(y * Columns) + x] != spectrogram[(y * Columns) + x];
            int[] rows = [.. Enumerable.Range(0, Rows).Where(y => Enumerable.Range(0, Columns).All(x => IsLost(y, x)))];
            int[] columns = [.. Enumerable.Range(0, Columns).Where(x => Enumerable.Range(0, Rows).All(y => IsLost(y, x)))];
            for (int y = 0; y < Rows; y++)
                for (int x = 0; x < Columns; x++)
                    Assert.Equal(rows.Contains(y) || columns.Contains(x) ? 19.5f : spectrogram[(y * Columns) + x],
                        sample[(y * Columns) + x]);
            foreach (int[] lost in (int[][])[rows, columns])
                Assert.True(lost.Length == 0 || lost[^1] - lost[0] == lost.Length - 1);
            found.Add((rows.Length, columns.Length));
        }
        Assert.Equal(Enumerable.Range(0, 4).SelectMany(r => Enumerable.Range(0, 3).Select(c => (r, c))).Order(), found.Order());
    }

    [Theory]
    [InlineData("Flip", "1,784", "[1, rows, columns]")]
    [InlineData("Shift=2", "1,1,1,30", "[1, rows, columns]")]
    [InlineData("Shift=3", "1,1,6,9", "6 rows and 9 columns")]
    [InlineData("TimeMask=6", "1,1,6,9", "6 rows")]
    [InlineData("TimeMask=5;FrequencyMask=9", "1,1,6,9", "9 columns")]
    public void InputsThatCannotBeVariedAreNamed(string terms, string shape, string expected)
    {
        ModelException error = Assert.Throws<ModelException>(() => SampleVariation.Of(
            Augmentation.Parse(terms)!, Identity([.. shape.Split(',').Select(int.Parse)])));
        Assert.Equal("OPT0077", error.Diagnostics[0].Descriptor.Code);
        Assert.Contains(expected, error.Diagnostics[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void MixingNeedsNoRowsAndColumns() =>
        Assert.Null(SampleVariation.Of(Augmentation.Parse("Mixup=0.3")!, Identity(1, 784)));

    /// <summary>Rows that a layer takes one by one are steps, not rows of an image: their features keep their places.</summary>
    [Theory]
    [InlineData("GRU", false)]
    [InlineData("Conv", false)]
    [InlineData("MatMul", false)]
    [InlineData("Gemm", true)]
    [InlineData("Patches", true)]
    public void FeaturesOfSequencesAreNotMoved(string layer, bool isImage)
    {
        var g = new FloatGraph();
        string x = g.Input("x", 1, 6, 8), relu = g.Add("r", "Relu", [x]);
        Graph graph = layer switch
        {
            "GRU" => RecurrentRecoveryTests.Recurrent("GRU"),
            "Conv" => g.Build(g.Add("y", "Conv", [relu, g.Noise("w", 1, 4, 6, 3)])),
            "MatMul" => g.Build(g.Add("y", "MatMul", [relu, g.Noise("w", 1, 8, 4)])),
            "Patches" => g.Build(g.Add("y", "MatMul",
                [g.Add("cut", "Reshape", [relu, g.Constant("shape", Tensor.Of([1L, 4, 12], 3))]), g.Noise("w", 1, 12, 4)])),
            _ => g.Build(g.Dense("y", g.Add("flat", "Reshape", [relu, g.Constant("shape", Tensor.Of([1L, 48], 2))]), 48, 4)),
        };
        foreach (string terms in (string[])["Shift=1", "Flip"])
        {
            if (isImage)
            {
                Assert.NotNull(SampleVariation.Of(Augmentation.Parse(terms)!, graph));
                continue;
            }
            ModelException error = Assert.Throws<ModelException>(() => SampleVariation.Of(Augmentation.Parse(terms)!, graph));
            Assert.Equal("OPT0077", error.Diagnostics[0].Descriptor.Code);
            Assert.Contains("features of the steps of a sequence", error.Message, StringComparison.Ordinal);
        }
        Assert.NotNull(SampleVariation.Of(Augmentation.Parse("TimeMask=2;FrequencyMask=3")!, graph));
    }

    private static Graph Identity(params int[] shape)
    {
        var g = new FloatGraph();
        return g.Build(g.Add("y", "Relu", [g.Input("x", shape)]));
    }
}
