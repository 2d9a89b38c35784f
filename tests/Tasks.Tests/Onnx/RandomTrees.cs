using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx.Schema;

namespace OptimizerBuild.Onnx;

/// <summary>
/// A forest of random shape with tests of every kind, as the attributes of the three operators of <c>ai.onnx.ml</c>, and what it gives for
/// a
/// row by plain recursion.
/// </summary>
internal sealed class RandomTrees
{
    private static readonly string[] Modes = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"];

    private readonly Random _random;
    private readonly TreeShape _shape;
    private readonly List<Node> _roots = [];

    /// <param name="seed">The seed.</param>
    /// <param name="shape">What the forest is like.</param>
    public RandomTrees(int seed, TreeShape shape)
    {
        _random = new(seed);
        _shape = shape;
        for (int t = 0; t < shape.Trees; t++)
            _roots.Add(Grow(shape.HasLeafTrees && _random.Next(4) == 0 ? 0 : shape.Depth));
    }

    /// <summary>Numbers among which features and thresholds are, so that many are equal.</summary>
    public double[] Numbers { get; } = [-2, -1, -0.5, 0, -0.0, 0.1, 0.3, 1, 1.0000001, 3, double.PositiveInfinity, double.NegativeInfinity];

    /// <summary>Rows of features: numbers at thresholds, next to them, and NaN.</summary>
    public Tensor Rows(int rows) => _shape.IsDouble
        ? Tensor.Of([.. Enumerable.Range(0, rows * _shape.Features).Select(_ => Feature())], rows, _shape.Features)
        : Tensor.Of([.. Enumerable.Range(0, rows * _shape.Features).Select(_ => (float)Feature())], rows, _shape.Features);

    /// <summary>The model with TreeEnsembleRegressor.</summary>
    public ModelBuilder Regressor(int rows, string aggregate, params (string, object)[] more) =>
        Model("TreeEnsembleRegressor", rows, "y", 3,
            [.. Nodes("target"), ("n_targets", _shape.Targets), ("aggregate_function", aggregate), .. more]);

    /// <summary>The model with TreeEnsembleClassifier.</summary>
    public ModelBuilder Classifier(int rows, params (string, object)[] more) =>
        Model("TreeEnsembleClassifier", rows, "label,scores", 3, [.. Nodes("class"), .. more]);

    /// <summary>The model with TreeEnsemble of version 5: every leaf has a weight for one target.</summary>
    public ModelBuilder Ensemble(int rows, int aggregate)
    {
        var branches = new List<Node>();
        var leaves = new List<Node>();
        foreach (Node root in _roots)
            Collect(root);
        Node[] members = [.. branches.Where(b => b.Mode == 6)];
        List<(string, object)> attributes =
        [
            ("aggregate_function", aggregate), ("n_targets", _shape.Targets),
            ("tree_roots", Longs(_roots.Select(r => branches.IndexOf(r)))),
            ("nodes_featureids", Longs(branches.Select(b => b.Feature))),
            ("nodes_modes", Tensor.Of([.. branches.Select(b => (byte)b.Mode)], branches.Count)),
            ("nodes_splits", Reals(branches.Select(b => b.Threshold))),
            ("nodes_missing_value_tracks_true", Longs(branches.Select(b => b.MissingIsTrue ? 1 : 0))),
            ("nodes_trueleafs", Longs(branches.Select(b => b.Yes!.IsLeaf ? 1 : 0))),
            ("nodes_truenodeids", Longs(branches.Select(b => Place(b.Yes!)))),
            ("nodes_falseleafs", Longs(branches.Select(b => b.No!.IsLeaf ? 1 : 0))),
            ("nodes_falsenodeids", Longs(branches.Select(b => Place(b.No!)))),
            ("leaf_targetids", Longs(leaves.Select(l => l.Weights[0].Target))),
            ("leaf_weights", Reals(leaves.Select(l => l.Weights[0].Weight))),
        ];
        if (members.Length > 0)
            attributes.Add(("membership_values", Reals(members.SelectMany(m => m.Members!.Append(double.NaN)))));
        return Model("TreeEnsemble", rows, "y", 5, [.. attributes]);

        int Place(Node node) => node.IsLeaf ? leaves.IndexOf(node) : branches.IndexOf(node);

        void Collect(Node node)
        {
            (node.IsLeaf ? leaves : branches).Add(node);
            if (node.IsLeaf)
                return;
            Collect(node.Yes!);
            Collect(node.No!);
        }
    }

    /// <summary>What the trees give for each row and target, in the features' type, without base values.</summary>
    public double[] Expected(Tensor rows, string aggregate)
    {
        double[] x = _shape.IsDouble ? rows.Values<double>() : Array.ConvertAll(rows.Values<float>(), v => (double)v);
        var y = new double[rows.Dimensions[0] * _shape.Targets];
        for (int row = 0; row < rows.Dimensions[0]; row++)
        {
            var seen = new bool[_shape.Targets];
            foreach (Node root in _roots)
            {
                Node node = root;
                while (!node.IsLeaf)
                    node = Holds(node, x[(row * _shape.Features) + node.Feature]) ? node.Yes! : node.No!;
                foreach ((int target, double weight) in node.Weights)
                {
                    ref double sum = ref y[(row * _shape.Targets) + target];
                    sum = aggregate switch
                    {
                        "MIN" => seen[target] ? Math.Min(sum, weight) : weight,
                        "MAX" => seen[target] ? Math.Max(sum, weight) : weight,
                        _ => Rounded(sum + weight),
                    };
                    seen[target] = true;
                }
            }
        }
        return aggregate == "AVERAGE" ? Array.ConvertAll(y, v => Rounded(v / _shape.Trees)) : y;
    }

    private double Rounded(double value) => _shape.IsDouble ? value : (float)value;

    private static bool Holds(Node node, double x) => (node.MissingIsTrue && double.IsNaN(x)) || node.Mode switch
    {
        0 => x <= node.Threshold,
        1 => x < node.Threshold,
        2 => x >= node.Threshold,
        3 => x > node.Threshold,
        4 => x == node.Threshold,
        5 => x != node.Threshold,
        _ => node.Members!.Any(m => m == x),
    };

    private double Feature()
    {
        double number = Numbers[_random.Next(Numbers.Length)];
        return _random.Next(8) switch
        {
            0 => double.NaN,
            1 when _shape.IsDouble => Math.BitIncrement(number),
            1 => MathF.BitIncrement((float)number),
            2 when _shape.IsDouble => Math.BitDecrement(number),
            2 => MathF.BitDecrement((float)number),
            _ => number,
        };
    }

    private double Number() => _shape.IsDouble ? Numbers[_random.Next(Numbers.Length)] : (float)Numbers[_random.Next(Numbers.Length)];

    private Node Grow(int depth)
    {
        if (depth == 0 || (depth < _shape.Depth && _random.Next(4) == 0))
            return new() { Weights = [.. _shape.Names(_random).Distinct().Select(t => (t, Rounded(_shape.Weight(_random))))] };
        int mode = _shape.Modes[_random.Next(_shape.Modes.Length)];
        return new()
        {
            Mode = mode,
            Feature = _random.Next(_shape.Features),
            Threshold = _shape.Threshold is { } threshold ? threshold(_random) : Number(),
            MissingIsTrue = _shape.TracksMissing && _random.Next(2) == 0,
            Members = mode == 6 ? [.. Enumerable.Range(0, 1 + _random.Next(4)).Select(_ => Number())] : null,
            Yes = Grow(depth - 1),
            No = Grow(depth - 1),
        };
    }

    private (string, object)[] Nodes(string stem)
    {
        var nodes = new List<(int Tree, int Number, Node Node, int Yes, int No)>();
        for (int t = 0; t < _roots.Count; t++)
        {
            int next = 0;
            Add(t, _roots[t]);

            int Add(int tree, Node node)
            {
                int number = next++, at = nodes.Count;
                nodes.Add((tree, number, node, 0, 0));
                if (!node.IsLeaf)
                    nodes[at] = (tree, number, node, Add(tree, node.Yes!), Add(tree, node.No!));
                return number;
            }
        }
        var weights = nodes.SelectMany(n => n.Node.Weights.Select(w => (n.Tree, n.Number, w.Target, w.Weight))).ToArray();
        return
        [
            ("nodes_treeids", Longs(nodes.Select(n => n.Tree))), ("nodes_nodeids", Longs(nodes.Select(n => n.Number))),
            ("nodes_featureids", Longs(nodes.Select(n => n.Node.Feature))),
            ("nodes_modes", nodes.Select(n => n.Node.IsLeaf ? "LEAF" : Modes[n.Node.Mode]).ToArray()),
            Numbered("nodes_values", nodes.Select(n => n.Node.Threshold)),
            ("nodes_truenodeids", Longs(nodes.Select(n => n.Yes))), ("nodes_falsenodeids", Longs(nodes.Select(n => n.No))),
            ("nodes_missing_value_tracks_true", Longs(nodes.Select(n => n.Node.MissingIsTrue ? 1 : 0))),
            (stem + "_treeids", Longs(weights.Select(w => w.Tree))), (stem + "_nodeids", Longs(weights.Select(w => w.Number))),
            (stem + "_ids", Longs(weights.Select(w => w.Target))), Numbered(stem + "_weights", weights.Select(w => w.Weight)),
        ];
    }

    private (string, object) Numbered(string name, IEnumerable<double> values) => _shape.IsDouble
        ? (name + "_as_tensor", Reals(values)) : (name, values.Select(v => (float)v).ToArray());

    private static long[] Longs(IEnumerable<int> values) => [.. values.Select(v => (long)v)];

    private Tensor Reals(IEnumerable<double> values)
    {
        double[] all = [.. values];
        return _shape.IsDouble ? Tensor.Of(all, all.Length) : Tensor.Of(Array.ConvertAll(all, v => (float)v), all.Length);
    }

    private ModelBuilder Model(string opType, int rows, string outputs, int version, (string, object)[] attributes)
    {
        ModelBuilder model = new ModelBuilder(17)
            .Input("x", _shape.IsDouble ? ElementType.Float64 : ElementType.Float32, rows, _shape.Features)
            .Node(opType, "x", outputs, attributes).Output(outputs.Split(','));
        model.Model.OpsetImport.Add(new OperatorSetIdProto { Domain = "ai.onnx.ml", Version = version });
        model.Model.Graph.Node[0].Domain = "ai.onnx.ml";
        return model;
    }

    private sealed class Node
    {
        public int Mode { get; init; }

        public int Feature { get; init; }

        public double Threshold { get; init; }

        public bool MissingIsTrue { get; init; }

        public double[]? Members { get; init; }

        public Node? Yes { get; init; }

        public Node? No { get; init; }

        public (int Target, double Weight)[] Weights { get; init; } = [];

        public bool IsLeaf => Yes is null;
    }
}

/// <summary>What a random forest is like.</summary>
internal sealed record TreeShape
{
    /// <summary>The number of trees.</summary>
    public int Trees { get; init; } = 5;

    /// <summary>The greatest depth.</summary>
    public int Depth { get; init; } = 4;

    /// <summary>The number of features.</summary>
    public int Features { get; init; } = 3;

    /// <summary>The number of targets or classes.</summary>
    public int Targets { get; init; } = 1;

    /// <summary>Whether features, thresholds and weights are double.</summary>
    public bool IsDouble { get; init; }

    /// <summary>Whether NaN may count as yes.</summary>
    public bool TracksMissing { get; init; } = true;

    /// <summary>Whether some trees are a leaf only.</summary>
    public bool HasLeafTrees { get; init; }

    /// <summary>The kinds of tests, numbered as in version 5.</summary>
    public int[] Modes { get; init; } = [0, 1, 2, 3, 4, 5];

    /// <summary>The targets of a leaf.</summary>
    public Func<Random, IEnumerable<int>> Names { get; init; } = _ => [0];

    /// <summary>A threshold; null for one of a few numbers.</summary>
    public Func<Random, double>? Threshold { get; init; }

    /// <summary>A weight.</summary>
    public Func<Random, double> Weight { get; init; } = r => (r.NextDouble() * 2) - 1;
}
