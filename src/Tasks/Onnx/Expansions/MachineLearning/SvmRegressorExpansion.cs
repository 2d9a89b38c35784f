using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Lookup;

namespace OptimizerBuild.Onnx.Expansions.MachineLearning;

/// <summary>
/// SVMRegressor (ai.onnx.ml): a weighted sum of the kernel's values between the features and support vectors; for one class whether it is
/// positive, as 1 or −1.
/// </summary>
[RewrittenOperator("SVMRegressor", Domain = LabelEncoderOperator.MlDomain)]
[Input(0, "X", Elements.Numbers)]
[Output(0, "Y")]
[Parameter("coefficients", ParameterKind.Floats)]
[Parameter("kernel_params", ParameterKind.Floats)]
[Parameter("kernel_type", ParameterKind.String, Choices = ["LINEAR", "POLY", "RBF", "SIGMOID"])]
[Parameter("n_supports", ParameterKind.Int, Minimum = 0)]
[Parameter("one_class", ParameterKind.Int)]
[Parameter("post_transform", ParameterKind.String)]
[Parameter("rho", ParameterKind.Floats)]
[Parameter("support_vectors", ParameterKind.Floats)]
internal sealed class SvmRegressorExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        if (context.Node.Text("post_transform", "NONE") is not ("NONE" or "") and var transform)
            throw context.Unsupported($"no transformation of the sum, not {transform}");
        string rows = context.Cast(TreeSource.Rows(context), ElementType.Float32);
        int features = context.TypeOf(rows).Dimensions[1];
        float[] coefficients = context.Node.Floats("coefficients") ?? [], vectors = context.Node.Floats("support_vectors") ?? [],
            rho = context.Node.Floats("rho") ?? [];
        long supports = context.Node.Int("n_supports", 0);
        if (rho.Length < 1 || vectors.Length != supports * features || coefficients.Length != (supports > 0 ? supports : features))
            throw context.Invalid($"it has {supports} support vectors of {vectors.Length} numbers for {features} features, "
                + $"{coefficients.Length} coefficients and {rho.Length} constants");
        // Without support vectors the coefficients are those of the features, whatever the kernel, as in ONNX Runtime.
        string product = supports == 0
            ? context.Add("MatMul", rows, context.Add(Tensor.Of(coefficients, features, 1)))
            : context.Add("MatMul", SvmKernel.Of(context, rows, Tensor.Of(vectors, (int)supports, features)),
                context.Add(Tensor.Of(coefficients, (int)supports, 1)));
        string sum = context.Add("Add", product, context.Scalar(ElementType.Float32, rho[0]));
        if (context.Node.Int("one_class", 0) != 0)
            sum = context.Add("Where", context.Add("Greater", sum, context.Scalar(ElementType.Float32, 0)),
                context.Scalar(ElementType.Float32, 1), context.Scalar(ElementType.Float32, -1));
        context.Return(0, sum);
    }
}
