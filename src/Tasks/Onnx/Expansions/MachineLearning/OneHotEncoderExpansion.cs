using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Lookup;

namespace OptimizerBuild.Onnx.Expansions.MachineLearning;

/// <summary>
/// OneHotEncoder (ai.onnx.ml): for each element a row of float32, with 1 for the category that it is, and zeros where it is none. (A
/// predictor cannot refuse an element at run time, as <c>zeros=0</c> asks for.)
/// </summary>
[RewrittenOperator("OneHotEncoder", Domain = LabelEncoderOperator.MlDomain)]
[Input(0, "X", Elements.Numbers | Elements.String)]
[Output(0, "Y")]
[Parameter("cats_int64s", ParameterKind.Ints)]
[Parameter("cats_strings", ParameterKind.Strings)]
[Parameter("zeros", ParameterKind.Int)]
internal sealed class OneHotEncoderExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType x = context.Type(0);
        bool isText = x.Element == ElementType.String;
        Tensor categories = isText
            ? context.Node.Texts("cats_strings") is { Length: > 0 } texts ? Tensor.Of(texts, texts.Length) : throw Missing("cats_strings")
            : context.Node.Ints("cats_int64s") is { Length: > 0 } numbers ? Tensor.Of(numbers, numbers.Length)
                : throw Missing("cats_int64s");
        string column = context.Reshape(isText ? context[0] : context.Cast(context[0], ElementType.Int64), [.. x.Dimensions, 1]);
        context.Return(0, context.Cast(context.Add("Equal", column, context.Add(categories)), ElementType.Float32));

        Exception Missing(string attribute) => context.Invalid($"its input is {x}, but it has no {attribute}");
    }
}
