using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx.Schema;

namespace OptimizerBuild.Onnx;

/// <summary>DictVectorizer: the values of the keys of a vocabulary, in its order.</summary>
internal sealed class DictVectorizerReader : MapReader
{
    /// <inheritdoc/>
    public override string OpType => "DictVectorizer";

    /// <inheritdoc/>
    public override long? Keys(NodeProto node) =>
        node.Attribute.Where(a => a.Name is "string_vocabulary" or "int64_vocabulary")
            .Select(a => (long?)Math.Max(a.Strings.Count, a.Ints.Count)).FirstOrDefault();

    /// <inheritdoc/>
    public override ElementType? Converts(NodeProto node) => null;
}
