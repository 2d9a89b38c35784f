using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions.Microsoft;

/// <summary>NhwcMaxPool (com.microsoft): maxima of bytes with the channels last.</summary>
[RewrittenOperator("NhwcMaxPool", Domain = MicrosoftDomain.Name)]
[Input(0, "x", Elements.UInt8 | Elements.Int8)]
[Output(0, "y")]
[Parameter("auto_pad", ParameterKind.String, Choices = ["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", ""])]
[Parameter("ceil_mode", ParameterKind.Int)]
[Parameter("dilations", ParameterKind.Ints, Minimum = 1)]
[Parameter("kernel_shape", ParameterKind.Ints, Required = true, Minimum = 1)]
[Parameter("pads", ParameterKind.Ints, Minimum = 0)]
[Parameter("strides", ParameterKind.Ints, Minimum = 1)]
internal sealed class NhwcMaxPoolExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        int rank = context.Type(0).Rank;
        if (rank < 3)
            throw context.Invalid($"its input is {context.Type(0)}");
        string second = context.Transpose(context[0], [0, rank - 1, .. Enumerable.Range(1, rank - 2).Select(a => (long)a)]);
        string pooled = context.Add(context.Node with { OpType = "MaxPool", Domain = "", Inputs = [second] });
        context.Return(0, context.Transpose(pooled, [0, .. Enumerable.Range(2, rank - 2).Select(a => (long)a), 1]));
    }
}
