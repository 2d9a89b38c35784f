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

    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage input = context.Dense(node, context.Read(node, node.Inputs[0]));
        Storage output = context.Create(node.Outputs[0]);
        if (output.Count == 0)
            return;
        TreeForest forest = TreeForest.Of(OperatorContext.Of(context.Graph, node));
        (int features, int targets) = (input.Dimensions[1], output.Dimensions[1]);
        if (input.Element == ElementType.Float32 && TreeEnsembleOperator.Aggregate(node) == TreeAggregate.Sum
            && (long)forest.Leaves * targets <= MostScored && TreeScores.Of(forest, features) is { } scores)
        {
            Score(context, node, forest, scores, input, output);
            return;
        }
        TreePacking packing = TreePacking.Of(forest, input.Element);
        if (packing.Fault(features, forest.Leaves) is { } fault)
            throw new InvalidOperationException($"the trees of '{node.Name}' are packed wrongly: {fault}");
        TreeAggregate aggregate = TreeEnsembleOperator.Aggregate(node);
        bool single = input.Element == ElementType.Float32;

        // A weight of 0 may stand for one that is not there in sums only.
        bool dense = aggregate == TreeAggregate.Sum
            ? forest.Weights.Length >= DenseFrom * forest.Leaves * targets
            : forest.Weights.Length == (long)forest.Leaves * targets;
        double[] weights = dense ? Filled(forest, targets) : forest.Weights;
        string method = single ? nameof(TreeEnsemble.Float32) : nameof(TreeEnsemble.Float64);
        context.Step(nameof(TreeEnsemble), method, node,
                $"{NativeSteps.Text(input)} → {NativeSteps.Text(output)}, {forest.Roots.Length} trees of {forest.Branches} branches")
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
        LoweringContext context, Node node, TreeForest forest, TreeScores scores, Storage input, Storage output)
    {
        int targets = output.Dimensions[1], width = (targets + 3) & ~3;
        double[] filled = Filled(forest, targets);
        var rows = new float[targets == 1 ? 0 : forest.Leaves * width];
        for (int i = 0; i < filled.Length && rows.Length > 0; i++)
            rows[(i / targets * width) + (i % targets)] = (float)filled[i];
        context.Step(nameof(TreeScorer), nameof(TreeScorer.Run), node,
                $"{NativeSteps.Text(input)} → {NativeSteps.Text(output)}, {forest.Roots.Length} trees of {scores.Thresholds.Length} "
                + "branches")
            .Operand("input", input)
            .Write("output", output)
            .Int("bounds", context.Weights.Add<int>(scores.Bounds))
            .Int("thresholds", context.Weights.Add<float>(scores.Thresholds))
            .Int("marks", context.Weights.Add<uint>(scores.Marks))
            .Int("leaves", targets == 1 ? context.Weights.Add<float>(scores.Places(l => (float)filled[l]))
                : context.Weights.Add<int>(scores.Places(l => l)))
            .Int("weights", context.Weights.Add<float>(rows))
            .Int("rows", input.Dimensions[0])
            .Int("features", input.Dimensions[1])
            .Int("trees", forest.Roots.Length)
            .Int("targets", targets)
            .Int("most", scores.Most);
    }

    private static double[] Filled(TreeForest forest, int targets)
    {
        var filled = new double[forest.Leaves * targets];
        for (int leaf = 0; leaf < forest.Leaves; leaf++)
            for (int i = forest.Starts[leaf]; i < forest.Starts[leaf + 1]; i++)
                filled[(leaf * targets) + forest.Targets[i]] = forest.Weights[i];
        return filled;
    }
}
