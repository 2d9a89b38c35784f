using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;

namespace OptimizerBuild.Operators.Trees;

/// <summary>
/// The weights of the leaves that a row of features reaches in a number of decision trees, combined for each target (internal operator
/// TreeEnsemble, which the importer makes of those of <c>ai.onnx.ml</c>). A row [features] gives a row [targets]: sums in the order of the
/// trees, beginning with 0; or least or greatest weights, ±∞ for targets of which no leaf says anything. Inputs: the rows, then the tables
/// of <see cref="TreeForest"/>, which are constant.
/// </summary>
[Operator("TreeEnsemble", Domain = Node.InternalDomain)]
[Input(0, "X", Elements.Float32 | Elements.Float64, Variable = "T")]
[Input(1, "features", Elements.Int32)]
[Input(2, "thresholds", Elements.Float32 | Elements.Float64, Variable = "T")]
[Input(3, "next", Elements.Int32)]
[Input(4, "roots", Elements.Int32)]
[Input(5, "starts", Elements.Int32)]
[Input(6, "targets", Elements.Int32)]
[Input(7, "weights", Elements.Float32 | Elements.Float64, Variable = "T")]
[Output(0, "Y")]
[Parameter("aggregate", ParameterKind.String, Choices = ["SUM", "MIN", "MAX"])]
[Parameter("targets", ParameterKind.Int, Required = true, Minimum = 0)]
[NotDifferentiable("chooses leaves by comparisons")]
internal sealed class TreeEnsembleOperator : Operator, ITakesMissingValues
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        TreeForest.Of(context);
        return [TensorType.Of(context.Type(0).Element, context.Type(0).Dimensions[0], Targets(context.Node))];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs) => [inputs[0]!.Element == ElementType.Float64
        ? Evaluate<double>(context, inputs[0]!, inputs[7]!) : Evaluate<float>(context, inputs[0]!, inputs[7]!)];

    /// <inheritdoc/>
    public override long Work(OperatorContext context)
    {
        TreeForest forest = context.Prepared(() => TreeForest.Of(context));
        int targets = Targets(context.Node);
        return context.Type(0).Dimensions[0] * (targets + forest.Depths().Sum(d => (long)d + targets));
    }

    /// <summary>The number of targets (attribute <c>targets</c>).</summary>
    public static int Targets(Node node) => (int)node.Int("targets", 0);

    /// <summary>How the weights of several trees are combined (attribute <c>aggregate</c>).</summary>
    public static TreeAggregate Aggregate(Node node) => node.Text("aggregate", "SUM") switch
    {
        "MIN" => TreeAggregate.Minimum,
        "MAX" => TreeAggregate.Maximum,
        _ => TreeAggregate.Sum,
    };

    /// <summary>A node over rows.</summary>
    /// <param name="inputs">The rows and the tables.</param>
    /// <param name="targets">The number of targets.</param>
    /// <param name="aggregate">How weights are combined.</param>
    public static Node New(ImmutableArray<string> inputs, int targets, TreeAggregate aggregate) =>
        new Node("", "TreeEnsemble", inputs, []) { Domain = Node.InternalDomain }
            .With("targets", targets)
            .With("aggregate", new AttributeValue.Text(aggregate switch
            {
                TreeAggregate.Minimum => "MIN",
                TreeAggregate.Maximum => "MAX",
                _ => "SUM",
            }));

    private static Tensor Evaluate<T>(OperatorContext context, Tensor rows, Tensor leafWeights)
        where T : unmanaged, IFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        TreeForest forest = context.Prepared(() => TreeForest.Of(context));
        (int count, int features, int targets) = (rows.Dimensions[0], rows.Dimensions[1], Targets(context.Node));
        TreeAggregate aggregate = Aggregate(context.Node);
        (T[] x, T[] weights) = (rows.Values<T>(), leafWeights.Values<T>());
        var y = new T[count * targets];
        Array.Fill(y, aggregate switch
        {
            TreeAggregate.Minimum => T.PositiveInfinity,
            TreeAggregate.Maximum => T.NegativeInfinity,
            _ => T.Zero,
        });
        for (int row = 0; row < count; row++)
        {
            EvaluationScope.ThrowIfCancelled();
            foreach (int root in forest.Roots)
            {
                int node = root;
                while (node >= 0)
                    node = double.CreateChecked(x[(row * features) + forest.Features[node]]) <= forest.Thresholds[node]
                        ? forest.Yes[node] : forest.No[node];
                for (int i = forest.Starts[~node]; i < forest.Starts[~node + 1]; i++)
                {
                    ref T sum = ref y[(row * targets) + forest.Targets[i]];
                    sum = aggregate switch
                    {
                        TreeAggregate.Minimum => weights[i] < sum ? weights[i] : sum,
                        TreeAggregate.Maximum => weights[i] > sum ? weights[i] : sum,
                        _ => sum + weights[i],
                    };
                }
            }
        }
        return Tensor.Of(y, count, targets);
    }
}

/// <summary>How the weights that several trees give for one target are combined.</summary>
internal enum TreeAggregate
{
    /// <summary>Added up in the order of the trees.</summary>
    Sum,

    /// <summary>The least one.</summary>
    Minimum,

    /// <summary>The greatest one.</summary>
    Maximum,
}
