using OptimizerBuild.Graphs;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>The parts of operators on integers with zero points.</summary>
internal static class IntegerProducts
{
    /// <summary>An input as 32-bit integers less its zero point, if it has one.</summary>
    /// <param name="context">The node.</param>
    /// <param name="input">The input.</param>
    /// <param name="zeroPoint">The input that holds the zero point.</param>
    /// <param name="rows">Whether a list of zero points belongs to the rows of a matrix; else to its columns.</param>
    public static string Centred(ExpansionContext context, int input, int zeroPoint, bool rows = false)
    {
        string value = context.Cast(context[input], ElementType.Int32);
        return context.Has(zeroPoint)
            ? context.Add("Sub", value, Along(context, context.Cast(context[zeroPoint], ElementType.Int32), rows))
            : value;
    }

    /// <summary>One number for all, or one for each row or column of a matrix.</summary>
    public static string Along(ExpansionContext context, string parameters, bool rows)
    {
        TensorType type = context.TypeOf(parameters);
        return type.Count == 1 ? context.Reshape(parameters, Array.Empty<long>())
            : rows && type.Rank == 1 ? context.Reshape(parameters, type.Count, 1)
            : parameters;
    }

    /// <summary>Whether those of some inputs that are given are constant.</summary>
    public static bool AreConstant(ExpansionContext context, params ReadOnlySpan<int> inputs)
    {
        foreach (int input in inputs)
            if (context.Has(input) && context.Constant(context[input]) is null)
                return false;
        return true;
    }

    /// <summary>The real numbers of an input of bytes, whose scale and zero point follow it: one for all, or one along an axis.</summary>
    public static string Real(ExpansionContext context, int input, int axis = 1) => Real(context, input, input + 1, input + 2, axis);

    /// <summary>The real numbers of an input of bytes with a scale and a zero point: one for all, or one along an axis.</summary>
    public static string Real(ExpansionContext context, int input, int scaleInput, int zeroPoint, int axis = 1)
    {
        bool single = context.Type(scaleInput).Count == 1;
        string scale = single ? context.Reshape(context[scaleInput], Array.Empty<long>()) : context[scaleInput];
        string[] inputs = [context[input], scale];
        if (context.Has(zeroPoint))
            inputs = [.. inputs, ZeroPoint(context, zeroPoint, context.TypeOf(scale))];
        return context.Add(ExpansionContext.New("DequantizeLinear", inputs).With("axis", axis));
    }

    /// <summary>A bias of 32 bits in units of input scale · weight scale as real numbers.</summary>
    public static string RealBias(ExpansionContext context, int bias, int inputScale, int weightScale)
    {
        string scale = context.Add("Mul", context.Reshape(context[inputScale], Array.Empty<long>()), context.Type(weightScale).Count == 1
            ? context.Reshape(context[weightScale], Array.Empty<long>()) : context[weightScale]);
        TensorType type = context.Type(bias);
        string list = type.Rank == 2 && type.Dimensions[0] == 1 ? context.Reshape(context[bias], (long)type.Count) : context[bias];
        return context.Add(ExpansionContext.New("DequantizeLinear", list, scale).With("axis", 0));
    }

    // One zero point may serve several scales.
    private static string ZeroPoint(ExpansionContext context, int input, TensorType scale) => scale.Rank == 0
        ? context.Reshape(context[input], Array.Empty<long>())
        : context.Type(input).Count == scale.Count ? context[input]
        : context.Add("Expand", context.Reshape(context[input], Array.Empty<long>()), context.Ints(scale.Count));

    /// <summary>Real numbers as the levels of an output: rounded, moved by the zero point, within the type's range.</summary>
    public static string Levels(ExpansionContext context, string value, string scale, string zeroPoint) =>
        context.Add("QuantizeLinear", value, context.Reshape(scale, Array.Empty<long>()), context.Reshape(zeroPoint, Array.Empty<long>()));
}
