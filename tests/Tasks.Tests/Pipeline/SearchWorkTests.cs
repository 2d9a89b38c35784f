using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Reconstruction;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline.Recipes;

namespace OptimizerBuild.Pipeline;

/// <summary>What bounds a build: work in a search and in reconstruction, minutes wherever it is.</summary>
public class SearchWorkTests
{
    /// <summary>Candidates that a recipe begins with are tried however large a model is, further ones as far as the work goes.</summary>
    [Theory]
    [InlineData(1e9, 14, false)]
    [InlineData(4e11, 4, true)]
    [InlineData(1e14, 2, true)]
    public void LargeModelsHaveFewerCandidates(double ofCandidate, int tried, bool isCut)
    {
        ModelOptions item = OptimizerBuild.Compression.TestContext.Options with { Compression = CompressionRecipe.Smallest };
        int trials = 0;
        var search = new RecipeSearch(item, o =>
        {
            trials++;
            double zeros = o.Sparsity ?? 0, bits = o.Precision == ModelPrecision.Int4 ? 4 : 8;
            return new("cosine", 1 - zeros, 1, zeros, 100, (long)(10_000 * (1 - zeros) * bits), 0, 1000, 1000);
        }, SilentProgress.Instance)
        {
            IsAccurate = m => m.Drop <= 0.8,
            IsBearable = _ => false,
            Work = new(ofCandidate, ofCandidate),
        };

        RecipeCandidate chosen = search.Choose();

        Assert.True(trials == tried, $"{trials} trials instead of {tried}:\n" + string.Join('\n', search.Notes));
        Assert.Equal(isCut, search.Notes[^1] == "the model is so large that the search ended before all was tried");
        Assert.Equal(ofCandidate == 1e14, chosen.Options.Sparsity is null);
    }

    /// <summary>Of large models fewer samples judge, and candidates take more of the work.</summary>
    [Fact]
    public void WorkFollowsFromTheModel()
    {
        Graph small = Convolution(8), large = Convolution(512);
        Assert.InRange(SearchWork.Judges(small), 30_000, 50_000);
        Assert.Equal(32, SearchWork.Judges(large));
        SearchWork work = SearchWork.Of(large, 1000, 32);
        int candidates = 0;
        for (; work.AllowsCandidate; candidates++)
            work.CountCandidate();
        Assert.InRange(candidates, 1, 4);
        Assert.True(SearchWork.Of(small, 1000, 4096).AllowsBits);
    }

    /// <summary>The fewest steps of the smallest batch: 400 thousand million products, three of which a multiply-accumulate has.</summary>
    [Fact]
    public void GraphsBeyondTheWorkAreNotReconstructed()
    {
        Assert.True(ReconstructionRun.Affords(Convolution(100)));
        Assert.False(ReconstructionRun.Affords(Convolution(110)));
    }

    [Fact]
    public void WhatIsFoundOnceServesCandidatesWithTheSameGraph()
    {
        var common = new CommonFindings();
        Graph graph = Convolution(8), other = Convolution(8);
        int found = 0;
        string Find() => (++found).ToString(System.Globalization.CultureInfo.InvariantCulture);

        Assert.Null(common.First<string>(graph, "a"));
        Assert.Equal("1", common.Of(graph, "a", Find));
        Assert.Equal("1", common.Of(graph, "a", Find));
        Assert.Equal("1", common.First<string>(graph, "a"));
        Assert.Equal("2", common.Of(graph, "b", Find));
        // A layer may be called as a technique is.
        Assert.Null(common.First<Graph>(graph, "a"));
        Assert.Same(other, common.Of(graph, "a", () => other));
        Assert.Equal("1", common.Of(graph, "a", Find));
        Assert.Equal("3", common.Of(other, "a", Find));
        Assert.Null(common.First<string>(graph, "a"));
        Assert.Equal("4", common.Of(graph, "a", Find));
    }

    /// <summary>Whatever is at work when the minutes are over ends with the error; other ends stay what they are.</summary>
    [Fact]
    public void MinutesStopWhateverIsAtWork()
    {
        ModelOptions item = OptimizerBuild.Compression.TestContext.Options with { MaxBuildMinutes = 1e-6 };
        foreach (Func<CancellationToken, int> work in (Func<CancellationToken, int>[])
        [
            stop =>
            {
                stop.ThrowIfCancellationRequested();
                return 1;
            },
            stop => throw new AggregateException(new OperationCanceledException(stop), new OperationCanceledException(stop)),
        ])
        {
            ModelException error = Assert.Throws<ModelException>(() => BuildDeadline.Within(item, work, default));
            Assert.Equal("OPT0071", error.Diagnostic.Descriptor.Code);
        }
        Assert.Throws<InvalidDataException>(() => BuildDeadline.Within<int>(item, _ => throw new InvalidDataException(), default));
        Assert.Throws<AggregateException>(() => BuildDeadline.Within<int>(
            item, stop => throw new AggregateException(new OperationCanceledException(stop), new InvalidDataException()), default));
        using var user = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => BuildDeadline.Within<int>(item with { MaxBuildMinutes = 1e6 }, stop =>
        {
            user.Cancel();
            throw new OperationCanceledException(stop);
        }, user.Token));
        Assert.Equal(7, BuildDeadline.Within(item with { MaxBuildMinutes = 1e6 }, _ => 7, default));
        Assert.Equal(8, BuildDeadline.Within(item with { MaxBuildMinutes = null }, _ => 8, default));
    }

    // 3×3 from 8 to 8 channels on 72 times the pixels' square: 100 make 415 million multiply-accumulates, 110 make 502.
    private static Graph Convolution(int pixels)
    {
        var g = new FloatGraph();
        return g.Build(g.Conv("c", g.Input("x", 1, 8 * pixels, 9 * pixels, 8), 8, 8, 3));
    }
}
