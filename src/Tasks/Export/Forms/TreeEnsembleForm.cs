using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Lookup;
using OptimizerBuild.Operators.Trees;

namespace OptimizerBuild.Export.Forms;

/// <summary>
/// Trees as the TreeEnsembleRegressor of <c>ai.onnx.ml</c> 3, the form of which every runtime knows all that a forest has: leaves with
/// several weights, sums, least and greatest ones. Its result is float32 whatever the features are.
/// </summary>
internal sealed class TreeEnsembleForm : OnnxForm
{
    /// <inheritdoc/>
    public override Type Operator => typeof(TreeEnsembleOperator);

    /// <inheritdoc/>
    public override string[] Write(ExportedNode node)
    {
        TreeForest forest = TreeForest.Of(OperatorContext.Of(node.Graph, node.Node));
        bool isDouble = node.Type(0).Element == ElementType.Float64;
        var tables = new Tables();
        for (int tree = 0; tree < forest.Roots.Length; tree++)
            tables.Add(forest, tree);
        string result = node.Builder.Name(node.Node.Name + "/real");
        node.Builder.Add(node.Node.Name, "TreeEnsembleRegressor", [node.Input(0)], [result],
        [
            ("aggregate_function", new AttributeValue.Text(TreeEnsembleOperator.Aggregate(node.Node) switch
            {
                TreeAggregate.Minimum => "MIN",
                TreeAggregate.Maximum => "MAX",
                _ => "SUM",
            })),
            ("n_targets", new AttributeValue.Int(TreeEnsembleOperator.Targets(node.Node))),
            .. tables.Attributes(isDouble),
        ], LabelEncoderOperator.MlDomain);
        return
        [
            isDouble ? node.Add("Cast", [result], ("to", new AttributeValue.Int((long)ElementType.Float64))) : result,
        ];
    }

    // The lists of the operator's attributes: an entry for each node of a tree, and one for each weight of a leaf.
    private sealed class Tables
    {
        private readonly List<long> _trees = [], _nodes = [], _features = [], _yes = [], _no = [];
        private readonly List<string> _modes = [];
        private readonly List<double> _thresholds = [], _weights = [];
        private readonly List<long> _weightTrees = [], _weightNodes = [], _targets = [];

        public void Add(TreeForest forest, int tree)
        {
            // A node's number in its tree is its place in the order in which it is met; the root comes first, as runtimes expect it.
            var numbers = new Dictionary<int, int>();
            var met = new List<int>();
            Number(forest.Roots[tree]);
            for (int i = 0; i < met.Count; i++)
                if (met[i] >= 0)
                {
                    Number(forest.Yes[met[i]]);
                    Number(forest.No[met[i]]);
                }
            foreach (int place in met)
            {
                bool isLeaf = place < 0;
                _trees.Add(tree);
                _nodes.Add(numbers[place]);
                _modes.Add(isLeaf ? "LEAF" : "BRANCH_LEQ");
                _features.Add(isLeaf ? 0 : forest.Features[place]);
                _thresholds.Add(isLeaf ? 0 : forest.Thresholds[place]);
                _yes.Add(isLeaf ? 0 : numbers[forest.Yes[place]]);
                _no.Add(isLeaf ? 0 : numbers[forest.No[place]]);
                for (int w = isLeaf ? forest.Starts[~place] : 0; isLeaf && w < forest.Starts[~place + 1]; w++)
                {
                    _weightTrees.Add(tree);
                    _weightNodes.Add(numbers[place]);
                    _targets.Add(forest.Targets[w]);
                    _weights.Add(forest.Weights[w]);
                }
            }

            void Number(int place)
            {
                if (numbers.TryAdd(place, met.Count))
                    met.Add(place);
            }
        }

        public IEnumerable<(string, AttributeValue)> Attributes(bool isDouble)
        {
            yield return ("nodes_treeids", new AttributeValue.Ints([.. _trees]));
            yield return ("nodes_nodeids", new AttributeValue.Ints([.. _nodes]));
            yield return ("nodes_featureids", new AttributeValue.Ints([.. _features]));
            yield return ("nodes_modes", new AttributeValue.Texts([.. _modes]));
            yield return ("nodes_truenodeids", new AttributeValue.Ints([.. _yes]));
            yield return ("nodes_falsenodeids", new AttributeValue.Ints([.. _no]));
            yield return ("nodes_missing_value_tracks_true", new AttributeValue.Ints([.. _nodes.Select(_ => 0L)]));
            yield return ("target_treeids", new AttributeValue.Ints([.. _weightTrees]));
            yield return ("target_nodeids", new AttributeValue.Ints([.. _weightNodes]));
            yield return ("target_ids", new AttributeValue.Ints([.. _targets]));
            yield return Reals("nodes_values", _thresholds);
            yield return Reals("target_weights", _weights);

            (string, AttributeValue) Reals(string name, List<double> values) => isDouble
                ? (name + "_as_tensor", new AttributeValue.TensorValue(Tensor.Of([.. values], values.Count)))
                : (name, new AttributeValue.Floats([.. values.Select(v => (float)v)]));
        }
    }
}
