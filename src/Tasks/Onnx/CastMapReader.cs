using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx.Schema;

namespace OptimizerBuild.Onnx;

/// <summary>
/// CastMap: in its sparse form the value of each number from 0 to below <c>max_map</c>, in its dense form those of all keys that there are,
/// converted.
/// </summary>
internal sealed class CastMapReader : MapReader
{
    /// <inheritdoc/>
    public override string OpType => "CastMap";

    /// <inheritdoc/>
    public override long? Keys(NodeProto node) =>
        Text(node, "map_form") == "SPARSE" ? node.Attribute.FirstOrDefault(a => a.Name == "max_map")?.I : null;

    /// <inheritdoc/>
    public override bool TakesAnyKeys => true;

    /// <inheritdoc/>
    public override ElementType? Converts(NodeProto node) => Text(node, "cast_to") switch
    {
        "TO_INT64" => ElementType.Int64,
        "TO_STRING" => ElementType.String,
        _ => ElementType.Float32,
    };

    private static string? Text(NodeProto node, string attribute) =>
        node.Attribute.FirstOrDefault(a => a.Name == attribute)?.S.ToStringUtf8();
}
