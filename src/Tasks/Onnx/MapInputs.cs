using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx.Schema;
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

    /// <summary>Makes rows of such inputs, and of their operators what is left of them. Other inputs of maps stay, to be refused.</summary>
    public static void AsRows(ModelProto model)
    {
        foreach (ValueInfoProto input in model.Graph?.Input ?? [])
        {
            if (input.Type?.MapType is not { } map || map.ValueType?.TensorType is not { } value)
                continue;
            NodeProto[] readers = [.. model.Graph!.Node.Where(n => n.Input.Contains(input.Name))];
            long?[] keys = [.. readers.Select(KeysOf).Distinct()];
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
    }

    // How many keys a reader of a map knows; null where it does not.
    private static long? KeysOf(NodeProto node)
    {
        if (node.Domain != LabelEncoderOperator.MlDomain || node.Input.Count != 1)
            return null;
        return node.OpType switch
        {
            "DictVectorizer" => node.Attribute.Where(a => a.Name.EndsWith("_vocabulary", StringComparison.Ordinal))
                .Select(a => (long?)Math.Max(a.Strings.Count, a.Ints.Count)).FirstOrDefault(),
            "CastMap" when Text(node, "map_form") == "SPARSE" => node.Attribute.FirstOrDefault(a => a.Name == "max_map")?.I,
            _ => null,
        };
    }

    private static void Replace(NodeProto node)
    {
        ElementType? to = node.OpType == "DictVectorizer" ? null : Text(node, "cast_to") switch
        {
            "TO_INT64" => ElementType.Int64,
            "TO_STRING" => ElementType.String,
            _ => ElementType.Float32,
        };
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

    private static string? Text(NodeProto node, string attribute) =>
        node.Attribute.FirstOrDefault(a => a.Name == attribute)?.S.ToStringUtf8();
}
