using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx.Expansions;
using OptimizerBuild.Onnx.Opsets;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx;

/// <summary>
/// The import of nodes behind outputs whose extent depends on run-time data (<see cref="ModelValue.Bounded"/>): they compute on all the
/// places there can be, and their results have the same length.
/// </summary>
internal sealed partial class GraphImporter
{
    private void ImportBounded(string name, NodeProto proto, Node node, int opset, ImportScope scope)
    {
        ImmutableArray<ModelValue.Bounded?> bounded = [.. node.Inputs.Select(i => _inference.Structure(i) as ModelValue.Bounded)];
        if (node.Inputs.FirstOrDefault(i => _inference.Structure(i) is not (null or ModelValue.Bounded)) is { } other)
            throw Invalid(name, proto.OpType, $"it is given {_inference.Structure(other)!.Description} where it takes tensors");
        string first = node.Inputs[bounded.IndexOf(bounded.First(b => b is not null))];
        var refused = new ModelException(DiagnosticCatalog.DataDependentExtent, name, proto.OpType, first);
        if (bounded.OfType<ModelValue.Bounded>().Select(b => b.Length).Distinct(StringComparer.Ordinal).ToArray() is not [var length])
            throw refused;

        node = node with
        {
            Inputs = [.. node.Inputs.Zip(bounded, (input, b) => b?.Name ?? input)],
            Outputs = [.. proto.Output.Select(o => o.Length == 0 ? "" : _inference.UniqueValue(o + "/all"))],
        };
        // Where a node of an older opset becomes several, nobody says what the places are in between.
        if (OpsetNormalization.Normalise(node, opset, _inference, UniqueNodeName).ToArray() is not [var normal]
            || Trait(normal)?.ResultAxis(_inference.ContextOf(normal, opset), [.. bounded.Select(b => b?.Axis),
                .. Enumerable.Repeat<int?>(null, Math.Max(normal.Inputs.Length - bounded.Length, 0))]) is not { } axis)
            throw refused;
        AddNode(normal, opset);
        for (int i = 0; i < proto.Output.Count; i++)
            if (proto.Output[i].Length > 0)
                _inference.AddStructure(Define(proto.Output[i], name, proto, scope),
                    new ModelValue.Bounded(node.Outputs[i], length, axis));
    }

    private static IKeepsExtent? Trait(Node node) => ExpansionTable.Find(node.Domain, node.OpType) is { } expansion
        ? expansion as IKeepsExtent
        : OperatorRegistry.Find(node) as IKeepsExtent;
}
