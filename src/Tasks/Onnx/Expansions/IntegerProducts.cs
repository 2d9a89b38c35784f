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

    /// <summary>Real numbers as the levels of an output: rounded, moved by the zero point, within the type's range.</summary>
    public static string Levels(ExpansionContext context, string value, string scale, string zeroPoint) =>
        context.Add("QuantizeLinear", value, context.Reshape(scale, Array.Empty<long>()), context.Reshape(zeroPoint, Array.Empty<long>()));
}
