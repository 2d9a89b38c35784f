using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;

namespace OptimizerBuild.Operators.Types;

/// <summary>A constant, in any of the attribute forms (ONNX operator Constant); it folds at import.</summary>
[Operator("Constant")]
[Output(0, "output")]
[Parameter("sparse_value", ParameterKind.SparseTensor, From = 11)]
[Parameter("value", ParameterKind.Tensor)]
[Parameter("value_float", ParameterKind.Float, From = 12)]
[Parameter("value_floats", ParameterKind.Floats, From = 12)]
[Parameter("value_int", ParameterKind.Int, From = 12)]
[Parameter("value_ints", ParameterKind.Ints, From = 12)]
[Parameter("value_string", ParameterKind.String, From = 12)]
[Parameter("value_strings", ParameterKind.Strings, From = 12)]
[NotDifferentiable("reads nothing")]
internal sealed class ConstantOperator : Operator
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context) => [Value(context).Type];

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs) => [Value(context)];

    private static Tensor Value(OperatorContext context)
    {
        foreach ((string name, AttributeValue attribute) in context.Node.Attributes)
        {
            switch (name, attribute)
            {
                case ("value" or "sparse_value", AttributeValue.TensorValue v):
                    return v.Value;
                case ("value_float", AttributeValue.Float v):
                    return Tensor.Scalar(v.Value);
                case ("value_floats", AttributeValue.Floats v):
                    return Tensor.Of<float>([.. v.Values], v.Values.Length);
                case ("value_int", AttributeValue.Int v):
                    return Tensor.Scalar(v.Value);
                case ("value_ints", AttributeValue.Ints v):
                    return Tensor.Of<long>([.. v.Values], v.Values.Length);
                case ("value_string", AttributeValue.Text v):
                    return Tensor.Scalar(v.Value);
                case ("value_strings", AttributeValue.Texts v):
                    return Tensor.Of<string>([.. v.Values], v.Values.Length);
                default:
                    continue;
            }
        }
        throw context.Invalid("it has no value");
    }
}
