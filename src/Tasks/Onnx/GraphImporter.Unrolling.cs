using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx.Schema;

namespace OptimizerBuild.Onnx;

/// <summary>
/// Loops whose shapes change from trip to trip, such as one that slices by the number of its trip: where the number of trips is a
/// constant, the body stands in the graph once for each.
/// </summary>
internal sealed partial class GraphImporter
{
    // A body of one node, repeated so often, is as much as a large model has.
    private const long MaximumUnrolledTrips = 10_000;

    /// <summary>Whether a loop may be unrolled: it begins, and its greatest number of trips is a small constant.</summary>
    private bool CanBeUnrolled(ImmutableArray<string> inputs) =>
        inputs[0].Length > 0 && _inference.Constant(inputs[0]) is { Count: 1, Element: ElementType.Int64 } trips
        && trips.Values<long>()[0] is > 0 and <= MaximumUnrolledTrips
        && (inputs[1].Length == 0 || _inference.Constant(inputs[1]) is { Count: 1, Element: ElementType.Bool } first
            && first.Values<bool>()[0]);

    /// <summary>Imports a loop's body once for each trip.</summary>
    /// <param name="name">The loop's node.</param>
    /// <param name="proto">The loop in the file.</param>
    /// <param name="graph">Its body.</param>
    /// <param name="inputs">The number of trips, the condition, and the values that are carried.</param>
    /// <param name="scope">Where it stands.</param>
    /// <param name="depth">How deep it stands.</param>
    /// <param name="reason">Why it cannot be imported as a loop, for the case that it cannot be unrolled either.</param>
    private void Unroll(
        string name, NodeProto proto, GraphProto graph, ImmutableArray<string> inputs, ImportScope scope, int depth, ModelException reason)
    {
        long trips = _inference.Constant(inputs[0])!.Values<long>()[0];
        string[] values = [.. inputs.Skip(2)];
        List<string>[] collected = [.. Enumerable.Range(0, graph.Output.Count - 1 - values.Length).Select(_ => new List<string>())];
        bool goes = true;
        for (long trip = 0; trip < trips && goes; trip++)
        {
            ImportScope inner = Trip(trip);
            goes = _inference.Constant(Result(inner, 0)) is { Count: 1, Element: ElementType.Bool } next
                ? next.Values<bool>()[0]
                : throw reason;
            values = [.. values.Select((_, i) => Result(inner, 1 + i))];
            for (int i = 0; i < collected.Length; i++)
                collected[i].Add(Result(inner, 1 + values.Length + i));
        }
        for (int i = 0; i < proto.Output.Count; i++)
        {
            if (proto.Output[i].Length == 0)
                continue;
            string[] parts = i < values.Length ? [] : [.. collected[i - values.Length].Select(Slice)];
            Node result = i < values.Length
                ? new(UniqueNodeName(name + "_result"), "Identity", [values[i]], [])
                : new Node(UniqueNodeName(name + "_result"), "Concat", [.. parts], []).With("axis", 0);
            _inference.Add(result with { Outputs = [Define(proto.Output[i], name, proto, scope)] });
        }

        ImportScope Trip(long number)
        {
            var inner = new ImportScope(scope, scope.Opsets) { Attributes = scope.Attributes };
            string[] given = [Constant(Tensor.Scalar(number), "number"), Constant(Tensor.Scalar(true), "condition"), .. values];
            for (int i = 0; i < given.Length; i++)
                if (!inner.TryDefine(graph.Input[i].Name, given[i]))
                    throw Invalid(name, proto.OpType, $"the body's input '{graph.Input[i].Name}' is defined twice");
            ReadInitialisers(graph, inner);
            ImportNodes(graph.Node, inner, depth + 1);
            return inner;
        }

        string Result(ImportScope inner, int output) => inner.Find(graph.Output[output].Name) is { Length: > 0 } value
            ? value
            : throw Invalid(name, proto.OpType, $"no node produces its body's output '{graph.Output[output].Name}'");

        // What a trip gives, as the part of the collected values that it is.
        string Slice(string value)
        {
            string slice = _inference.UniqueValue(name + "/slice");
            _inference.Add(new Node(
                UniqueNodeName(name + "/slice"), "Unsqueeze", [value, Constant(Tensor.Of([0L], 1), "axes")], [slice]));
            return slice;
        }

        string Constant(Tensor value, string stem)
        {
            string constant = _inference.UniqueValue(name + "/" + stem);
            _inference.AddConstant(constant, value);
            return constant;
        }
    }
}
