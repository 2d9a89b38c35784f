using System.Globalization;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Lowering.Float32;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Trees;

namespace OptimizerBuild.Lowering.Trees;

/// <summary>Decision trees: places and leaves packed into the weights, one step over all rows.</summary>
[Lowers(LoweringForm.Native, typeof(TreeEnsembleOperator))]
internal sealed class TreeEnsembleLowering : NodeLowering
{
    // Weights of leaves with a place for every target.
    private const long MostScored = 1 << 20;

    // Below this share of weights that are there, leaves name their targets.
    private const double DenseFrom = 0.4;

    // Tests that may be answered before for each branch that a walk comes to: one costs a lane of a vector, a branch several instructions.
    private const int MostTests = 4;

    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage input = context.Dense(node, context.Read(node, node.Inputs[0]));
        Storage output = context.Create(node.Outputs[0]);
        if (output.Count == 0)
            return;
        TreeForest forest = TreeForest.Of(OperatorContext.Of(context.Graph, node));
        int before = context.Weights.Length;
        string form = Lower(context, node, forest, input, output);
        context.Trees.Add(new(node.Name, form, node.Inputs.Skip(1).Sum(i => context.Graph.Constant(i) is { } table
            ? (long)table.Count * table.Element.Size() : 0), context.Weights.Length - before));
    }

    private static string Lower(LoweringContext context, Node node, TreeForest forest, Storage input, Storage output)
    {
        int targets = output.Dimensions[1];
        if (TreeEnsembleOperator.Aggregate(node) == TreeAggregate.Sum && (long)forest.Leaves * targets <= MostScored)
        {
            TreeLeaves leaves = TreeLeaves.Of(forest, targets, input.Element == ElementType.Float32);
            if (TreeScores.Of(forest, leaves.IsRows ? forest.Leaves : 0) is { } scores)
            {
                if (scores.Fault() is { } fault)
                    throw new InvalidOperationException($"the trees of '{node.Name}' are packed wrongly: {fault}");
                Score(context, node, forest, leaves, scores, input, output);
                return string.Create(CultureInfo.InvariantCulture,
                    $"bits of leaves, {scores.Tests.Count} thresholds for {forest.Branches} branches") + Steps(leaves);
            }
            if ((!leaves.IsRows || TreeLeaves.IsDense(forest, targets, DenseFrom)) && TreeWays.Of(forest) is { } ways
                && ways.Tests.Count <= MostTests * forest.Depths().Sum(d => (long)d))
            {
                Look(context, node, forest, leaves, ways, input, output);
                return string.Create(CultureInfo.InvariantCulture,
                    $"{ways.Tests.Count} tests answered before walks over {forest.Branches} branches, {ways.PlaceBytes} bytes a place")
                    + Steps(leaves);
            }
        }
        Walk(context, node, forest, input, output);
        return string.Create(CultureInfo.InvariantCulture, $"walks over {forest.Branches} branches with thresholds of their own");
    }

    private static void Walk(LoweringContext context, Node node, TreeForest forest, Storage input, Storage output)
    {
        (int features, int targets) = (input.Dimensions[1], output.Dimensions[1]);
        TreePacking packing = TreePacking.Of(forest, input.Element);
        if (packing.Fault(features, forest.Leaves) is { } fault)
            throw new InvalidOperationException($"the trees of '{node.Name}' are packed wrongly: {fault}");
        TreeAggregate aggregate = TreeEnsembleOperator.Aggregate(node);
        bool single = input.Element == ElementType.Float32;

        // A weight of 0 may stand for one that is not there in sums only.
        bool dense = TreeLeaves.IsDense(forest, targets, aggregate == TreeAggregate.Sum ? DenseFrom : 1);
        double[] weights = dense ? Filled(forest, targets) : forest.Weights;
        string method = single ? nameof(TreeEnsemble.Float32) : nameof(TreeEnsemble.Float64);
        context.Step(nameof(TreeEnsemble), method, node, Description(forest, input, output, ""))
            .Operand("input", input)
            .Write("output", output)
            .Int("slots", context.Weights.Add<byte>(packing.Slots))
            .Int("slotBytes", packing.SlotBytes)
            .Int("roots", context.Weights.Add<int>(packing.Roots))
            .Int("weights", single ? context.Weights.Add<float>(Array.ConvertAll(weights, v => (float)v))
                : context.Weights.Add<double>(weights))
            .Int("starts", dense ? -1 : context.Weights.Add<int>(forest.Starts))
            .Int("ids", dense ? -1 : context.Weights.Add<int>(forest.Targets))
            .Int("rows", input.Dimensions[0])
            .Int("features", features)
            .Int("trees", forest.Roots.Length)
            .Int("targets", targets)
            .Int("aggregate", aggregate switch
            {
                TreeAggregate.Minimum => TreeEnsemble.Minimum,
                TreeAggregate.Maximum => TreeEnsemble.Maximum,
                _ => TreeEnsemble.Sum,
            });
    }

    private static void Score(
        LoweringContext context, Node node, TreeForest forest, TreeLeaves leaves, TreeScores scores, Storage input, Storage output)
    {
        int[] places = scores.Places(l => l + 1);
        bool isShort = forest.Roots.Length <= 256 && scores.Masks.Length <= 256 && (!leaves.IsRows || forest.Leaves <= 256);
        bool isNear = scores.Starts[^1] <= ushort.MaxValue;
        int[] numbers = Array.ConvertAll(places, p => Math.Max(p - 1, 0));
        IReadOnlyList<int> listed = leaves.IsRows ? [.. Enumerable.Range(0, forest.Leaves)] : Array.ConvertAll(places, p => p - 1);
        context.Step(nameof(TreeScorer), Method(input, leaves), node,
                Description(forest, input, output, $"{scores.Tests.Count} thresholds" + Steps(leaves)))
            .Operand("input", input)
            .Write("output", output)
            .Int("columns", context.Weights.Add<int>(scores.Tests.Columns))
            .Int("thresholds", Thresholds(context, input, scores.Tests))
            .Int("starts", isNear ? context.Weights.Add<ushort>(Array.ConvertAll(scores.Starts, s => (ushort)s))
                : context.Weights.Add<int>(scores.Starts))
            .Int("startBytes", isNear ? 2 : 4)
            .Int("marks", Numbers(scores.Marks))
            .Int("markBytes", isShort ? 1 : 2)
            .Int("masks", context.Weights.Add<uint>(scores.Masks))
            .Int("numbers", leaves.IsRows ? Numbers(numbers) : -1)
            .Int("weights", Weights(context, input, leaves, listed))
            .Int("names", leaves.Names is { } names ? context.Weights.Add<int>(names) : -1)
            .Real("scale", (float)(leaves.Step ?? 1))
            .Int("rows", input.Dimensions[0])
            .Int("features", input.Dimensions[1])
            .Int("tested", scores.Tests.Columns.Length / 3)
            .Int("trees", forest.Roots.Length)
            .Int("targets", output.Dimensions[1])
            .Int("most", scores.Most);

        int Numbers(int[] values) => isShort ? context.Weights.Add<byte>(Array.ConvertAll(values, v => (byte)v))
            : context.Weights.Add<ushort>(Array.ConvertAll(values, v => (ushort)v));
    }

    private static void Look(
        LoweringContext context, Node node, TreeForest forest, TreeLeaves leaves, TreeWays ways, Storage input, Storage output)
    {
        if (ways.Fault() is { } fault)
            throw new InvalidOperationException($"the trees of '{node.Name}' are packed wrongly: {fault}");
        context.Step(nameof(TreeWalk), Method(input, leaves), node, Description(forest, input, output, string.Create(
                CultureInfo.InvariantCulture, $"{ways.Tests.Count} tests, places of {ways.PlaceBytes} bytes") + Steps(leaves)))
            .Operand("input", input)
            .Write("output", output)
            .Int("columns", context.Weights.Add<int>(ways.Tests.Columns))
            .Int("thresholds", Thresholds(context, input, ways.Tests))
            .Int("places", context.Weights.Add<byte>(ways.Places))
            .Int("placeBytes", ways.PlaceBytes)
            .Int("testBits", ways.TestBits)
            .Int("roots", context.Weights.Add<int>(ways.Roots))
            .Int("bases", ways.Bases is { } bases ? context.Weights.Add<int>(bases) : -1)
            .Int("weights", Weights(context, input, leaves, ways.Leaves))
            .Int("names", leaves.Names is { } names ? context.Weights.Add<int>(names) : -1)
            .Real("scale", (float)(leaves.Step ?? 1))
            .Int("rows", input.Dimensions[0])
            .Int("features", input.Dimensions[1])
            .Int("tested", ways.Tests.Columns.Length / 3)
            .Int("tests", ways.Tests.Count)
            .Int("leaves", ways.LeafNumbers)
            .Int("trees", forest.Roots.Length)
            .Int("targets", output.Dimensions[1]);
    }

    private static string Method(Storage input, TreeLeaves leaves) => input.Element == ElementType.Float64 ? nameof(TreeWalk.Float64)
        : leaves.Step is null ? nameof(TreeWalk.Float32) : nameof(TreeWalk.Int16);

    private static string Steps(TreeLeaves leaves) => leaves.Step is null ? "" : ", leaves as 16-bit integers";

    private static string Description(TreeForest forest, Storage input, Storage output, string form) =>
        $"{NativeSteps.Text(input)} → {NativeSteps.Text(output)}, {forest.Roots.Length} trees of {forest.Branches} branches"
        + (form.Length > 0 ? ", " + form : "");

    private static int Thresholds(LoweringContext context, Storage input, TreeTests tests) => input.Element == ElementType.Float64
        ? context.Weights.Add<double>(tests.ThresholdsAs(t => t)) : context.Weights.Add<float>(tests.ThresholdsAs(t => (float)t));

    private static int Weights(LoweringContext context, Storage input, TreeLeaves leaves, IReadOnlyList<int> listed) =>
        input.Element == ElementType.Float64 ? context.Weights.Add<double>(leaves.Weights(listed, v => v))
        : leaves.Step is { } step ? context.Weights.Add<short>(leaves.Weights(listed, v => (short)(v / step)))
        : context.Weights.Add<float>(leaves.Weights(listed, v => (float)v));

    private static double[] Filled(TreeForest forest, int targets)
    {
        var filled = new double[forest.Leaves * targets];
        for (int leaf = 0; leaf < forest.Leaves; leaf++)
            for (int i = forest.Starts[leaf]; i < forest.Starts[leaf + 1]; i++)
                filled[(leaf * targets) + forest.Targets[i]] = forest.Weights[i];
        return filled;
    }
}
