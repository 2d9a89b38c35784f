using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Movement;
using OptimizerBuild.Operators.Recurrent;

namespace OptimizerBuild.Training;

/// <summary>
/// A graph of one sample as a graph of many: along the first axis of its inputs, and along one axis of each value that depends on them,
/// there are as many places as samples. Shapes that the graph spells out are changed with it.
/// </summary>
internal static class BatchedGraph
{
    /// <summary>The graph for several samples at a time.</summary>
    /// <param name="graph">The graph, whose inputs begin with an axis of one place.</param>
    /// <param name="batch">The number of samples.</param>
    /// <returns>The graph; null where a value would not have one place for each sample.</returns>
    /// <remarks>That the samples do not see each other the types alone do not say (a mean over the batch has the same ones):
    /// whoever trains compares with the graph itself.</remarks>
    public static Graph? Of(Graph graph, int batch)
    {
        if (batch == 1)
            return graph;
        if (graph.Inputs.Any(i => graph.TypeOf(i) is not { Rank: > 0 } type || type.Dimensions[0] != 1))
            return null;
        var types = graph.Types.ToBuilder();
        var constants = graph.Constants.ToBuilder();
        foreach (string input in graph.Inputs)
            types[input] = Along(graph.TypeOf(input), 0, batch);
        var nodes = ImmutableArray.CreateBuilder<Node>(graph.Nodes.Length);
        foreach (Node original in graph.Nodes)
        {
            Node node = Adapted(graph, original, batch, types, constants);
            nodes.Add(node);
            OperatorContext context = ContextOf(node);
            IReadOnlyList<TensorType> outputs;
            try
            {
                outputs = context.OutputTypes;
            }
            catch (ModelException)
            {
                return null;
            }
            bool depends = original.Inputs.Any(i => i.Length > 0 && !graph.IsConstant(i) && types[i] != graph.TypeOf(i));
            for (int i = 0; i < node.Outputs.Length; i++)
            {
                if (node.Outputs[i].Length == 0)
                    continue;
                TensorType before = graph.TypeOf(node.Outputs[i]);
                if (depends ? BatchAxis(before, outputs[i], batch) is null : outputs[i] != before)
                    return null;
                types[node.Outputs[i]] = outputs[i];
            }
        }
        return graph with { Nodes = nodes.MoveToImmutable(), Types = types.ToImmutable(), Constants = constants.ToImmutable() };

        OperatorContext ContextOf(Node node) => new(node,
            [.. node.Inputs.Select(i => i.Length == 0 ? null : constants.TryGetValue(i, out Tensor? c) ? c.Type : types[i])],
            [.. node.Inputs.Select(i => i.Length == 0 ? null : constants.GetValueOrDefault(i))]);
    }

    /// <summary>The axis along which a value has one place for each sample; null where there is none.</summary>
    /// <param name="one">The value's type for one sample.</param>
    /// <param name="many">Its type for several.</param>
    /// <param name="batch">How many.</param>
    public static int? BatchAxis(TensorType one, TensorType many, int batch)
    {
        if (one.Rank != many.Rank || one.Element != many.Element)
            return null;
        int[] differing = [.. Enumerable.Range(0, one.Rank).Where(a => one.Dimensions[a] != many.Dimensions[a])];
        return differing is [var axis] && one.Dimensions[axis] == 1 && many.Dimensions[axis] == batch ? axis : null;
    }

    private static TensorType Along(TensorType type, int axis, int batch) => new(type.Element, type.Dimensions.SetItem(axis, batch));

    // Shapes and initial states that say that there is one sample.
    private static Node Adapted(Graph graph, Node node, int batch, ImmutableSortedDictionary<string, TensorType>.Builder types,
        ImmutableSortedDictionary<string, Tensor>.Builder constants)
    {
        bool depends = node.Inputs.Any(i => i.Length > 0 && !graph.IsConstant(i) && types[i] != graph.TypeOf(i));
        if (!depends)
            return node;
        TensorType output = graph.TypeOf(node.Outputs[0]);
        if ((node.Is<ReshapeOperator>() || node.Is<ExpandOperator>()) && graph.Constant(node.Input(1)) is { } shape)
        {
            // The leading axis of one place; the others keep their extents.
            int axis = output.Dimensions.IndexOf(1);
            if (axis < 0 || (node.Is<ExpandOperator>() && shape.Count != output.Rank))
                return node;
            long[] wanted = [.. output.Dimensions.Select((d, a) => a == axis ? batch : (long)d)];
            return WithConstant(node, 1, NumericShape(wanted));
        }
        if (node.Is<RecurrentOperator>())
        {
            foreach (int state in (int[])[5, 6])
                if (node.HasInput(state) && graph.Constant(node.Input(state)) is { Rank: 3 } initial && initial.Dimensions[1] == 1)
                    node = WithConstant(node, state, Operators.Numerics.TensorMove.Expand(initial,
                        [initial.Dimensions[0], batch, initial.Dimensions[2]]));
        }
        return node;

        Node WithConstant(Node changed, int input, Tensor value)
        {
            string name = FormattableString.Invariant($"{changed.Name}/batched/{input}");
            constants[name] = value;
            return changed with { Inputs = changed.Inputs.SetItem(input, name) };
        }

        static Tensor NumericShape(long[] dimensions) => Tensor.Of(dimensions, dimensions.Length);
    }
}
