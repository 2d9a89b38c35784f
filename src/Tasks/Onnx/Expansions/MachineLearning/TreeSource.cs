using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Trees;

namespace OptimizerBuild.Onnx.Expansions.MachineLearning;

/// <summary>The trees of a node as its file has them.</summary>
/// <param name="context">The node; its first input are the features.</param>
/// <param name="branches">The branches.</param>
/// <param name="roots">Where the walks of the trees begin.</param>
/// <param name="leaves">The weights of each leaf with their targets.</param>
internal sealed class TreeSource(ExpansionContext context, IReadOnlyList<TreeBranch> branches, IReadOnlyList<int> roots,
    IReadOnlyList<IReadOnlyList<(int Target, double Weight)>> leaves)
{
    private HashSet<int>? _always;

    /// <summary>The weights of each leaf with their targets.</summary>
    public IReadOnlyList<IReadOnlyList<(int Target, double Weight)>> Leaves => leaves;

    /// <summary>The node's features as rows of real numbers; integers are compared as float32.</summary>
    public static string Rows(ExpansionContext context)
    {
        TensorType type = context.Type(0);
        string x = context.Cast(context[0], type.Element == ElementType.Float64 ? ElementType.Float64 : ElementType.Float32);
        return type.Rank switch
        {
            2 => x,
            1 => context.Reshape(x, 1, type.Dimensions[0]),
            _ => throw context.Invalid($"its input is {type} instead of rows of features"),
        };
    }

    /// <summary>Adds the operator that walks the trees: what they give for each target in the features' element type, without base
    /// values.</summary>
    /// <param name="rows">The features, of two dimensions.</param>
    /// <param name="targets">The number of targets.</param>
    /// <param name="aggregate">SUM, AVERAGE, MIN or MAX.</param>
    public string Aggregate(string rows, int targets, string aggregate)
    {
        ElementType element = context.TypeOf(rows).Element;
        if (aggregate is not ("MIN" or "MAX"))
        {
            string sum = Walk(rows, leaves, targets, TreeAggregate.Sum);
            return aggregate == "AVERAGE" ? context.Add("Div", sum, context.Scalar(element, roots.Count)) : sum;
        }
        if (leaves.Any(l => l.Any(w => !double.IsFinite(w.Weight))))
            throw context.Unsupported("finite weights of which the least or greatest is taken");

        // Targets of which no leaf says anything are 0.
        bool least = aggregate == "MIN";
        string extreme = Walk(rows, leaves, targets, least ? TreeAggregate.Minimum : TreeAggregate.Maximum);
        string none = context.Scalar(element, least ? double.PositiveInfinity : double.NegativeInfinity);
        return context.Add("Where", context.Add("Equal", extreme, none), context.Scalar(element, 0), extreme);
    }

    /// <summary>Adds the operator that finds which targets some leaf that a row reaches has a weight for: booleans [rows,
    /// targets].</summary>
    /// <param name="rows">The features, of two dimensions.</param>
    /// <param name="targets">The number of targets.</param>
    public string IsNamed(string rows, int targets)
    {
        List<(int Target, double Weight)>[] ones = [.. leaves.Select(l => l.Select(w => (w.Target, 1.0)).Distinct().ToList())];
        return context.Add("Greater", Walk(rows, ones, targets, TreeAggregate.Sum), context.Scalar(context.TypeOf(rows).Element, 0));
    }

    /// <summary>Whether no leaf has a weight for a target.</summary>
    public bool NeverNames(int target) => !leaves.Any(l => l.Any(w => w.Target == target));

    /// <summary>Whether in some tree all leaves have a weight for a target, so that every row reaches one.</summary>
    public bool AlwaysNames(int target) => (_always ??= Always()).Contains(target);

    /// <summary>Whether every row reaches leaves with weights for all targets.</summary>
    public bool AlwaysNamesAll(int targets) => Enumerable.Range(0, targets).All(AlwaysNames);

    /// <summary>Scores, of which each column gets a number more, but for targets of which no leaf that the row reaches says anything, as
    /// in ONNX Runtime.</summary>
    /// <param name="rows">The features, of two dimensions.</param>
    /// <param name="scores">The scores: [rows, targets].</param>
    /// <param name="summands">One number for each target.</param>
    public string Plus(string rows, string scores, double[] summands)
    {
        ElementType element = context.TypeOf(scores).Element;
        string sum = context.Add("Add", scores, context.Cast(context.Add(Tensor.Of(summands, summands.Length)), element));
        return summands.Length == 1 || AlwaysNamesAll(summands.Length) ? sum
            : context.Add("Where", IsNamed(rows, summands.Length), sum, context.Scalar(element, 0));
    }

    /// <summary>What a regressor's scores become in the end. A single one is transformed by PROBIT only, as in ONNX Runtime.</summary>
    public static string Transformed(ExpansionContext context, string scores, int targets, string transform) =>
        targets == 1 && transform != "PROBIT" ? scores : LinearModels.Transformed(context, scores, transform);

    /// <summary>Numbers that are a tensor of float32 or double.</summary>
    public static double[] Reals(ExpansionContext context, Tensor tensor) => tensor.Element switch
    {
        ElementType.Float64 => tensor.Values<double>(),
        ElementType.Float32 => Array.ConvertAll(tensor.Values<float>(), v => (double)v),
        ElementType.Float16 => Array.ConvertAll(tensor.Values<Half>(), v => (double)v),
        _ => throw context.Invalid($"one of its tensors is {tensor.Type} instead of real numbers"),
    };

    private string Walk(
        string rows, IReadOnlyList<IReadOnlyList<(int Target, double Weight)>> weights, int targets, TreeAggregate aggregate)
    {
        TensorType type = context.TypeOf(rows);
        int features = type.Dimensions[1];
        foreach (TreeBranch branch in branches)
            if (branch.Feature < 0 || branch.Feature >= features)
                throw context.Invalid($"one of its branches looks at feature {branch.Feature} of {features}");
        context.Elements(type.Dimensions[0], targets);
        TreeForest forest = TreeNormalisation.Run(branches, roots, weights, features, type.Element == ElementType.Float32)
            ?? throw context.Invalid("one of its branches leads back to itself");
        string walked = forest.Features.Any(f => f >= features)
            ? context.Add(ExpansionContext.New("Concat", rows, context.Add("Neg", rows)).With("axis", 1)) : rows;
        return context.Add(TreeEnsembleOperator.New(
            [walked, .. forest.Tensors(type.Element).Select(context.Add)], targets, aggregate));
    }

    private const long MostVisited = 50_000_000;

    // Of a branch that leads back to itself the walk over the trees tells.
    private HashSet<int> Always()
    {
        var found = new HashSet<int>();
        // Trees that share their branches are walked again for each root; what is not known in the end is treated as not always there.
        long left = MostVisited;
        foreach (int root in roots)
        {
            HashSet<int>? common = null;
            var seen = new HashSet<int>();
            var open = new Stack<int>([root]);
            while (open.TryPop(out int node))
            {
                if (!seen.Add(node))
                    continue;
                if (--left < 0)
                    return found;
                if (node >= 0)
                {
                    open.Push(branches[node].Yes);
                    open.Push(branches[node].No);
                }
                else if (common is null)
                {
                    common = [.. leaves[~node].Select(w => w.Target)];
                }
                else
                {
                    common.IntersectWith(leaves[~node].Select(w => w.Target));
                }
            }
            found.UnionWith(common ?? []);
        }
        return found;
    }
}
