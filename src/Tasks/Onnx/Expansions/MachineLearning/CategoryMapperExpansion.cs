using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Lookup;

namespace OptimizerBuild.Onnx.Expansions.MachineLearning;

/// <summary>CategoryMapper (ai.onnx.ml): strings to integers or back, by two lists of one length.</summary>
[RewrittenOperator("CategoryMapper", Domain = LabelEncoderOperator.MlDomain)]
[Input(0, "X", Elements.Int64 | Elements.String)]
[Output(0, "Y")]
[Parameter("cats_int64s", ParameterKind.Ints)]
[Parameter("cats_strings", ParameterKind.Strings)]
[Parameter("default_int64", ParameterKind.Int)]
[Parameter("default_string", ParameterKind.String)]
internal sealed class CategoryMapperExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        Node node = context.Node;
        long[] integers = node.Ints("cats_int64s") ?? [];
        string[] texts = node.Texts("cats_strings") ?? [];
        if (integers.Length != texts.Length)
            throw context.Invalid($"it has {texts.Length} strings for {integers.Length} integers");
        Tensor numbers = Tensor.Of(integers, integers.Length), words = Tensor.Of(texts, texts.Length);
        Node encoder = new Node("", "LabelEncoder", [context[0]], []) { Domain = LabelEncoderOperator.MlDomain };
        context.Return(0, context.Add(context.Type(0).Element == ElementType.String
            ? LabelEncoderOperator.With(encoder, words, numbers, Tensor.Scalar(node.Int("default_int64", -1)))
            : LabelEncoderOperator.With(encoder, numbers, words, Tensor.Scalar(node.Text("default_string", "_Unused")))));
    }
}
