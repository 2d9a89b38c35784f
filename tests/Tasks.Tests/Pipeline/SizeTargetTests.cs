using OptimizerBuild.Options;
using OptimizerBuild.Pipeline.Recipes;

namespace OptimizerBuild.Pipeline;

/// <summary>Recipes whose size is looked at again when the model is trained.</summary>
public sealed class SizeTargetTests
{
    private static readonly ModelOptions Item = new()
    {
        ModelPath = "/m.onnx", Name = "m", ClassName = "M", Compression = CompressionRecipe.Smallest, MaxSize = 1000, Recovery = true,
    };

    [Fact]
    public void WhatTrainingAddsIsTakenAway()
    {
        var target = new SizeTarget(Item);
        Assert.True(target.IsMissed(["chosen: a"], () => 1100));
        Assert.Equal(900, target.Bytes);
        Assert.Equal(["1,100 bytes after training instead of 1,000: chosen again for 900"], target.Notes);
        Assert.False(target.IsMissed(["chosen: b"], () => 999));
    }

    [Fact]
    public void NothingIsChosenAgainInVain()
    {
        var same = new SizeTarget(Item);
        Assert.True(same.IsMissed(["chosen: a"], () => 1100));
        Assert.False(same.IsMissed(["chosen: a"], () => throw new InvalidOperationException("nobody need ask")));

        var stubborn = new SizeTarget(Item);
        Assert.True(stubborn.IsMissed(["chosen: a"], () => 1100));
        Assert.True(stubborn.IsMissed(["chosen: b"], () => 1050));
        Assert.False(stubborn.IsMissed(["chosen: c"], () => 1020));

        foreach (ModelOptions other in (ModelOptions[])[Item with { Recovery = false }, Item with { MaxSize = null },
            Item with { Compression = CompressionRecipe.Fastest }, Item with { Compression = CompressionRecipe.Balanced }])
            Assert.False(new SizeTarget(other).IsMissed(["chosen: a"], () => 1100));
        Assert.False(new SizeTarget(Item).IsMissed([], () => 1100));
    }
}
