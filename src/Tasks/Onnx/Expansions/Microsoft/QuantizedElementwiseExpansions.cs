using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions.Microsoft;

/// <summary>An operator of com.microsoft on bytes: their real values, the operation, and the levels of the result.</summary>
internal abstract class QuantizedOperation : Expansion
{
    /// <summary>The real value of an input, whose scale and zero point follow it.</summary>
    protected static string Real(ExpansionContext context, int input)
    {
        string scale = context.Reshape(context[input + 1], Array.Empty<long>());
        return context.Has(input + 2)
            ? context.Add("DequantizeLinear", context[input], scale, context.Reshape(context[input + 2], Array.Empty<long>()))
            : context.Add("DequantizeLinear", context[input], scale);
    }

    /// <summary>The levels of a result.</summary>
    protected static string Levels(ExpansionContext context, string value, int scale)
    {
        string zeroPoint = context.Has(scale + 1)
            ? context[scale + 1]
            : context.Scalar(context.Type(0).Element, 0);
        return IntegerProducts.Levels(context, value, context[scale], zeroPoint);
    }
}

/// <summary>An operation on two tensors of bytes.</summary>
[Input(0, "A", Elements.UInt8 | Elements.Int8, Variable = "T")]
[Input(1, "A_scale", Elements.Float32)]
[Input(2, "A_zero_point", Elements.UInt8 | Elements.Int8, Variable = "T", Optional = true)]
[Input(3, "B", Elements.UInt8 | Elements.Int8, Variable = "T")]
[Input(4, "B_scale", Elements.Float32)]
[Input(5, "B_zero_point", Elements.UInt8 | Elements.Int8, Variable = "T", Optional = true)]
[Input(6, "C_scale", Elements.Float32)]
[Input(7, "C_zero_point", Elements.UInt8 | Elements.Int8, Variable = "T", Optional = true)]
[Output(0, "C")]
internal abstract class QuantizedPair : QuantizedOperation
{
    /// <summary>The operation on real values.</summary>
    protected abstract string OpType { get; }

    /// <inheritdoc/>
    public override void Expand(ExpansionContext context) => context.Return(
        0, Levels(context, context.Add(OpType, Real(context, 0), Real(context, 3)), 6));
}

/// <summary>QLinearAdd (com.microsoft).</summary>
[RewrittenOperator("QLinearAdd", Domain = MicrosoftDomain.Name)]
internal sealed class QLinearAddExpansion : QuantizedPair
{
    /// <inheritdoc/>
    protected override string OpType => "Add";
}

/// <summary>QLinearMul (com.microsoft).</summary>
[RewrittenOperator("QLinearMul", Domain = MicrosoftDomain.Name)]
internal sealed class QLinearMulExpansion : QuantizedPair
{
    /// <inheritdoc/>
    protected override string OpType => "Mul";
}

/// <summary>An operation on one tensor of bytes.</summary>
[Input(0, "X", Elements.UInt8 | Elements.Int8, Variable = "T")]
[Input(1, "X_scale", Elements.Float32)]
[Input(2, "X_zero_point", Elements.UInt8 | Elements.Int8, Variable = "T", Optional = true)]
[Input(3, "Y_scale", Elements.Float32)]
[Input(4, "Y_zero_point", Elements.UInt8 | Elements.Int8, Variable = "T", Optional = true)]
[Output(0, "Y")]
internal abstract class QuantizedFunction : QuantizedOperation
{
    /// <summary>Adds the operation on real values.</summary>
    protected abstract string Apply(ExpansionContext context, string value);

    /// <inheritdoc/>
    public override void Expand(ExpansionContext context) => context.Return(0, Levels(context, Apply(context, Real(context, 0)), 3));
}

/// <summary>QLinearSigmoid (com.microsoft).</summary>
[RewrittenOperator("QLinearSigmoid", Domain = MicrosoftDomain.Name)]
internal sealed class QLinearSigmoidExpansion : QuantizedFunction
{
    /// <inheritdoc/>
    protected override string Apply(ExpansionContext context, string value) => context.Add("Sigmoid", value);
}

/// <summary>QLinearLeakyRelu (com.microsoft).</summary>
[RewrittenOperator("QLinearLeakyRelu", Domain = MicrosoftDomain.Name)]
[Parameter("alpha", ParameterKind.Float)]
internal sealed class QLinearLeakyReluExpansion : QuantizedFunction
{
    /// <inheritdoc/>
    protected override string Apply(ExpansionContext context, string value) => context.Add(
        ExpansionContext.New("LeakyRelu", value).With("alpha", new AttributeValue.Float(context.Node.Float("alpha", 0.01f))));
}

/// <summary>QLinearGlobalAveragePool (com.microsoft), with the channels second or last.</summary>
[RewrittenOperator("QLinearGlobalAveragePool", Domain = MicrosoftDomain.Name)]
[Parameter("channels_last", ParameterKind.Int)]
internal sealed class QLinearGlobalAveragePoolExpansion : QuantizedFunction
{
    /// <inheritdoc/>
    protected override string Apply(ExpansionContext context, string value)
    {
        int rank = context.Type(0).Rank;
        int first = context.Node.Int("channels_last", 0) != 0 ? 1 : 2;
        long[] axes = [.. Enumerable.Range(first, Math.Max(rank - 2, 0)).Select(a => (long)a)];
        return context.Reduce("ReduceMean", value, axes);
    }
}
