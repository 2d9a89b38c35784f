using System.Collections.Frozen;
using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Lookup;

namespace OptimizerBuild.Onnx;

/// <summary>
/// Inputs that are maps (dictionaries) of keys that the model knows, which DictVectorizer and CastMap of <c>ai.onnx.ml</c> spread out into
/// a row: callers pass the row itself, a value for each key in the model's order, 0 for a key that they would leave out.
/// </summary>
internal static class MapInputs
{
    private const int Newest = 21;
    private const long MostKeys = 1 << 24;

    private static readonly FrozenDictionary<string, MapReader> Readers = OperatorRegistry.OwnTypes
        .Where(t => t is { IsAbstract: false } && t.IsSubclassOf(typeof(MapReader)))
        .Select(t => (MapReader)Activator.CreateInstance(t, nonPublic: true)!)
        .ToFrozenDictionary(r => r.OpType, StringComparer.Ordinal);

    /// <summary>Makes rows of such inputs, and of their operators what is left of them. Other inputs of maps stay, to be refused.</summary>
    /// <param name="model">The model.</param>
    /// <param name="shapes">Shapes that are given for inputs.</param>
    /// <exception cref="ModelException">How many keys a map has is known nowhere.</exception>
    public static void AsRows(ModelProto model, IReadOnlyDictionary<string, ImmutableArray<int>> shapes)
    {
        foreach (ValueInfoProto input in model.Graph?.Input ?? [])
        {
            if (input.Type?.MapType is not { } map || map.ValueType?.TensorType is not { } value)
                continue;
            NodeProto[] readers = [.. model.Graph!.Node.Where(n => n.Input.Contains(input.Name))];
            long?[] keys = [.. readers.Select(r => KeysOf(r) ?? Stated(r, input.Name)).Distinct()];
            if (keys is not [> 0 and <= MostKeys and { } count])
                continue;
            // Two vocabularies of one length would be two orders.
            if (readers.Select(r => string.Join('\n', r.Attribute.Where(a => a.Name.EndsWith("_vocabulary", StringComparison.Ordinal))
                .Select(a => a.ToString()))).Distinct(StringComparer.Ordinal).Count() != 1)
                continue;
            foreach (NodeProto reader in readers)
                Replace(reader);
            var shape = new TensorShapeProto();
            shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = 1 });
            shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = count });
            input.Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = value.ElemType, Shape = shape } };
            if (model.OpsetImport.All(o => o.Domain is not ("" or "ai.onnx")))
                model.OpsetImport.Add(new OperatorSetIdProto { Version = Newest });
        }

        // A reader that knows no keys hands on those that are there: as many as a shape says that is given, or that the model has for its
        // result.
        long? Stated(NodeProto reader, string input)
        {
            if (ReaderOf(reader) is not { TakesAnyKeys: true })
                return null;
            if (shapes.TryGetValue(input, out ImmutableArray<int> given) && given is [1, > 0 and var count])
                return count;
            ValueInfoProto? result = model.Graph!.Output.Concat(model.Graph.ValueInfo).FirstOrDefault(v => v.Name == reader.Output[0]);
            return result?.Type?.TensorType?.Shape?.Dim is [{ DimValue: 1 }, { DimValue: > 0 and var declared }] ? declared
                : throw new ModelException(DiagnosticCatalog.UnknownKeys, input, reader.Name, reader.OpType);
        }
    }

    private static MapReader? ReaderOf(NodeProto node) =>
        node.Domain == LabelEncoderOperator.MlDomain && node.Input.Count == 1 ? Readers.GetValueOrDefault(node.OpType) : null;

    // How many keys a reader of a map knows; null where it does not.
    private static long? KeysOf(NodeProto node) => ReaderOf(node)?.Keys(node);

    private static void Replace(NodeProto node)
    {
        ElementType? to = Readers[node.OpType].Converts(node);
        node.Attribute.Clear();
        node.Domain = "";
        node.OpType = to is null ? "Identity" : "Cast";
        if (to is { } element)
            node.Attribute.Add(new AttributeProto
            {
                Name = "to",
                Type = AttributeProto.Types.AttributeType.Int,
                I = (long)element,
            });
    }
}

/// <summary>An operator of <c>ai.onnx.ml</c> that spreads a map out into a row, one file each.</summary>
internal abstract class MapReader
{
    /// <summary>The operator's name.</summary>
    public abstract string OpType { get; }

    /// <summary>How many keys a node knows; null where it knows none.</summary>
    public abstract long? Keys(NodeProto node);

    /// <summary>Whether a node that knows no keys hands on the values of whatever keys there are, in ascending order of the keys.</summary>
    public virtual bool TakesAnyKeys => false;

    /// <summary>The type that a node converts the map's values to; null where they stay as they are.</summary>
    public abstract ElementType? Converts(NodeProto node);
}
