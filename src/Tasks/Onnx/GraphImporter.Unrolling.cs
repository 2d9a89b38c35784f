using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Movement;

namespace OptimizerBuild.Onnx;

/// <summary>
/// Loops that carry sequences, or whose shapes change from trip to trip, such as one that slices by the number of its trip: where the
/// number of trips is a constant, the body stands in the graph once for each.
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

    /// <summary>Whether nothing that bounds a loop from its beginning depends on data.</summary>
    private bool HasConstantTrips(ImmutableArray<string> inputs) =>
        (inputs[0].Length == 0 || _inference.Constant(inputs[0]) is { Element: ElementType.Int64, Count: 1 })
        && (inputs[1].Length == 0 || _inference.Constant(inputs[1]) is { Element: ElementType.Bool, Count: 1 });

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
        long trips = inputs[0].Length == 0 ? long.MaxValue : _inference.Constant(inputs[0])!.Values<long>()[0];
        bool goes = inputs[1].Length == 0 || _inference.Constant(inputs[1])!.Values<bool>()[0];
        ModelValue[] values = [.. inputs.Skip(2).Select(i => _inference.Value(Given(name, proto, i, anyKind: true)))];
        List<string>[] collected = [.. Enumerable.Range(0, graph.Output.Count - 1 - values.Length).Select(_ => new List<string>())];
        for (long trip = 0; trip < trips && goes; trip++)
        {
            if (trip == MaximumUnrolledTrips)
                throw new ModelException(DiagnosticCatalog.ModelTooLarge, $"the loop '{name}', whose trips become nodes,",
                    $"more than {MaximumUnrolledTrips} trips", MaximumUnrolledTrips);
            ImportScope inner = Trip(trip);
            goes = _inference.Constant(Result(inner, 0)) is { Count: 1, Element: ElementType.Bool } next
                ? next.Values<bool>()[0]
                : throw reason;
            values = [.. values.Select((_, i) => _inference.Value(Result(inner, 1 + i)))];
            for (int i = 0; i < collected.Length; i++)
                collected[i].Add(Given(name, proto, Result(inner, 1 + values.Length + i)));
        }
        for (int i = 0; i < proto.Output.Count; i++)
        {
            if (proto.Output[i].Length == 0)
                continue;
            if (i < values.Length)
                Give(name, values[i], Define(proto.Output[i], name, proto, scope));
            else
                Stack(collected[i - values.Length], graph.Output[1 + i], Define(proto.Output[i], name, proto, scope));
        }

        ImportScope Trip(long number)
        {
            var inner = new ImportScope(scope, scope.Opsets) { Attributes = scope.Attributes };
            ModelValue[] given =
            [
                new ModelValue.Single(Constant(Tensor.Scalar(number), "number")),
                new ModelValue.Single(Constant(Tensor.Scalar(true), "condition")), .. values,
            ];
            for (int i = 0; i < given.Length; i++)
                DefineArgument(name, proto, inner, graph.Input[i].Name, given[i]);
            ImportTrip(name, proto, graph, inner, depth);
            return inner;
        }

        string Result(ImportScope inner, int output) => ResultOf(name, proto, graph.Output[output].Name, inner);

        // What the trips give, along a new first axis.
        void Stack(List<string> parts, ValueInfoProto declared, string output)
        {
            if (parts.Count == 0)
            {
                TypeProto.Types.Tensor type = declared.Type?.TensorType is { Shape: { } shape } known && shape.Dim.All(d => d.HasDimValue)
                    ? known
                    : throw Invalid(name, proto.OpType, $"it makes no trip, and its body's output '{declared.Name}' has no shape");
                _inference.AddConstant(output, Tensor.Zeros(TensorType.Of(TensorProtoReader.ElementTypeOf(type.ElemType, declared.Name),
                    TensorProtoReader.Dimensions([0, .. type.Shape.Dim.Select(d => d.DimValue)], declared.Name))));
                return;
            }
            ImmutableArray<string> slices = [.. parts.Select(part =>
            {
                string slice = _inference.UniqueValue(name + "/slice");
                _inference.Add(NodeOperators.New<UnsqueezeOperator>(
                    UniqueNodeName(name + "/slice"), [part, Constant(Tensor.Of([0L], 1), "axes")], [slice]));
                return slice;
            })];
            _inference.Add(ConcatOperator.WithAxis(
                NodeOperators.New<ConcatOperator>(UniqueNodeName(name + "_result"), slices, [output]), 0));
        }

        string Constant(Tensor value, string stem)
        {
            string constant = _inference.UniqueValue(name + "/" + stem);
            _inference.AddConstant(constant, value);
            return constant;
        }
    }
}
