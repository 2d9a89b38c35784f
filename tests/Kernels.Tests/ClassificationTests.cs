namespace OptimizerBuild.Kernels.Tests;

/// <summary>The order of classes by their scores.</summary>
public sealed class ClassificationTests
{
    [Theory]
    [InlineData(new float[] { 1, 3, 2 }, new int[] { 1, 2, 0 })]
    [InlineData(new float[] { 2, 2, 5, 2 }, new int[] { 2, 0, 1, 3 })]
    [InlineData(new float[] { float.NaN, -1, float.NaN, float.PositiveInfinity, float.NegativeInfinity }, new int[] { 3, 1, 4, 0, 2 })]
    [InlineData(new float[] { 0f, -0f, 0f }, new int[] { 0, 1, 2 })]
    public void Next_goes_from_the_greatest_to_the_least(float[] scores, int[] expected)
    {
        int place = -1;
        foreach (int next in expected)
            Assert.Equal(next, place = Classification.Next<float>(scores, place));
        Assert.Equal(expected[0], Classification.ArgMax(scores));
    }
}
