using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering.Trees;
using OptimizerBuild.Operators.Trees;

namespace OptimizerBuild.Lowering;

/// <summary>Trees that share their branches, of which a small file has millions.</summary>
public class SharedTreesTests
{
    // A long chain of branches on whose other side there is always a leaf, and as many roots as asked for, all the same.
    private static TreeForest Chain(int branches, int roots) => new(
        [.. Enumerable.Repeat(0, branches)],
        [.. Enumerable.Range(0, branches).Select(i => (double)i)],
        [.. Enumerable.Range(0, branches).Select(i => i == 0 ? ~1 : ~0)],
        [.. Enumerable.Range(0, branches).Select(i => i + 1 < branches ? i + 1 : ~0)],
        [.. Enumerable.Repeat(0, roots)],
        [0, 1, 2],
        [0, 0],
        [1, 2]);

    [Fact]
    public void MillionsOfRootsCostTheirNumbersOnly()
    {
        TreeForest forest = Chain(40_000, 1_000_000);
        Assert.Null(forest.Fault(1, 1));
        TreePacking packing = TreePacking.Of(forest, ElementType.Float32);
        Assert.Null(packing.Fault(1, forest.Leaves));
        Assert.InRange(packing.Slots.Length, 1, 16 * 81_000);
        Assert.Equal(1_000_000, packing.Roots.Length);
    }

    [Fact]
    public void SmallTreesAreUnfoldedUpToABound()
    {
        Assert.NotNull(TreeScores.Of(Chain(31, 1000), 0));
        Assert.Null(TreeScores.Of(Chain(32, 1), 0));
        Assert.Null(TreeScores.Of(Chain(31, 1_000_000), 0));
    }
}
