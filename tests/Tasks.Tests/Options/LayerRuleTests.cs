using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Pipeline;

namespace OptimizerBuild.Options;

/// <summary>The metadata <c>Layers</c>: how it reads, and which layers it means.</summary>
public class LayerRuleTests
{
    [Theory]
    [InlineData("conv1:Float32", "conv1:Float32")]
    [InlineData(" conv1 : float32 ; fc* : Int4 , sparsity=0.9 ", "conv1:Float32; fc*:Int4,Sparsity=0.9")]
    [InlineData("model/a:0:Int8,Clusters=16,Rank=auto", "model/a:0:Int8,Clusters=16,Rank=Auto")]
    [InlineData("*:Sparsity=0,Clusters=0,Rank=None", "*:Sparsity=0,Clusters=0,Rank=None")]
    [InlineData("fc1:int4,groupsize=64; *:GroupSize=0", "fc1:Int4,GroupSize=64; *:GroupSize=0")]
    [InlineData("a:Rank=0.5;b:Rank=none;", "a:Rank=0.5; b:Rank=None")]
    public void RulesAreReadAndWritten(string text, string written)
    {
        LayerRules rules = LayerRules.Parse(text)!;

        Assert.Equal(written, rules.ToString());
        Assert.Equal(written, LayerRules.Parse(written)!.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData(";")]
    [InlineData("conv1")]
    [InlineData(":Float32")]
    [InlineData("conv1:")]
    [InlineData("conv1:Auto")]
    [InlineData("conv1:Int5")]
    [InlineData("conv1:Int4,Int8")]
    [InlineData("conv1:Sparsity=1")]
    [InlineData("conv1:Sparsity=0.001")]
    [InlineData("conv1:Clusters=1")]
    [InlineData("conv1:Clusters=257")]
    [InlineData("conv1:GroupSize=48")]
    [InlineData("conv1:GroupSize=16")]
    [InlineData("conv1:Rank=2")]
    [InlineData("conv1:Fold=0.3")]
    [InlineData("conv1:Float32,")]
    [InlineData("conv1:Float32; conv2")]
    public void WhatIsNoRuleIsRefused(string text) => Assert.Null(LayerRules.Parse(text));

    [Theory]
    [InlineData("conv1", "conv1", true)]
    [InlineData("conv1", "conv10", false)]
    [InlineData("conv1", "Conv1", false)]
    [InlineData("*", "", true)]
    [InlineData("conv*", "conv", true)]
    [InlineData("*conv", "/a/conv", true)]
    [InlineData("/*/conv?", "/a/b/conv7", true)]
    [InlineData("/*/conv?", "/a/b/conv", false)]
    [InlineData("a*b*c", "a1b2b3c", true)]
    [InlineData("a*b*c", "a1b2b3", false)]
    [InlineData("a.c", "abc", false)]
    [InlineData("[ab]", "a", false)]
    public void PatternsFitWholeNames(string pattern, string name, bool fits) => Assert.Equal(fits, new LayerRule(pattern).Matches(name));

    [Fact]
    public void TheLastRuleThatSaysSomethingCounts()
    {
        LayerRules rules = LayerRules.Parse("*:Int4,Sparsity=0.5; fc*:Int8; fc2:Clusters=16,Sparsity=0,Rank=0.5; fc3:Rank=None")!;

        Assert.Equal((ModelPrecision.Int4, 0.5, null), (rules.PrecisionOf("conv"), rules.SparsityOf("conv"), rules.ClustersOf("conv")));
        Assert.Equal((ModelPrecision.Int8, 0.5, null), (rules.PrecisionOf("fc1"), rules.SparsityOf("fc1"), rules.ClustersOf("fc1")));
        Assert.Equal((ModelPrecision.Int8, 0.0, 16), (rules.PrecisionOf("fc2"), rules.SparsityOf("fc2"), rules.ClustersOf("fc2")));
        Assert.Equal(new RankAmount(0.5), rules.RankOf("fc2", null));
        Assert.Null(rules.RankOf("fc3", new(null)));
        Assert.Equal(new RankAmount(null), rules.RankOf("fc1", new(null)));
        Assert.Null(LayerRules.None.PrecisionOf("conv"));
    }

    [Fact]
    public void RulesThatFitNothingAreNamedWithWhatThereIs()
    {
        Graph graph = new ModelBuilder().Input("x", 1, 4).Constant("w", Tensor.Of([.. Enumerable.Range(0, 16).Select(i => (float)i)], 4, 4))
            .Node("MatMul", "x,w", "a").Node("Softmax", "a", "y").Output("y").Import();
        RuleTargets.Require(LayerRules.Parse("*:Float32; Mat*:Sparsity=0.5,Int4; Soft*:Float32")!, graph);

        ModelException error = Assert.Throws<ModelException>(() =>
            RuleTargets.Require(LayerRules.Parse("conv1:Float32; Soft*:Clusters=4; *_1:Int8")!, graph));

        Assert.Equal(["OPT0062", "OPT0062"], error.Diagnostics.Select(d => d.Descriptor.Code));
        Assert.Contains("'conv1' fits none of the nodes of the model: those are 'MatMul_1', 'Softmax_2'", error.Message,
            StringComparison.Ordinal);
        Assert.Contains("'Soft*' fits none of the layers with weights of the model: those are 'MatMul_1'", error.Message,
            StringComparison.Ordinal);
    }
}
