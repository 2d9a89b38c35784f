using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Movement;
using OptimizerBuild.Operators.Structure;

namespace OptimizerBuild.Onnx;

/// <summary>The import of values beside tensors, which are lists of tensors from then on.</summary>
internal sealed partial class GraphImporter
{
    /// <summary>The labels of classes that ZipMap gives to an output of scores; null where the model has none.</summary>
    public ModelLabels? Labels { get; private set; }

    // An input of any kind: its tensors become inputs of the graph.
    private ModelValue BindInput(InputBinding binding, string name, TypeProto? type, ICollection<string> names)
    {
        switch (type?.ValueCase)
        {
            case TypeProto.ValueOneofCase.SequenceType:
                return new ModelValue.Sequence([.. Enumerable.Range(0, binding.LengthOf(name)).Select(i =>
                {
                    string element = InputBinding.ElementName(name, i);
                    return BindTensor(_inference.UniqueValue(element), binding.TypeOf(element, type.SequenceType.ElemType), names);
                })]);
            case TypeProto.ValueOneofCase.OptionalType when binding.IsAbsent(name):
                return new ModelValue.Optional(null);
            case TypeProto.ValueOneofCase.OptionalType
                when type.OptionalType.ElemType?.ValueCase is not TypeProto.ValueOneofCase.OptionalType:
                return new ModelValue.Optional(BindInput(binding, name, type.OptionalType.ElemType, names));
            default:
                return new ModelValue.Single(BindTensor(name, binding.TypeOf(name, type), names));
        }
    }

    private string BindTensor(string name, TensorType type, ICollection<string> names)
    {
        _inference.AddInput(name, type);
        names.Add(name);
        return name;
    }

    // The graph's outputs of one of the model's: the tensors of a sequence are named like its elements.
    private IEnumerable<string> OutputsOf(string output, string value)
    {
        switch (_inference.Structure(value))
        {
            case null:
                return [value];
            case ModelValue.Map map:
                string scores = Copied(map.Scores, output);
                Labels ??= new(scores, map.Labels);
                return [scores];
            case ModelValue.Optional { Content: ModelValue.Single tensor }:
                return [Copied(tensor.Name, output)];
            case ModelValue.Bounded bounded:
                return [Copied(bounded.Name, output), Copied(bounded.Length, output + ".length")];
            case var other:
                return [.. other.Tensors.Select((t, i) => Copied(t, InputBinding.ElementName(output, i)))];
        }
    }

    // A value under a name of its own, or one like it.
    private string Copied(string value, string name)
    {
        string copy = _inference.IsKnown(name) ? _inference.UniqueValue(name) : name;
        _inference.Add(NodeOperators.New<IdentityOperator>(UniqueNodeName(name + "_output"), [value], [copy]));
        return copy;
    }

    private void ImportStructural(string name, NodeProto proto, IStructural structural, Node node, ImportScope scope)
    {
        ImmutableArray<ModelValue?> inputs = [.. node.Inputs.Select(i => i.Length == 0 ? null : _inference.Value(i))];
        ImmutableArray<ModelValue> results = structural.Resolve(new StructureContext(node, inputs, _inference, UniqueNodeName));
        if (proto.Output.Count > results.Length)
            throw Invalid(name, proto.OpType, $"it has {proto.Output.Count} outputs, the operator has {results.Length}");
        for (int i = 0; i < proto.Output.Count; i++)
            if (proto.Output[i].Length > 0)
                Give(name, results[i], Define(proto.Output[i], name, proto, scope));
    }

    // Makes a name stand for a value that is known already.
    private void Give(string name, ModelValue value, string output)
    {
        if (value is ModelValue.Single tensor)
            _inference.Add(NodeOperators.New<IdentityOperator>(UniqueNodeName(name + "_result"), [tensor.Name], [output]));
        else
            _inference.AddStructure(output, value);
    }

    // The body once for each element of the sequences; an input that is a tensor is the same for all.
    private void ImportSequenceMap(string name, NodeProto proto, int opset, ImmutableArray<string> inputs, ImportScope scope, int depth)
    {
        if (opset < 17)
            throw Unsupported(name, "SequenceMap", "", opset, "SequenceMap of opset 17 or later");
        GraphProto body = BodyOf(name, proto, "body");
        ModelValue[] values = [.. inputs.Select(i => _inference.Value(Given(name, proto, i, anyKind: true)))];
        if (values.Length == 0 || values[0] is not ModelValue.Sequence { Elements.Length: var length }
            || body.Input.Count != values.Length || body.Output.Count < proto.Output.Count
            || values.Any(v => v is ModelValue.Sequence other && other.Elements.Length != length))
            throw Invalid(name, "SequenceMap", "its sequences have different lengths, or its body does not fit its inputs");
        var results = new List<string>[proto.Output.Count];
        for (int o = 0; o < results.Length; o++)
            results[o] = [];
        for (int i = 0; i < length; i++)
        {
            var inner = new ImportScope(scope, scope.Opsets) { Attributes = scope.Attributes };
            for (int k = 0; k < values.Length; k++)
            {
                ModelValue argument = values[k] is ModelValue.Sequence sequence ? new ModelValue.Single(sequence.Elements[i]) : values[k];
                DefineArgument(name, proto, inner, body.Input[k].Name, argument);
            }
            ImportTrip(name, proto, body, inner, depth);
            for (int o = 0; o < results.Length; o++)
                results[o].Add(Given(name, proto, ResultOf(name, proto, body.Output[o].Name, inner)));
        }
        for (int o = 0; o < results.Length; o++)
            if (proto.Output[o].Length > 0)
                Give(name, new ModelValue.Sequence([.. results[o]]), Define(proto.Output[o], name, proto, scope));
    }

    private void DefineArgument(string name, NodeProto proto, ImportScope inner, string input, ModelValue argument)
    {
        string value;
        if (argument is ModelValue.Single tensor)
        {
            value = tensor.Name;
        }
        else
        {
            value = _inference.UniqueValue(input);
            _inference.AddStructure(value, argument);
        }
        if (!inner.TryDefine(input, value))
            throw Invalid(name, proto.OpType, $"the body's input '{input}' is defined twice");
    }

    // The nodes of a body as nodes of the graph around it; a trip counts as a node, so that empty bodies come to an end, too.
    private void ImportTrip(string name, NodeProto proto, GraphProto body, ImportScope inner, int depth)
    {
        if (++_imported > MaximumNodes)
            throw new ModelException(DiagnosticCatalog.ModelTooLarge, $"the trips of node '{name}' ({proto.OpType})",
                $"more than {MaximumNodes} nodes", MaximumNodes);
        ReadInitialisers(body, inner);
        ImportNodes(body.Node, inner, depth + 1);
    }

    private static string ResultOf(string name, NodeProto proto, string output, ImportScope inner)
    {
        string value = inner.Find(output) ?? throw Invalid(name, proto.OpType, $"no node produces its body's output '{output}'");
        return value.Length > 0 ? value : throw Invalid(name, proto.OpType, $"its body's output '{output}' is an omitted input");
    }

    /// <summary>
    /// Gives names to the outputs of a node that has become one on tensors: those of a sequence are outputs of their own.
    /// </summary>
    /// <param name="name">The node's name.</param>
    /// <param name="proto">The node.</param>
    /// <param name="scope">Where its outputs are defined.</param>
    /// <param name="forms">A value of the kind of each output.</param>
    private ImmutableArray<string> DefineResults(string name, NodeProto proto, ImportScope scope, IReadOnlyList<ModelValue> forms)
    {
        var names = ImmutableArray.CreateBuilder<string>();
        for (int i = 0; i < proto.Output.Count; i++)
        {
            string output = proto.Output[i].Length == 0 ? "" : Define(proto.Output[i], name, proto, scope);
            if (forms[i] is ModelValue.Single)
            {
                names.Add(output);
                continue;
            }
            int next = 0;
            ModelValue value = forms[i].With(_ =>
            {
                string element = output.Length == 0 ? "" : _inference.UniqueValue(InputBinding.ElementName(output, next++));
                names.Add(element);
                return element;
            });
            if (output.Length > 0)
                _inference.AddStructure(output, value);
        }
        return names.ToImmutable();
    }

    private static ModelException DependsOnData(string name, NodeProto proto, string on) =>
        new(DiagnosticCatalog.DataDependentStructure, name, proto.OpType, on);
}

/// <summary>The labels of the classes of a model.</summary>
/// <param name="Output">The graph's output with their scores.</param>
/// <param name="Labels">The labels, one for each class.</param>
internal sealed record ModelLabels(string Output, ImmutableArray<string> Labels);
