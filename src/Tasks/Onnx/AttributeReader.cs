using System.Text;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx.Schema;
using Kind = OptimizerBuild.Onnx.Schema.AttributeProto.Types.AttributeType;

namespace OptimizerBuild.Onnx;

/// <summary>Turns <c>AttributeProto</c> messages into attribute values.</summary>
internal static class AttributeReader
{
    // A sparse tensor is made dense here; beyond this its dense form has no place in a predictor.
    private const int MaximumDenseElements = 1 << 26;

    /// <summary>The value of an attribute.</summary>
    /// <param name="attribute">The message.</param>
    /// <param name="node">The node's name, for messages.</param>
    /// <param name="opType">The node's operator, for messages.</param>
    /// <param name="external">Where external data lies.</param>
    /// <exception cref="ModelException">The attribute has a form that no supported operator uses.</exception>
    public static AttributeValue Read(AttributeProto attribute, string node, string opType, ExternalDataFolder external)
    {
        Kind kind = KindOf(attribute);
        switch (kind)
        {
            case Kind.Float:
                return new AttributeValue.Float(attribute.F);
            case Kind.Int:
                return new AttributeValue.Int(attribute.I);
            case Kind.String:
                return new AttributeValue.Text(attribute.S.ToString(Encoding.UTF8));
            case Kind.Floats:
                return new AttributeValue.Floats([.. attribute.Floats]);
            case Kind.Ints:
                return new AttributeValue.Ints([.. attribute.Ints]);
            case Kind.Strings:
                return new AttributeValue.Texts([.. attribute.Strings.Select(s => s.ToString(Encoding.UTF8))]);
            case Kind.Tensor when attribute.T is { } tensor:
                return new AttributeValue.TensorValue(TensorProtoReader.Read(tensor, $"{node}.{attribute.Name}", external));
            case Kind.SparseTensor when attribute.SparseTensor is { } sparse:
                return new AttributeValue.TensorValue(Dense(sparse, $"{node}.{attribute.Name}", external));
            default:
                throw new ModelException(DiagnosticCatalog.InvalidNode, node, opType,
                    $"its attribute '{attribute.Name}' is of kind {kind}, which is not supported");
        }
    }

    /// <summary>The form of an attribute's value; where the file does not say it, that of the value it holds.</summary>
    public static Kind KindOf(AttributeProto attribute) =>
        attribute.HasType && attribute.Type != Kind.Undefined ? attribute.Type : Guess(attribute);

    /// <summary>A sparse tensor (ONNX "SparseTensorProto": coordinates or linear indices) as a dense one.</summary>
    /// <exception cref="ModelException">The tensor is not valid.</exception>
    public static Tensor Dense(SparseTensorProto sparse, string name, ExternalDataFolder external)
    {
        if (sparse.Values is null || sparse.Indices is null)
            throw Invalid(name, "a sparse tensor lacks values or indices");
        Tensor values = TensorProtoReader.Read(sparse.Values, name, external);
        Tensor indices = TensorProtoReader.Read(sparse.Indices, name, external);
        int[] dimensions = TensorProtoReader.Dimensions(sparse.Dims, name);
        var type = TensorType.Of(values.Element, dimensions);
        if (type.Count > MaximumDenseElements)
            throw new ModelException(DiagnosticCatalog.ModelTooLarge, $"sparse tensor '{name}'", $"{type.Count} elements",
                $"{MaximumDenseElements} elements");
        bool linear = indices.Rank == 1;
        if (indices.Element != ElementType.Int64 || values.Rank != 1 || indices.Count != values.Count * (linear ? 1 : dimensions.Length))
            throw Invalid(name, "the indices of a sparse tensor do not fit its values");

        Tensor dense = Tensor.Zeros(type);
        long[] positions = indices.Values<long>();
        int[] strides = Shapes.Strides(dimensions);
        for (int i = 0; i < values.Count; i++)
        {
            long position = linear ? positions[i] : 0;
            if (!linear)
            {
                for (int d = 0; d < dimensions.Length; d++)
                {
                    long p = positions[(i * dimensions.Length) + d];
                    if (p < 0 || p >= dimensions[d])
                        throw Invalid(name, "an index of a sparse tensor lies outside it");
                    position += p * strides[d];
                }
            }
            if (position < 0 || position >= dense.Count)
                throw Invalid(name, "an index of a sparse tensor lies outside it");
            Array.Copy(values.Data, i, dense.Data, position, 1);
        }
        return dense;
    }

    private static Kind Guess(AttributeProto a) =>
        a.HasF
        ? Kind.Float
        : a.HasI ? Kind.Int
        : a.HasS ? Kind.String
        : a.T is not null ? Kind.Tensor
        : a.G is not null ? Kind.Graph
        : a.Floats.Count > 0 ? Kind.Floats
        : a.Ints.Count > 0 ? Kind.Ints
        : a.Strings.Count > 0 ? Kind.Strings
        : a.SparseTensor is not null ? Kind.SparseTensor
        : Kind.Undefined;

    private static ModelException Invalid(string name, string reason) => new(DiagnosticCatalog.InvalidNode, name, "tensor", reason);
}
