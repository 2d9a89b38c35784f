using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Movement;
using OptimizerBuild.Operators.Recurrent;

namespace OptimizerBuild.Training;

/// <summary>
/// A graph of one sample as a graph of many: along the first axis of its inputs, and along one axis of each value that depends on them,
/// there are as many places as samples, or as many rows for each as one has. Shapes that the graph spells out are changed with it.
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
        var nodes = ImmutableArray.CreateBuilder<Node>();
        foreach (Node original in graph.Nodes)
        {
            if (AsReshaped(graph, original, batch, types, constants) is { } reshaped)
            {
                nodes.AddRange(reshaped);
                continue;
            }
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
                if (depends ? BatchAxis(before, outputs[i], batch) is null && !IsMerged(before, outputs[i], batch) : outputs[i] != before)
                    return null;
                types[node.Outputs[i]] = outputs[i];
            }
        }
        return graph with { Nodes = nodes.ToImmutable(), Types = types.ToImmutable(), Constants = constants.ToImmutable() };

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

    // Whether the first axis has the rows of one sample after those of another.
    private static bool IsMerged(TensorType one, TensorType many, int batch) => one.Rank == many.Rank && one.Rank > 0
        && many.Dimensions[0] == one.Dimensions[0] * batch && one.Dimensions.Skip(1).SequenceEqual(many.Dimensions.Skip(1));

    // A node that gives elements another shape, for several samples: these come first meanwhile, so that each one's elements lie together
    // as they did. Null where it is no such node.
    private static ImmutableArray<Node>? AsReshaped(Graph graph, Node node, int batch,
        ImmutableSortedDictionary<string, TensorType>.Builder types, ImmutableSortedDictionary<string, Tensor>.Builder constants)
    {
        if (!node.Is<ReshapeOperator>() || graph.IsConstant(node.Inputs[0]) || types[node.Inputs[0]] is not { } from
            || from == graph.TypeOf(node.Inputs[0]) || graph.Constant(node.Inputs[1]) is null || graph.TypeOf(node.Outputs[0]).Rank == 0)
            return null;
        TensorType one = graph.TypeOf(node.Inputs[0]), output = graph.TypeOf(node.Outputs[0]);
        var nodes = ImmutableArray.CreateBuilder<Node>();
        string value = node.Inputs[0];
        if (BatchAxis(one, from, batch) is { } place and > 0)
            Move(node.Outputs[0] + "/samples", from, place, 0);
        int axis = output.Dimensions.IndexOf(1);
        int[] rows = axis < 0
            ? [output.Dimensions[0] * batch, .. output.Dimensions.Skip(1)]
            : [batch, .. output.Dimensions.RemoveAt(axis)];
        string name = FormattableString.Invariant($"{node.Name}/batched/1");
        constants[name] = Tensor.Of([.. rows.Select(d => (long)d)], rows.Length);
        string reshaped = axis > 0 ? node.Outputs[0] + "/rows" : node.Outputs[0];
        nodes.Add(node with { Inputs = [value, name], Outputs = [reshaped] });
        types[reshaped] = TensorType.Of(output.Element, rows);
        value = reshaped;
        if (axis > 0)
            Move(node.Outputs[0], types[reshaped], 0, axis);
        return nodes.ToImmutable();

        void Move(string to, TensorType type, int source, int target)
        {
            List<int> order = [.. Enumerable.Range(0, type.Rank).Where(a => a != source)];
            order.Insert(target, source);
            nodes.Add(NodeOperators.New<TransposeOperator>(to + "/move", [value], [to]).With("perm", [.. order.Select(a => (long)a)]));
            types[to] = TensorType.Of(type.Element, [.. order.Select(a => type.Dimensions[a])]);
            value = to;
        }
    }

    // Shapes and initial states that say that there is one sample.
    private static Node Adapted(Graph graph, Node node, int batch, ImmutableSortedDictionary<string, TensorType>.Builder types,
        ImmutableSortedDictionary<string, Tensor>.Builder constants)
    {
        bool depends = node.Inputs.Any(i => i.Length > 0 && !graph.IsConstant(i) && types[i] != graph.TypeOf(i));
        if (!depends)
            return node;
        TensorType output = graph.TypeOf(node.Outputs[0]);
        if (node.Is<ExpandOperator>() && graph.Constant(node.Input(1)) is { } shape)
        {
            // The leading axis of one place; the others keep their extents.
            int axis = output.Dimensions.IndexOf(1);
            if (axis < 0 || shape.Count != output.Rank)
                return node;
            long[] wanted = [.. output.Dimensions.Select((d, a) => a == axis ? batch : (long)d)];
            return WithConstant(node, 1, Tensor.Of(wanted, wanted.Length));
        }
        if (node.As<RecurrentOperator>() is { } layer)
        {
            foreach (int input in layer.InputsOfSequences)
                if (node.HasInput(input) && graph.Constant(node.Input(input)) is { } given)
                    node = WithConstant(node, input, Operators.Numerics.TensorMove.Expand(given, given.Rank == 1
                        ? [batch] : [given.Dimensions[0], batch, given.Dimensions[2]]));
        }
        return node;

        Node WithConstant(Node changed, int input, Tensor value)
        {
            string name = FormattableString.Invariant($"{changed.Name}/batched/{input}");
            constants[name] = value;
            return changed with { Inputs = changed.Inputs.SetItem(input, name) };
        }
    }
}
