
namespace OptimizerBuild.Onnx.Expansions.MachineLearning;

/// <summary>
/// The trees of a TreeEnsembleClassifier or TreeEnsembleRegressor, whose attributes name the nodes by tree and number and say for each
/// where
/// it leads, and which weights leaves have.
/// </summary>
internal sealed class TreeTables
{
    private readonly ExpansionContext _context;
    private readonly string _stem;

    /// <param name="context">The node.</param>
    /// <param name="stem">How the attributes with the weights begin: <c>class</c> or <c>target</c>.</param>
    public TreeTables(ExpansionContext context, string stem)
    {
        _context = context;
        _stem = stem;
    }

    /// <summary>The trees in one form over the node's features.</summary>
    /// <param name="targets">The number of targets or classes.</param>
    /// <exception cref="Diagnostics.ModelException">The attributes are no trees.</exception>
    public TreeSource Read(int targets)
    {
        long[] trees = Ints("nodes_treeids"), nodes = Ints("nodes_nodeids"), features = Ints("nodes_featureids"),
            yes = Ints("nodes_truenodeids"), no = Ints("nodes_falsenodeids");
        string[] modes = _context.Node.Texts("nodes_modes") ?? [];
        double[] values = Reals(_context, "nodes_values");
        long[] missing = Ints("nodes_missing_value_tracks_true");
        int count = trees.Length;
        if (nodes.Length != count || features.Length != count || yes.Length != count || no.Length != count || modes.Length != count
            || values.Length != count || (missing.Length != 0 && missing.Length != count))
            throw _context.Invalid("its attributes nodes_… have different lengths");

        // Branches and leaves have numbers of their own.
        var places = new Dictionary<(long Tree, long Node), int>();
        (int branches, int leaves) = (0, 0);
        for (int i = 0; i < count; i++)
            if (!places.TryAdd((trees[i], nodes[i]), modes[i] == "LEAF" ? ~leaves++ : branches++))
                throw _context.Invalid($"its tree {trees[i]} has two nodes {nodes[i]}");
        var table = new List<TreeBranch>();
        var roots = new List<int>();
        for (int i = 0; i < count; i++)
        {
            if (i == 0 || trees[i] != trees[i - 1])
                roots.Add(places[(trees[i], nodes[i])]);
            if (modes[i] != "LEAF")
                table.Add(new(Test(modes[i]), features[i], values[i], missing.Length > 0 && missing[i] != 0,
                    Place(trees[i], yes[i]), Place(trees[i], no[i])));
        }
        return new(_context, table, roots, Weights(places, leaves, targets));

        int Place(long tree, long node) => places.TryGetValue((tree, node), out int place) ? place
            : throw _context.Invalid($"its tree {tree} has no node {node}, to which a branch leads");
    }

    /// <summary>Numbers that are a list of float32 or a tensor of float32 or double; none where neither is there.</summary>
    public static double[] Reals(ExpansionContext context, string name)
    {
        if (context.Node.TensorOf(name + "_as_tensor") is { } tensor)
            return TreeSource.Reals(context, tensor);
        return Array.ConvertAll(context.Node.Floats(name) ?? [], v => (double)v);
    }

    private List<(int Target, double Weight)>[] Weights(Dictionary<(long Tree, long Node), int> places, int leaves, int targets)
    {
        long[] trees = Ints(_stem + "_treeids"), nodes = Ints(_stem + "_nodeids"), ids = Ints(_stem + "_ids");
        double[] weights = Reals(_context, _stem + "_weights");
        if (nodes.Length != trees.Length || ids.Length != trees.Length || weights.Length != trees.Length)
            throw _context.Invalid($"its attributes {_stem}_… have different lengths");
        var found = new List<(int Target, double Weight)>[leaves];
        for (int i = 0; i < leaves; i++)
            found[i] = [];
        for (int i = 0; i < trees.Length; i++)
        {
            if (!places.TryGetValue((trees[i], nodes[i]), out int place))
                throw _context.Invalid($"its tree {trees[i]} has no node {nodes[i]}, for which there is a weight");
            if (ids[i] < 0 || ids[i] >= targets)
                throw _context.Invalid($"it has a weight for number {ids[i]} of {targets}");
            if (place < 0)
                found[~place].Add(((int)ids[i], weights[i]));
        }
        return found;
    }

    private long[] Ints(string name) => _context.Node.Ints(name) ?? [];

    private TreeTest Test(string mode) => mode switch
    {
        "BRANCH_LEQ" => TreeTest.LessOrEqual,
        "BRANCH_LT" => TreeTest.Less,
        "BRANCH_GTE" => TreeTest.GreaterOrEqual,
        "BRANCH_GT" => TreeTest.Greater,
        "BRANCH_EQ" => TreeTest.Equal,
        "BRANCH_NEQ" => TreeTest.NotEqual,
        _ => throw _context.Invalid($"its nodes_modes hold '{mode}'"),
    };
}
