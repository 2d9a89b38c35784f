using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Lookup;

namespace OptimizerBuild.Onnx.Opsets;

/// <summary>
/// LabelEncoder has a list of classes in version 1, lists by type since version 2, and besides tensors since version 4.
/// </summary>
[OpsetRule("LabelEncoder", Domain = LabelEncoderOperator.MlDomain)]
internal sealed class LabelEncoderRule : OpsetRule
{
    private static readonly string[] Types = ["strings", "int64s", "floats"];

    /// <inheritdoc/>
    public override IEnumerable<Node> Normalise(OpsetContext context)
    {
        Node node = context.Node;
        Tensor keys, values;
        if (context.Opset < 2)
        {
            Tensor classes = List(node, "classes_", "strings") ?? throw context.Invalid("it has no classes_strings");
            Tensor numbers = Tensor.Of([.. Enumerable.Range(0, classes.Count).Select(i => (long)i)], classes.Count);
            (keys, values) = context.Type(0).Element == ElementType.String ? (classes, numbers) : (numbers, classes);
        }
        else
        {
            keys = Given(context, "keys_");
            values = Given(context, "values_");
        }
        return [LabelEncoderOperator.With(
            node with { Attributes = node.Attributes.Clear() }, keys, values, Default(context, values.Element))];
    }

    private static Tensor Given(OpsetContext context, string stem) => context.Node.TensorOf(stem + "tensor")
        ?? Types.Select(t => List(context.Node, stem, t)).FirstOrDefault(t => t is not null)
        ?? throw context.Invalid($"it has none of {string.Join(", ", Types.Select(t => stem + t))} and {stem}tensor");

    private static Tensor? List(Node node, string stem, string type) => type switch
    {
        "strings" => node.Texts(stem + type) is { } texts ? Tensor.Of(texts, texts.Length) : null,
        "int64s" => node.Ints(stem + type) is { } integers ? Tensor.Of(integers, integers.Length) : null,
        _ => node.Floats(stem + type) is { } reals ? Tensor.Of(reals, reals.Length) : null,
    };

    // What the specification has as defaults where the node gives none.
    private static Tensor Default(OpsetContext context, ElementType element)
    {
        Node node = context.Node;
        if (node.TensorOf("default_tensor") is { } given)
            return given;
        return element switch
        {
            ElementType.String => Tensor.Scalar(node.Text("default_string", "_Unused")),
            ElementType.Int64 => Tensor.Scalar(node.Int("default_int64", -1)),
            ElementType.Int32 => Tensor.Scalar(-1),
            ElementType.Int16 => Tensor.Scalar((short)-1),
            ElementType.Float64 => Tensor.Scalar(-0.0),
            ElementType.Float32 => Tensor.Scalar(node.Float("default_float", -0f)),
            _ => throw context.Unsupported("values that are strings, int16, int32, int64, float or double"),
        };
    }
}
