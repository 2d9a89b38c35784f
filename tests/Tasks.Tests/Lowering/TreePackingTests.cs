using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering.Trees;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators.Trees;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Lowering;

/// <summary>Trees whose tests are answered before: each form of places leads to the leaves to which the tables lead.</summary>
public class TreePackingTests
{
    // Few leaves are shared by all trees, many are numbered by tree.
    public static TheoryData<int, int, int, int> Forests => new()
    {
        { 1, 6, 3, 2 }, { 3, 7, 4, 2 }, { 40, 7, 3, 2 }, { 40, 9, 100, 3 }, { 100, 8, 0, 3 }, { 200, 5, 0, 2 },
    };

    [Theory]
    [MemberData(nameof(Forests))]
    public void Walks_end_at_the_same_leaves(int trees, int depth, int leaves, int placeBytes)
    {
        TreeForest forest = Forest(trees, depth, leaves);
        TreeWays ways = TreeWays.Of(forest)!;
        Assert.Null(ways.Fault());
        Assert.Equal(placeBytes, ways.PlaceBytes);
        Assert.Equal(forest.Leaves > 4096, ways.Bases is not null);
        var random = new Random(5);
        for (int i = 0; i < 50; i++)
        {
            double[] x = [.. Enumerable.Range(0, 6).Select(_ => i == 0 ? double.NaN : random.Next(-1, 41) / 2.0)];
            for (int tree = 0; tree < trees; tree++)
            {
                int node = forest.Roots[tree], at = ways.Roots[tree];
                while (node >= 0)
                {
                    bool yes = x[forest.Features[node]] <= forest.Thresholds[node];
                    Assert.Equal(ways.Tests.Number(forest, node), Place(ways, at).Number);
                    node = yes ? forest.Yes[node] : forest.No[node];
                    at += Place(ways, at).Way + (yes ? 1 : 0);
                }
                (int number, int way) = Place(ways, at);
                Assert.Equal(0, way);
                Assert.Equal(~node, ways.Leaves[number - ways.Tests.Count + (ways.Bases?[tree] ?? 0)]);
            }
        }
    }

    [Fact]
    public void Trees_that_lead_out_of_their_tables_are_found()
    {
        // Many leaves are numbered by tree: each tree's must lie within all.
        TreeWays ways = TreeWays.Of(Forest(100, 8, 0))!;
        int last = ways.Bases![^1];
        ways.Bases[^1] = last + 1;
        Assert.Equal("a leaf of tree 99 lies outside", ways.Fault());
        (ways.Bases[^1], ways.Bases[0]) = (last, -1);
        Assert.Equal("a leaf of tree 0 lies outside", ways.Fault());
        ways.Bases[0] = 0;
        Assert.Null(ways.Fault());
        ways.Roots[1]--;
        Assert.Contains("leads out of tree 0", ways.Fault(), StringComparison.Ordinal);

        TreeScores scores = TreeScores.Of(Forest(20, 4, 0), 0)!;
        Assert.Null(scores.Fault());
        Assert.Contains("a mark has tree 20 of 20", Damaged(scores.Marks, 0, 20), StringComparison.Ordinal);
        Assert.Contains($"and mask {scores.Masks.Length} of", Damaged(scores.Marks, 1, scores.Masks.Length), StringComparison.Ordinal);
        Assert.Contains("end before they begin", Damaged(scores.Starts, 1, scores.Marks.Length), StringComparison.Ordinal);
        Assert.Contains("tests have marks", Damaged(scores.Starts, scores.Tests.Count, 0), StringComparison.Ordinal);
        scores.Masks[0] = 0;
        Assert.Contains("a mask takes the last leaf", scores.Fault(), StringComparison.Ordinal);

        string Damaged(int[] table, int at, int value)
        {
            int right = table[at];
            table[at] = value;
            string? fault = scores.Fault();
            table[at] = right;
            return fault ?? "";
        }
    }

    [Fact]
    public void Places_are_fewer_than_branches_and_leaves()
    {
        TreeForest forest = Forest(40, 7, 3);
        TreeWays ways = TreeWays.Of(forest)!;
        Assert.InRange((ways.Places.Length - 1) / ways.PlaceBytes, 1, 1.4 * forest.Branches);
    }

    [Fact]
    public void One_deep_tree_of_many_tests_is_walked_with_thresholds()
    {
        Assert.Equal("TreeEnsemble", Kernel(2, 16));
        Assert.Equal("TreeWalk", Kernel(300, 6));
        Assert.Equal("TreeScorer", Kernel(300, 4));

        static string Kernel(int trees, int depth)
        {
            var forest = new RandomTrees(trees, new()
            {
                Trees = trees,
                Depth = depth,
                Features = 4,
                Modes = [0],
                TracksMissing = false,
                Threshold = r => (float)r.NextDouble(),
            });
            Graph graph = PassPipeline.Run(forest.Regressor(2, "SUM").Import());
            return Assert.Single(GraphLowerer.Lower(new(graph), new BoundaryOptions { ClassName = "E" }).Calls,
                c => c.Kernel.StartsWith("Tree", StringComparison.Ordinal)).Kernel;
        }
    }

    private static (int Number, int Way) Place(TreeWays ways, int at)
    {
        long place = 0;
        for (int b = ways.PlaceBytes - 1; b >= 0; b--)
            place = (place << 8) | ways.Places[(at * ways.PlaceBytes) + b];
        return ((int)(place & ((1 << ways.TestBits) - 1)), (int)(place >> ways.TestBits));
    }

    // Complete trees over six features with 40 thresholds each; leaves are one of a number, or all different where that is 0.
    private static TreeForest Forest(int trees, int depth, int leaves)
    {
        var random = new Random(trees);
        var (features, thresholds, yes, no) = (new List<int>(), new List<double>(), new List<int>(), new List<int>());
        int next = 0;
        int[] roots = [.. Enumerable.Range(0, trees).Select(_ => Grow(depth))];
        int count = leaves == 0 ? next : leaves;
        return new([.. features], [.. thresholds], [.. yes], [.. no], roots, [.. Enumerable.Range(0, count + 1)], new int[count],
            [.. Enumerable.Range(0, count).Select(i => (double)i)]);

        int Grow(int left)
        {
            if (left == 0)
                return ~(leaves == 0 ? next++ : random.Next(leaves));
            int node = features.Count;
            features.Add(random.Next(6));
            thresholds.Add(random.Next(40) / 2.0);
            yes.Add(0);
            no.Add(0);
            yes[node] = Grow(left - 1);
            no[node] = Grow(left - 1);
            return node;
        }
    }
}
