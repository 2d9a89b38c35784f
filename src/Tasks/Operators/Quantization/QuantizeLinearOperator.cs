using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Quantization;

/// <summary>
/// Real numbers as integers: x / scale rounded to the nearest integer, ties to even, plus the zero point, clamped to the type's range;
/// NaN gives the zero point (ONNX operator QuantizeLinear).
/// </summary>
[Operator("QuantizeLinear")]
[Input(0, "x", Elements.Float16 | Elements.Float32 | Elements.Int32)]
[Input(1, "y_scale", Elements.Floats)]
[Input(2, "y_zero_point", Elements.Integers | Elements.Narrow, Optional = true)]
[Output(0, "y")]
[Parameter("axis", ParameterKind.Int, From = 13)]
[Parameter("block_size", ParameterKind.Int, From = 21, Minimum = 0)]
[Parameter("output_dtype", ParameterKind.Int, From = 21)]
[Parameter("precision", ParameterKind.Int, From = 23)]
[Parameter("saturate", ParameterKind.Int, From = 19)]
[NotDifferentiable("gives whole numbers")]
internal sealed class QuantizeLinearOperator : Operator
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        TensorType x = context.Type(0);
        long element = context.Has(2) ? (long)context.Type(2).Element : context.Node.Int("output_dtype", 0);
        element = element == 0 ? (long)ElementType.UInt8 : element;
        if (!LinearQuantization.IsLevel((ElementType)element))
            throw new ModelException(DiagnosticCatalog.UnsupportedElementType, context.Node.Name, $"a quantisation to type {element}",
                "QuantizeLinear gives integers of 2, 4, 8 and 16 bits");
        if (x.Element is not (ElementType.Float32 or ElementType.Float16 or ElementType.Int32))
            throw context.Invalid($"its input is {x}");
        LinearQuantization.Of(context);
        return [x.As((ElementType)element)];
    }

    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) =>
        ByteLevels.Of(context) is null ? Operators.IntegerForm.None : Operators.IntegerForm.Levels;

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        LinearQuantization places = LinearQuantization.Of(context);
        TensorType type = context.OutputTypes[0];
        float[] x = FloatTensor.Values(inputs[0]!);
        float[] scales = FloatTensor.Values(inputs[1]!);
        long[]? zeroPoints = inputs.Count > 2 && inputs[2] is { } given ? LinearQuantization.Levels(given) : null;
        (float low, float high) = Range(type.Element);
        var levels = new long[x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            int place = places.Index(i);
            double level = Math.Round((double)(x[i] / scales[place]), MidpointRounding.ToEven) + (zeroPoints?[place] ?? 0);
            levels[i] = double.IsNaN(level) ? zeroPoints?[place] ?? 0 : (long)Math.Clamp(level, low, high);
        }
        return [NumericCast.Convert(new Tensor(type.As(ElementType.Int64), levels), type.Element)!];
    }

    /// <summary>The least and the greatest integer of a type.</summary>
    public static (float Low, float High) Range(ElementType type) => type switch
    {
        ElementType.UInt2 => (0, 3),
        ElementType.Int2 => (-2, 1),
        ElementType.UInt4 => (0, 15),
        ElementType.Int4 => (-8, 7),
        ElementType.UInt8 => (byte.MinValue, byte.MaxValue),
        ElementType.Int8 => (sbyte.MinValue, sbyte.MaxValue),
        ElementType.UInt16 => (ushort.MinValue, ushort.MaxValue),
        _ => (short.MinValue, short.MaxValue),
    };
}
