using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Lookup;

namespace OptimizerBuild.Onnx.Expansions.MachineLearning;

/// <summary>
/// TreeEnsemble (ai.onnx.ml, version 5): what decision trees say of a row of features, combined for each target. Branches have numbers of
/// their own, and so have leaves, of which each has a weight for one target.
/// </summary>
[RewrittenOperator("TreeEnsemble", Domain = LabelEncoderOperator.MlDomain)]
[Input(0, "X", Elements.Floats)]
[Output(0, "Y")]
[Parameter("aggregate_function", ParameterKind.Int, Minimum = 0)]
[Parameter("leaf_targetids", ParameterKind.Ints, Required = true)]
[Parameter("leaf_weights", ParameterKind.Tensor, Required = true)]
[Parameter("membership_values", ParameterKind.Tensor)]
[Parameter("n_targets", ParameterKind.Int, Required = true, Minimum = 1)]
[Parameter("nodes_falseleafs", ParameterKind.Ints, Required = true)]
[Parameter("nodes_falsenodeids", ParameterKind.Ints, Required = true)]
[Parameter("nodes_featureids", ParameterKind.Ints, Required = true)]
[Parameter("nodes_hitrates", ParameterKind.Tensor)]
[Parameter("nodes_missing_value_tracks_true", ParameterKind.Ints)]
[Parameter("nodes_modes", ParameterKind.Tensor, Required = true)]
[Parameter("nodes_splits", ParameterKind.Tensor, Required = true)]
[Parameter("nodes_trueleafs", ParameterKind.Ints, Required = true)]
[Parameter("nodes_truenodeids", ParameterKind.Ints, Required = true)]
[Parameter("post_transform", ParameterKind.Int, Minimum = 0)]
[Parameter("tree_roots", ParameterKind.Ints, Required = true)]
internal sealed class TreeEnsembleExpansion : Expansion
{
    private static readonly string[] Aggregates = ["AVERAGE", "SUM", "MIN", "MAX"];
    private static readonly string[] Transforms = ["NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"];

    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        int targets = context.Elements(context.Node.Int("n_targets", 1));
        ElementType element = context.Type(0).Element;
        string scores = Read(context, targets).Aggregate(TreeSource.Rows(context), targets, Choice("aggregate_function", Aggregates, 1));
        string transform = Choice("post_transform", Transforms, 0);
        if (transform != "NONE")
            scores = TreeSource.Transformed(context, context.Cast(scores, ElementType.Float32), targets, transform);
        context.Return(0, context.Cast(scores, element));

        string Choice(string attribute, string[] names, long otherwise) => context.Node.Int(attribute, otherwise) is var n
            && n < names.Length ? names[n] : throw context.Invalid($"its {attribute} is {n}, but must be at most {names.Length - 1}");
    }

    private static TreeSource Read(ExpansionContext context, int targets)
    {
        long[] features = Ints("nodes_featureids"), yes = Ints("nodes_truenodeids"), no = Ints("nodes_falsenodeids"),
            yesIsLeaf = Ints("nodes_trueleafs"), noIsLeaf = Ints("nodes_falseleafs"), missing = Ints("nodes_missing_value_tracks_true"),
            ids = Ints("leaf_targetids"), roots = Ints("tree_roots");
        double[] splits = Reals("nodes_splits"), weights = Reals("leaf_weights");
        int count = features.Length;
        if (context.Node.TensorOf("nodes_modes") is not { Element: ElementType.UInt8 } modes)
            throw context.Invalid("its nodes_modes are not a tensor of uint8");
        if (modes.Count != count || splits.Length != count || yes.Length != count || no.Length != count || yesIsLeaf.Length != count
            || noIsLeaf.Length != count || (missing.Length != 0 && missing.Length != count) || weights.Length != ids.Length)
            throw context.Invalid("its attributes nodes_… or leaf_… have different lengths");
        if (ids.Any(i => i < 0 || i >= targets))
            throw context.Invalid($"it has a leaf for a target beyond the {targets} that there are");
        double[][] sets = Sets(context.Node.TensorOf("membership_values") is null ? [] : Reals("membership_values"));
        int set = 0;
        var branches = new TreeBranch[count];
        for (int i = 0; i < count; i++)
        {
            var test = (TreeTest)modes.Values<byte>()[i];
            if (!Enum.IsDefined(test))
                throw context.Invalid($"its nodes_modes hold {(int)test}");
            branches[i] = new(test, features[i], splits[i], missing.Length > 0 && missing[i] != 0,
                Place(yes[i], yesIsLeaf[i] != 0), Place(no[i], noIsLeaf[i] != 0));
            if (test == TreeTest.Member)
                branches[i] = branches[i] with
                {
                    Members = set < sets.Length ? sets[set++] : throw context.Invalid("its membership_values are fewer than its sets"),
                };
        }
        return new(context, branches, [.. roots.Select(r => Place(r, false))],
            [.. weights.Zip(ids, (w, t) => ((int Target, double Weight)[])[((int)t, w)])]);

        long[] Ints(string name) => context.Node.Ints(name) ?? [];

        double[] Reals(string name) => TreeSource.Reals(context, context.Node.TensorOf(name)!);

        int Place(long number, bool isLeaf) => number < 0 || number >= (isLeaf ? weights.Length : count)
            ? throw context.Invalid($"there is no {(isLeaf ? "leaf" : "branch")} {number}, to which one of its branches or roots leads")
            : isLeaf ? ~(int)number : (int)number;
    }

    // Sets in the order of the branches that have one, a NaN behind each.
    private static double[][] Sets(double[] values)
    {
        var sets = new List<double[]>();
        int start = 0;
        for (int i = 0; i < values.Length; i++)
        {
            if (!double.IsNaN(values[i]))
                continue;
            sets.Add(values[start..i]);
            start = i + 1;
        }
        if (start < values.Length)
            sets.Add(values[start..]);
        return [.. sets];
    }
}
