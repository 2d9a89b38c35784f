using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions.Microsoft;

/// <summary>QLinearAveragePool (com.microsoft), with the channels second or last.</summary>
[RewrittenOperator("QLinearAveragePool", Domain = MicrosoftDomain.Name)]
[Parameter("auto_pad", ParameterKind.String, Choices = ["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", ""])]
[Parameter("ceil_mode", ParameterKind.Int)]
[Parameter("channels_last", ParameterKind.Int)]
[Parameter("count_include_pad", ParameterKind.Int)]
[Parameter("kernel_shape", ParameterKind.Ints, Required = true, Minimum = 1)]
[Parameter("pads", ParameterKind.Ints, Minimum = 0)]
[Parameter("strides", ParameterKind.Ints, Minimum = 1)]
internal sealed class QLinearAveragePoolExpansion : QuantizedFunction
{
    /// <inheritdoc/>
    protected override string Apply(ExpansionContext context, string value)
    {
        Node pool = context.Node.Without("channels_last") with { OpType = "AveragePool", Domain = "" };
        if (context.Node.Int("channels_last", 0) == 0)
            return context.Add(pool with { Inputs = [value] });
        int rank = context.Type(0).Rank;
        string second = context.Transpose(value, [0, rank - 1, .. Enumerable.Range(1, rank - 2).Select(a => (long)a)]);
        return context.Transpose(
            context.Add(pool with { Inputs = [second] }), [0, .. Enumerable.Range(2, rank - 2).Select(a => (long)a), 1]);
    }
}

/// <summary>QLinearSoftmax (com.microsoft): over one axis, or in the form before opset 13 over all from an axis on.</summary>
[RewrittenOperator("QLinearSoftmax", Domain = MicrosoftDomain.Name)]
[Parameter("axis", ParameterKind.Int)]
[Parameter("opset", ParameterKind.Int, Required = true)]
internal sealed class QLinearSoftmaxExpansion : QuantizedFunction
{
    // The first opset in which Softmax has one axis.
    private const int OneAxis = 13;

    /// <inheritdoc/>
    protected override string Apply(ExpansionContext context, string value)
    {
        TensorType type = context.Type(0);
        bool isOneAxis = context.Node.Int("opset", OneAxis) >= OneAxis;
        int axis = context.Axis(context.Node.Int("axis", isOneAxis ? -1 : 1), type.Rank);
        if (isOneAxis)
            return context.Add(ExpansionContext.New("Softmax", value).With("axis", axis));
        long rows = Shapes.Count(type.Dimensions.AsSpan()[..axis]), columns = Shapes.Count(type.Dimensions.AsSpan()[axis..]);
        return context.Reshape(
            context.Add(ExpansionContext.New("Softmax", context.Reshape(value, rows, columns)).With("axis", 1)), type.Dimensions.AsSpan());
    }
}

/// <summary>QLinearConcat (com.microsoft): tensors of bytes with scales of their own, one after the other along an axis.</summary>
[RewrittenOperator("QLinearConcat", Domain = MicrosoftDomain.Name)]
[Input(0, "Y_scale", Elements.Float32)]
[Input(1, "Y_zero_point", Elements.UInt8 | Elements.Int8)]
[Input(2, "inputs", Elements.UInt8 | Elements.Int8 | Elements.Float32, Variadic = true, Minimum = 3)]
[Output(0, "Y")]
[Parameter("axis", ParameterKind.Int, Required = true)]
internal sealed class QLinearConcatExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        int operands = context.Node.Inputs.Length - 2;
        if (operands % 3 != 0)
            throw context.Invalid($"it has {operands} inputs instead of three for each tensor: the bytes, their scale and zero point");
        string[] reals = [.. Enumerable.Range(0, operands / 3).Select(i => IntegerProducts.Real(context, 2 + (3 * i)))];
        string y = context.Add(ExpansionContext.New("Concat", reals).With("axis", context.Node.Int("axis", 0)));
        context.Return(0, IntegerProducts.Levels(context, y, context[0], context[1]));
    }
}
