using System.Collections.Frozen;
using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators.Control;

namespace OptimizerBuild.Onnx;

/// <summary>The import of control flow.</summary>
internal sealed partial class GraphImporter
{
    // What each operator of the standard that has bodies becomes.
    private static readonly FrozenDictionary<string, ControlFlowImport> ControlFlow = new Dictionary<string, ControlFlowImport>
    {
        ["If"] = (importer, name, proto, opset, inputs, scope, depth) => importer.ImportIf(name, proto, opset, inputs, scope, depth),
        ["Loop"] = (importer, name, proto, opset, inputs, scope, depth) => importer.ImportLoop(name, proto, opset, inputs, scope, depth),
        ["Scan"] = (importer, name, proto, opset, inputs, scope, depth) => importer.ImportScan(name, proto, opset, inputs, scope, depth),
        ["SequenceMap"] = (importer, name, proto, opset, inputs, scope, depth) =>
            importer.ImportSequenceMap(name, proto, opset, inputs, scope, depth),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private delegate void ControlFlowImport(
        GraphImporter importer, string name, NodeProto proto, int opset, ImmutableArray<string> inputs, ImportScope scope, int depth);

    // An If whose condition is constant is its branch.
    private void ImportIf(string name, NodeProto proto, int opset, ImmutableArray<string> inputs, ImportScope scope, int depth)
    {
        if (inputs.Length != 1 || inputs[0].Length == 0 || _inference.Structure(inputs[0]) is not null)
            throw Invalid(name, "If", $"it has {inputs.Length} inputs instead of 1 tensor");
        if (_inference.Constant(inputs[0]) is { } condition)
        {
            if (condition.Element != ElementType.Bool || condition.Count != 1)
                throw Invalid(name, "If", $"its condition is {condition.Type} instead of one bool");
            ImportBranch(name, proto, condition.Values<bool>()[0] ? IfOperator.Then : IfOperator.Else, scope, depth);
            return;
        }
        var captures = new List<string>();
        (string Attribute, BodyImport Body, ImmutableArray<ModelValue> Outputs)[] branches =
            [.. ((string[])[IfOperator.Then, IfOperator.Else])
            .Select(attribute =>
            {
                var body = new BodyImport(_inference, captures);
                GraphProto graph = BodyOf(name, proto, attribute);
                if (graph.Output.Count != proto.Output.Count)
                    throw Invalid(name, "If", $"its {attribute} has {graph.Output.Count} outputs instead of {proto.Output.Count}");
                return (attribute, body, ImportBody(name, proto, graph, body, [], scope, depth));
            })];
        if (branches[0].Outputs.Zip(branches[1].Outputs).Any(p => !p.First.HasFormOf(p.Second)))
            throw DependsOnData(name, proto, "its condition");
        var node = new Node(name, "If", [], DefineResults(name, proto, scope, branches[0].Outputs));
        foreach ((string attribute, BodyImport body, ImmutableArray<ModelValue> outputs) in branches)
            node = node.With(attribute, new AttributeValue.GraphValue(
                body.ToGraph(name + "." + attribute, [.. outputs.SelectMany(o => o.Tensors)])));
        _inference.Add(node with { Inputs = [inputs[0], .. captures] }, opset);
    }

    private void ImportLoop(string name, NodeProto proto, int opset, ImmutableArray<string> inputs, ImportScope scope, int depth)
    {
        if (inputs.Length < 2)
            throw Invalid(name, "Loop", $"it has {inputs.Length} inputs instead of at least 2");
        GraphProto graph = BodyOf(name, proto, LoopOperator.Body);
        int carried = inputs.Length - 2;
        if (graph.Input.Count != 2 + carried || graph.Output.Count < 1 + carried || proto.Output.Count > graph.Output.Count - 1)
            throw Invalid(name, "Loop",
                $"its body has {graph.Input.Count} inputs and {graph.Output.Count} outputs, but it carries {carried} values");
        if (inputs.Skip(2).Any(i => _inference.Structure(i) is not null))
        {
            if (!HasConstantTrips(inputs))
                throw DependsOnData(name, proto, "its number of trips");
            Unroll(name, proto, graph, inputs, scope, depth, DependsOnData(name, proto, "its condition"));
            return;
        }
        Node loop;
        bool canBeUnrolled = CanBeUnrolled(inputs);
        try
        {
            loop = Loop(name, proto, graph, opset, inputs, scope, depth);
        }
        catch (ModelException reason) when (canBeUnrolled)
        {
            Unroll(name, proto, graph, inputs, scope, depth, reason);
            return;
        }
        _inference.Add(
            loop with { Outputs = [.. proto.Output.Select(o => o.Length == 0 ? "" : Define(o, name, proto, scope))] }, opset);
    }

    // A loop with its body, without names for its outputs.
    private Node Loop(
        string name, NodeProto proto, GraphProto graph, int opset, ImmutableArray<string> inputs, ImportScope scope, int depth)
    {
        int carried = inputs.Length - 2;
        var captures = new List<string>();
        var body = new BodyImport(_inference, captures);
        string number = body.AddInput(graph.Input[0].Name, TensorType.Of(ElementType.Int64));

        // Within a trip the condition is true.
        string condition = body.Values.UniqueValue(graph.Input[1].Name);
        body.Values.AddConstant(condition, Tensor.Scalar(true));
        string[] values = [.. Enumerable.Range(0, carried).Select(i =>
            body.AddInput(graph.Input[2 + i].Name, _inference.TypeOf(Given(name, proto, inputs[2 + i]))))];
        ImmutableArray<string> outputs = TensorsOf(name, proto,
            ImportBody(name, proto, graph, body, [number, condition, .. values], scope, depth));
        Graph closed = body.ToGraph(name + ".body", outputs);
        if (Counted(closed, inputs) is { } trips)
        {
            string count = _inference.UniqueValue(name + "/trips");
            _inference.AddConstant(count, Tensor.Scalar(trips));
            inputs = inputs.SetItem(0, count).SetItem(1, "");
            string always = body.Values.UniqueValue(name + "/true");
            body.Values.AddConstant(always, Tensor.Scalar(true));
            closed = body.ToGraph(name + ".body", outputs.SetItem(0, always));
        }
        Node loop = new Node(name, "Loop", [.. inputs, .. captures], [])
            .With(LoopOperator.Body, new AttributeValue.GraphValue(closed))
            .With(LoopOperator.Carried, carried);
        _inference.Check(loop, opset);
        return loop;
    }

    // The trips of a loop that begins, and whose condition is computed from counters.
    private long? Counted(Graph body, ImmutableArray<string> inputs)
    {
        if (!HasConstantTrips(inputs) || body.TypeOf(body.Outputs[0]) is not { Element: ElementType.Bool, Count: 1 }
            || (body.Constant(body.Outputs[0]) is { } always && always.Values<bool>()[0])
            || (inputs[1].Length > 0 && !_inference.Constant(inputs[1])!.Values<bool>()[0])
            || !inputs.Skip(2).Select((v, i) => _inference.TypeOf(v) == body.TypeOf(body.Outputs[1 + i])).All(same => same))
            return null;
        return CountedTrips.Of(body, [.. inputs.Skip(2).Select(_inference.Constant)],
            inputs[0].Length == 0 ? long.MaxValue : _inference.Constant(inputs[0])!.Values<long>()[0]);
    }

    // A Scan is a Loop over the slices of its scanned inputs.
    private void ImportScan(string name, NodeProto proto, int opset, ImmutableArray<string> inputs, ImportScope scope, int depth)
    {
        if (opset < 9)
        {
            ImportBatchedScan(name, proto, opset, inputs, scope, depth);
            return;
        }
        GraphProto graph = BodyOf(name, proto, "body");
        ImmutableSortedDictionary<string, AttributeValue> attributes = Attributes(proto, name, scope, "body");
        var settings = new Node(name, "Scan", inputs, []) { Attributes = attributes };
        int scanned = (int)settings.Int("num_scan_inputs", 0);
        int carried = inputs.Length - scanned;
        int collected = proto.Output.Count - carried;
        if (scanned < 1 || carried < 0 || collected < 0 || graph.Input.Count != inputs.Length || graph.Output.Count != proto.Output.Count)
            throw Invalid(name, "Scan", $"its body has {graph.Input.Count} inputs and {graph.Output.Count} outputs");
        int[] axes = [.. Enumerable.Range(0, scanned).Select(i =>
            Axis(Of("scan_input_axes", i), _inference.TypeOf(Given(name, proto, inputs[carried + i])).Rank))];
        int[] lengths = [.. axes.Select((axis, i) => _inference.TypeOf(inputs[carried + i]).Dimensions[axis])];
        if (lengths.Any(l => l != lengths[0]))
            throw Invalid(name, "Scan", $"its scanned inputs have the lengths {string.Join(", ", lengths)}");

        var captures = new List<string>();
        var body = new BodyImport(_inference, captures);
        string number = body.AddInput(name + "/number", TensorType.Of(ElementType.Int64));
        var arguments = new List<string>();
        for (int i = 0; i < carried; i++)
            arguments.Add(body.AddInput(graph.Input[i].Name, _inference.TypeOf(Given(name, proto, inputs[i]))));
        for (int i = 0; i < scanned; i++)
        {
            string index = number;
            if (Of("scan_input_directions", i) != 0)
            {
                string last = body.Values.UniqueValue(name + "/last");
                body.Values.AddConstant(last, Tensor.Scalar(lengths[0] - 1L));
                index = body.Values.UniqueValue(name + "/index");
                body.Values.Add(new Node(UniqueNodeName(name + "/index"), "Sub", [last, number], [index]));
            }
            string slice = body.Values.UniqueValue(graph.Input[carried + i].Name);
            body.Values.Add(new Node(UniqueNodeName(name + "/slice"), "Gather", [body.Capture(inputs[carried + i]), index], [slice])
                .With("axis", axes[i]));
            arguments.Add(slice);
        }
        ImmutableArray<string> outputs = TensorsOf(name, proto, ImportBody(name, proto, graph, body, arguments, scope, depth));
        string always = body.Values.UniqueValue(name + "/true");
        body.Values.AddConstant(always, Tensor.Scalar(true));
        Graph closed = body.ToGraph(name + ".body", [always, .. outputs]);
        string trips = _inference.UniqueValue(name + "/trips");
        _inference.AddConstant(trips, Tensor.Scalar((long)lengths[0]));

        string[] results = [.. proto.Output.Select((o, i) => i < carried ? o.Length == 0 ? "" : Define(o, name, proto, scope)
            : _inference.UniqueValue(name + "/collected"))];
        _inference.Add(
            new Node(name, "Loop", [trips, "", .. inputs.Take(carried), .. captures], [.. results])
                .With(LoopOperator.Body, new AttributeValue.GraphValue(closed))
                .With(LoopOperator.Carried, carried),
            opset);
        for (int i = 0; i < collected; i++)
            if (proto.Output[carried + i].Length > 0)
                Collected(results[carried + i], proto.Output[carried + i], Of("scan_output_axes", i), Of("scan_output_directions", i) != 0);

        long Of(string attribute, int index) => settings.Ints(attribute) is { } values && index < values.Length ? values[index] : 0;

        int Axis(long axis, int rank) => axis >= -rank && axis < rank
            ? (int)(axis < 0 ? axis + rank : axis)
            : throw Invalid(name, "Scan", $"axis {axis} lies outside a tensor of rank {rank}");

        // Slices lie along the first axis in the order of the trips; the model may ask for another axis and for the opposite order.
        void Collected(string value, string output, long axis, bool reversed)
        {
            int rank = _inference.TypeOf(value).Rank;
            int to = Axis(axis, rank);
            if (reversed)
            {
                string backwards = _inference.UniqueValue(name + "/reversed");
                string[] bounds = [.. ((long[])[-1, -1L - lengths[0], 0, -1]).Select(b =>
                {
                    string bound = _inference.UniqueValue(name + "/bound");
                    _inference.AddConstant(bound, Tensor.Of([b], 1));
                    return bound;
                })];
                _inference.Add(new Node(UniqueNodeName(name + "/reverse"), "Slice", [value, .. bounds], [backwards]));
                value = backwards;
            }
            long[] order = [.. Enumerable.Range(1, to).Select(i => (long)i), 0,
                .. Enumerable.Range(to + 1, rank - 1 - to).Select(i => (long)i)];
            _inference.Add(new Node(UniqueNodeName(name + "/result"), "Transpose", [value], [Define(output, name, proto, scope)])
                .With("perm", order));
        }
    }

    private static ImmutableArray<string> TensorsOf(string name, NodeProto proto, ImmutableArray<ModelValue> values) =>
        [.. values.Select(v => v is ModelValue.Single tensor ? tensor.Name : throw DependsOnData(name, proto, "its number of trips"))];

    /// <summary>Imports the nodes of a body.</summary>
    /// <returns>Its outputs: of tensors whose names differ, none of them an input.</returns>
    private ImmutableArray<ModelValue> ImportBody(
        string name, NodeProto proto, GraphProto graph, BodyImport body, IReadOnlyList<string> arguments, ImportScope scope, int depth)
    {
        var inner = new ImportScope(scope, scope.Opsets) { Attributes = scope.Attributes, Capture = body.Capture };
        (Operators.ShapeInference Values, Float16Arithmetic Arithmetic) around = (_inference, _float16);
        _inference = body.Values;
        _float16 = new Float16Arithmetic(_inference, UniqueNodeName);
        try
        {
            if (graph.Input.Any(i => i.Name.Length == 0))
                throw Invalid(name, proto.OpType, "an input of its body has no name");
            for (int i = 0; i < arguments.Count; i++)
                if (!inner.TryDefine(graph.Input[i].Name, arguments[i]))
                    throw Invalid(name, proto.OpType, $"the body's input '{graph.Input[i].Name}' is defined twice");
            ReadInitialisers(graph, inner);
            ImportNodes(graph.Node, inner, depth + 1);
            return [.. graph.Output.Select(output => _inference.Value(ResultOf(name, proto, output.Name, inner)).With(value =>
            {
                string result = _inference.UniqueValue(value + "_result");
                _inference.Add(new Node(UniqueNodeName(name + "_result"), "Identity", [value], [result]));
                return result;
            }))];
        }
        finally
        {
            (_inference, _float16) = around;
        }
    }

    private void ImportBranch(string name, NodeProto proto, string branch, ImportScope scope, int depth)
    {
        GraphProto body = BodyOf(name, proto, branch);
        if (body.Output.Count != proto.Output.Count)
            throw Invalid(name, "If", $"its {branch} has {body.Output.Count} outputs instead of {proto.Output.Count}");
        var inner = new ImportScope(scope, scope.Opsets) { Attributes = scope.Attributes };
        ReadInitialisers(body, inner);
        ImportNodes(body.Node, inner, depth + 1);
        Hand(name, proto, [.. body.Output.Select(o => o.Name)], inner, scope);
    }

    private static GraphProto BodyOf(string name, NodeProto proto, string attribute) =>
        proto.Attribute.FirstOrDefault(a => a.Name == attribute)?.G ?? throw Invalid(name, proto.OpType, $"it has no {attribute}");

    private string Given(string name, NodeProto proto, string value, bool anyKind = false) =>
        value.Length == 0 ? throw Invalid(name, proto.OpType, "a value that it hands to its body is missing")
        : !anyKind && _inference.Structure(value) is { } structure
            ? throw Invalid(name, proto.OpType, $"it hands {structure.Description} to its body where a tensor is needed")
        : value;
}
