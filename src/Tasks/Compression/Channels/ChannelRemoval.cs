using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Compression.Channels;

/// <summary>Leaves channels out of a graph: their places vanish from all constants, and attributes and types follow.</summary>
internal static class ChannelRemoval
{
    /// <summary>The graph without some channels.</summary>
    /// <param name="analysis">The analysis of the graph.</param>
    /// <param name="removed">The numbers of the channels; none of those that may not vanish, and not all of a group.</param>
    /// <param name="replaced">Constants that take the place of a node's inputs before places vanish from them, of equal types.</param>
    public static Graph Without(
        ChannelAnalysis analysis, IReadOnlySet<int> removed, IReadOnlyDictionary<(string Node, int Input), Tensor>? replaced = null)
    {
        Graph graph = analysis.Graph;
        var editor = new GraphEditor(graph);
        foreach (Node node in graph.Nodes)
        {
            OperatorContext context = analysis.ContextOf(node.Name);
            bool touched = false;
            int[] Kept(ChannelPort port) => analysis.ChannelsOf(node, port) is { } channels
                ? [.. Enumerable.Range(0, channels.Length).Where(p => !removed.Contains(channels[p]))]
                : [.. Enumerable.Range(0, port.Extent(context))];
            var constants = new Dictionary<int, Tensor>();
            for (int i = 0; i < node.Inputs.Length; i++)
            {
                if (node.Inputs[i].Length == 0)
                    continue;
                Tensor? constant = graph.Constant(node.Inputs[i]);
                Tensor? left = replaced?.GetValueOrDefault((node.Name, i)) ?? constant;
                for (int axis = 0; axis < context.Type(i).Rank; axis++)
                {
                    int[] kept = Kept(ChannelPort.Input(i, axis));
                    if (kept.Length == context.Type(i).Dimensions[axis])
                        continue;
                    touched = true;
                    left = left is null ? null : TensorMove.Take(left, axis, kept);
                }
                if (left is not null && !ReferenceEquals(left, constant))
                    constants[i] = left;
            }
            for (int o = 0; o < node.Outputs.Length; o++)
                for (int axis = 0; node.Outputs[o].Length > 0 && axis < context.OutputTypes[o].Rank; axis++)
                    touched |= Kept(ChannelPort.Output(o, axis)).Length != context.OutputTypes[o].Dimensions[axis];
            if (!touched && constants.Count == 0)
                continue;
            var narrowed = new NarrowedNode(Kept);
            Node result = touched && node.As<IPassesChannels>() is { } passes ? passes.Narrow(context, narrowed) : node;
            foreach ((int input, Tensor value) in narrowed.Constants.Concat(constants.Where(c => !narrowed.Constants.ContainsKey(c.Key))))
            {
                string name = editor.AddConstant(node.Input(input) is { Length: > 0 } own ? own : node.Name, value);
                string[] inputs = [.. result.Inputs];
                if (inputs.Length <= input)
                    Array.Resize(ref inputs, input + 1);
                inputs[input] = name;
                result = result with { Inputs = [.. inputs.Select(i => i ?? "")] };
            }
            editor.Replace(node, result);
        }
        return ShapeInference.Infer(editor.ToGraph());
    }
}
