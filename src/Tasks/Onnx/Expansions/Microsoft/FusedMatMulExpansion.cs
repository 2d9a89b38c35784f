using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions.Microsoft;

/// <summary>FusedMatMul (com.microsoft): a matrix product with a factor, of matrices that may be transposed.</summary>
[RewrittenOperator("FusedMatMul", Domain = MicrosoftDomain.Name)]
[Input(0, "A", Elements.Floats, Variable = "T")]
[Input(1, "B", Elements.Floats, Variable = "T")]
[Output(0, "Y")]
[Parameter("alpha", ParameterKind.Float)]
[Parameter("transA", ParameterKind.Int)]
[Parameter("transB", ParameterKind.Int)]
[Parameter("transBatchA", ParameterKind.Int)]
[Parameter("transBatchB", ParameterKind.Int)]
internal sealed class FusedMatMulExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        if (context.Node.Int("transBatchA", 0) != 0 || context.Node.Int("transBatchB", 0) != 0)
            throw context.Unsupported("FusedMatMul with its batches in front (transBatchA=0, transBatchB=0)");
        string product = context.Add("MatMul", Turned(0, "transA"), Turned(1, "transB"));
        float alpha = context.Node.Float("alpha", 1);
        context.Return(0, alpha == 1 ? product : context.Add("Mul", product, context.Scalar(context.Type(0).Element, alpha)));

        string Turned(int input, string attribute)
        {
            int rank = context.Type(input).Rank;
            if (context.Node.Int(attribute, 0) == 0 || rank < 2)
                return context[input];
            return context.Transpose(context[input], [.. Enumerable.Range(0, rank - 2).Select(d => (long)d), rank - 1, rank - 2]);
        }
    }
}
