using OptimizerBuild.Graphs;

namespace OptimizerBuild.Onnx.Expansions.MachineLearning;

/// <summary>The kernel function of a support vector machine, between rows of features and constant vectors.</summary>
internal static class SvmKernel
{
    /// <summary>The kernel's values: float32 [rows, vectors].</summary>
    /// <param name="context">The node, with the attributes <c>kernel_type</c> and <c>kernel_params</c>: γ, the constant and the
    /// degree.</param>
    /// <param name="rows">The features: float32 [rows, features].</param>
    /// <param name="vectors">The vectors: [vectors, features].</param>
    public static string Of(ExpansionContext context, string rows, Tensor vectors)
    {
        float[] parameters = context.Node.Floats("kernel_params") ?? [];
        if (parameters.Length is not (0 or 3))
            throw context.Invalid($"it has {parameters.Length} kernel_params instead of three");
        (float gamma, float constant, float degree) = parameters.Length == 0 ? (0, 0, 0) : (parameters[0], parameters[1], parameters[2]);
        string products = context.Add("MatMul", rows, context.Transpose(context.Add(vectors), 1, 0));
        return context.Node.Text("kernel_type", "LINEAR") switch
        {
            "LINEAR" => products,
            "POLY" => context.Add("Pow", Linear(), Number(degree)),
            "SIGMOID" => context.Add("Tanh", Linear()),
            _ => context.Add("Exp", context.Add("Mul", Distances(context, rows, vectors), Number(-gamma))),
        };

        string Linear() => context.Add("Add", context.Add("Mul", products, Number(gamma)), Number(constant));

        string Number(double value) => context.Scalar(ElementType.Float32, value);
    }

    // Sums of squared differences: |x|² − 2xv + |v|² would lose the digits of small ones.
    private static string Distances(ExpansionContext context, string rows, Tensor vectors)
    {
        TensorType type = context.TypeOf(rows);
        context.Elements(type.Dimensions[0], vectors.Dimensions[0], vectors.Dimensions[1]);
        string wide = context.Reshape(rows, type.Dimensions[0], 1, type.Dimensions[1]);
        string differences = context.Add("Sub", wide, context.Add(vectors));
        return context.Reduce("ReduceSum", context.Add("Mul", differences, differences), [2], keep: false);
    }
}
