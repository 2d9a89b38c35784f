using OptimizerBuild.Options;
using OptimizerBuild.Pipeline.Recipes;

namespace OptimizerBuild.Pipeline;

/// <summary>Recipes whose size is looked at again when the model is built.</summary>
public sealed class SizeTargetTests
{
    private static readonly ModelOptions Item = new()
    {
        ModelPath = "/m.onnx", Name = "m", ClassName = "M", Compression = CompressionRecipe.Smallest, MaxSize = 1000, Recovery = true,
    };

    [Fact]
    public void WhatBuildingAddsIsTakenAway()
    {
        var target = new SizeTarget(Item);
        Assert.True(target.IsMissed(["chosen: a"], 990, () => 1100));
        Assert.Equal(900, target.Bytes);
        Assert.Equal(["1,100 bytes as built instead of 1,000: chosen again for 900"], target.Notes);
        Assert.False(target.IsMissed(["chosen: b"], 890, () => 999));

        // Without a training, too: candidates take a way that was found for another one.
        Assert.True(new SizeTarget(Item with { Recovery = false }).IsMissed(["chosen: a"], 990, () => 1001));
    }

    [Fact]
    public void NothingIsChosenAgainInVain()
    {
        var same = new SizeTarget(Item);
        Assert.True(same.IsMissed(["chosen: a"], 990, () => 1100));
        Assert.False(same.IsMissed(["chosen: a"], 890, () => throw new InvalidOperationException("nobody need ask")));

        var stubborn = new SizeTarget(Item);
        Assert.True(stubborn.IsMissed(["chosen: a"], 990, () => 1100));
        Assert.True(stubborn.IsMissed(["chosen: b"], 890, () => 1050));
        Assert.False(stubborn.IsMissed(["chosen: c"], 840, () => 1020));

        foreach (ModelOptions other in (ModelOptions[])[Item with { MaxSize = null },
            Item with { Compression = CompressionRecipe.Fastest }, Item with { Compression = CompressionRecipe.Balanced }])
            Assert.False(new SizeTarget(other).IsMissed(["chosen: a"], 990, () => 1100));
        Assert.False(new SizeTarget(Item).IsMissed(["chosen: a"], 1001, () => 1100));
        Assert.False(new SizeTarget(Item).IsMissed([], null, () => 1100));
    }
}
