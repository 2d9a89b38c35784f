using System.Collections.Immutable;
using System.Globalization;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx.Opsets;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Control;

namespace OptimizerBuild.Onnx;

/// <summary>What else a model has that cannot be imported, looked for when the import has failed by one operator.</summary>
internal sealed partial class GraphImporter
{
    private const int NamedNodes = 3;

    /// <summary>
    /// The diagnostics of all operators without support, each once with the nodes that use it, in the order of the file. Branches of
    /// conditions are passed over: the import leaves out those that never run.
    /// </summary>
    private ImmutableArray<Diagnostic> UnsupportedOperators()
    {
        var found = new List<(string Domain, string OpType, long Opset, List<string> Nodes)>();
        var seen = new HashSet<FunctionProto>();
        Survey(_model.Graph.Node, Opsets(_model.OpsetImport), 0);
        return
        [
            .. found.Select(f => Unsupported(
                f.Nodes[0], f.OpType, f.Domain, f.Opset.ToString(CultureInfo.InvariantCulture) + Others(f.Nodes)).Diagnostic),
        ];

        void Survey(IEnumerable<NodeProto> nodes, IReadOnlyDictionary<string, long> opsets, int depth)
        {
            foreach (NodeProto node in nodes)
            {
                string domain = Domain(node.Domain);
                if (_functions.TryGetValue((domain, node.OpType, node.Overload), out FunctionProto? function))
                {
                    if (depth < MaximumDepth && seen.Add(function))
                        Survey(function.Node, Opsets(function.OpsetImport), depth + 1);
                }
                else if (domain.Length == 0 && ControlFlow.ContainsKey(node.OpType))
                {
                    if (depth < MaximumDepth && !new Node("", node.OpType, [], []).Is<IfOperator>())
                        foreach (AttributeProto body in node.Attribute.Where(a => a.G is not null))
                            Survey(body.G.Node, opsets, depth + 1);
                }
                else if (domain == Node.InternalDomain || !OpsetNormalization.IsKnown(domain, node.OpType))
                {
                    Add(domain, node, opsets.GetValueOrDefault(domain, 1));
                }
            }
        }

        void Add(string domain, NodeProto node, long opset)
        {
            string name = node.Name.Length > 0 ? node.Name : node.Output.FirstOrDefault(o => o.Length > 0) ?? node.OpType;
            int at = found.FindIndex(f => f.Domain == domain && f.OpType == node.OpType);
            if (at < 0)
                found.Add((domain, node.OpType, opset, [name]));
            else
                found[at].Nodes.Add(name);
        }
    }

    // The nodes behind the first, as part of a sentence.
    private static string Others(List<string> nodes)
    {
        if (nodes.Count == 1)
            return "";
        string names = string.Join(", ", nodes.Skip(1).Take(NamedNodes - 1).Select(n => $"'{n}'"));
        return nodes.Count <= NamedNodes ? $" (also {names})" : $" (also {names} and {nodes.Count - NamedNodes} others)";
    }
}
