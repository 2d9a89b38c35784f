using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions.Microsoft;

/// <summary>
/// DynamicQuantizeLSTM (com.microsoft): an LSTM whose weights are bytes, transposed, and whose input is rounded to levels with a scale that
/// is measured. ONNX Runtime rounds the state likewise in each step, to 8 bits; here it keeps float32, or 16 bits where the layer runs in
/// integers.
/// </summary>
[RewrittenOperator("DynamicQuantizeLSTM", Domain = MicrosoftDomain.Name)]
[Input(0, "X", Elements.Float32)]
[Input(1, "W", Elements.UInt8 | Elements.Int8)]
[Input(2, "R", Elements.UInt8 | Elements.Int8)]
[Input(3, "B", Elements.Float32, Optional = true)]
[Input(4, "sequence_lens", Elements.Int32, Optional = true)]
[Input(5, "initial_h", Elements.Float32, Optional = true)]
[Input(6, "initial_c", Elements.Float32, Optional = true)]
[Input(7, "P", Elements.Float32, Optional = true)]
[Input(8, "W_scale", Elements.Float32)]
[Input(9, "W_zero_point", Elements.UInt8 | Elements.Int8)]
[Input(10, "R_scale", Elements.Float32)]
[Input(11, "R_zero_point", Elements.UInt8 | Elements.Int8)]
[Output(0, "Y", Optional = true)]
[Output(1, "Y_h", Optional = true)]
[Output(2, "Y_c", Optional = true)]
[Parameter("activation_alpha", ParameterKind.Floats)]
[Parameter("activation_beta", ParameterKind.Floats)]
[Parameter("activations", ParameterKind.Strings)]
[Parameter("clip", ParameterKind.Float)]
[Parameter("direction", ParameterKind.String, Choices = ["forward", "reverse", "bidirectional"])]
[Parameter("hidden_size", ParameterKind.Int, Minimum = 1)]
[Parameter("input_forget", ParameterKind.Int)]
internal sealed class DynamicQuantizeLstmExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        string x = context.Add("DequantizeLinear", context.Add(ExpansionContext.New("DynamicQuantizeLinear", context[0]), 3));
        Node layer = new("", "LSTM", [x, Weights(context, 1, 8), Weights(context, 2, 10),
            .. Enumerable.Range(3, 5).Select(i => context.Has(i) ? context[i] : "")], [])
        {
            Attributes = context.Node.Attributes,
        };
        string[] results = context.Add(layer, 3);
        for (int i = 0; i < results.Length; i++)
            if (context.Gives(i))
                context.Return(i, results[i]);
    }

    // [directions, inputs, rows] of bytes, with scales and zero points [directions] or [directions, rows], as real numbers
    // [directions, rows, inputs].
    private static string Weights(ExpansionContext context, int input, int scale)
    {
        TensorType type = context.Type(input);
        if (type.Rank != 3)
            throw context.Invalid($"its weights are {type} instead of directions, inputs and rows");
        string levels = context.Cast(context[input], ElementType.Float32);
        string centred = context.Add("Sub", levels, context.Cast(Along(context, type, scale + 1), ElementType.Float32));
        return context.Transpose(context.Add("Mul", centred, Along(context, type, scale)), 0, 2, 1);
    }

    private static string Along(ExpansionContext context, TensorType weights, int input)
    {
        TensorType type = context.Type(input);
        (int directions, int rows) = (weights.Dimensions[0], weights.Dimensions[2]);
        return type.Count == directions ? context.Reshape(context[input], directions, 1, 1)
            : type.Count == directions * rows ? context.Reshape(context[input], directions, 1, rows)
            : throw context.Invalid($"its scale or zero point {type} is neither one for each of {directions} directions nor for each row");
    }
}
