using System.Globalization;
using System.Text;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Passes;

/// <summary>Lets equal nodes with equal inputs be computed once, and equal constants be held once.</summary>
internal sealed class CommonSubexpressions : IGraphPass
{
    /// <inheritdoc/>
    public string Name => nameof(CommonSubexpressions);

    /// <inheritdoc/>
    public Graph Apply(Graph graph)
    {
        var editor = new GraphEditor(graph);
        bool changed = MergeConstants(editor);
        var seen = new Dictionary<string, Node>(StringComparer.Ordinal);
        foreach (string name in graph.Nodes.Select(n => n.Name))
        {
            Node? node = editor.Find(name);
            if (node is null || Key(node) is not { } key)
                continue;
            if (!seen.TryGetValue(key, out Node? first))
            {
                seen.Add(key, node);
                continue;
            }
            if (node.Outputs.Any(editor.IsOutput) || node.Outputs.Length != first.Outputs.Length)
                continue;
            editor.Remove(node);
            for (int i = 0; i < node.Outputs.Length; i++)
                if (node.Outputs[i].Length > 0)
                    editor.ReplaceUses(node.Outputs[i], first.Outputs[i]);
            changed = true;
        }
        return changed ? editor.ToGraph() : graph;
    }

    private static bool MergeConstants(GraphEditor editor)
    {
        bool changed = false;
        var groups = new Dictionary<(TensorType, long), List<string>>();
        foreach (string name in editor.Constants.Keys.Order(StringComparer.Ordinal).ToArray())
        {
            if (editor.Constant(name) is not { } value || value.Element == ElementType.String || editor.IsOutput(name))
                continue;
            var key = (value.Type, Hash(value));
            if (!groups.TryGetValue(key, out List<string>? same))
                groups[key] = same = [];
            if (same.Find(other => value.SameAs(editor.Constant(other))) is { } equal)
            {
                if (editor.ConsumerCount(name) == 0)
                    continue;
                editor.ReplaceUses(name, equal);
                changed = true;
            }
            else
            {
                same.Add(name);
            }
        }
        return changed;
    }

    // FNV-1a over the bytes; only decides which constants are compared.
    private static long Hash(Tensor tensor)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (byte b in tensor.Bytes)
            hash = unchecked((hash ^ b) * 0x100000001B3);
        return unchecked((long)hash);
    }

    // Two nodes of the same text compute the same; null where attributes are too large to compare or the result is not determined.
    private static string? Key(Node node)
    {
        if (node.As<Operator>() is not { IsDeterministic: true })
            return null;
        var text = new StringBuilder();
        text.Append(node.Domain).Append('\0').Append(node.OpType).Append('\0').AppendJoin('\0', node.Inputs).Append('\0').AppendJoin(',',
            node.Outputs.Select(o => o.Length > 0 ? '1' : '0'));
        foreach ((string name, AttributeValue value) in node.Attributes)
        {
            string? form = value switch
            {
                AttributeValue.Int v => v.Value.ToString(CultureInfo.InvariantCulture),
                AttributeValue.Float v => BitConverter.SingleToInt32Bits(v.Value).ToString(CultureInfo.InvariantCulture),
                AttributeValue.Text v => v.Value,
                AttributeValue.Ints v => string.Join(',', v.Values),
                AttributeValue.Floats v => string.Join(',', v.Values.Select(BitConverter.SingleToInt32Bits)),
                AttributeValue.Texts v => string.Join('\u0001', v.Values),
                _ => null,
            };
            if (form is null)
                return null;
            text.Append('\0').Append(name).Append('=').Append(value.GetType().Name).Append(form);
        }
        return text.ToString();
    }
}
