using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Quantization;

/// <summary>Integers as the real numbers that they stand for: (x − zero point) · scale (ONNX operator DequantizeLinear).</summary>
[Operator("DequantizeLinear")]
[Input(0, "x", Elements.Integers | Elements.Narrow, Variable = "T1")]
[Input(1, "x_scale", Elements.Floats)]
[Input(2, "x_zero_point", Elements.Integers | Elements.Narrow, Variable = "T1", Optional = true)]
[Output(0, "y")]
[Parameter("axis", ParameterKind.Int, From = 13)]
[Parameter("block_size", ParameterKind.Int, From = 21, Minimum = 0)]
[Parameter("output_dtype", ParameterKind.Int, From = 23)]
[NotDifferentiable("reads whole numbers")]
internal sealed class DequantizeLinearOperator : Operator
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        (TensorType x, TensorType scale) = (context.Type(0), context.Type(1));
        long element = context.Node.Int("output_dtype", (long)scale.Element);
        element = element == 0 ? (long)scale.Element : element;
        if ((ElementType)element is not (ElementType.Float32 or ElementType.Float16))
            throw new ModelException(DiagnosticCatalog.UnsupportedElementType, context.Node.Name, $"a dequantisation to type {element}",
                "DequantizeLinear gives float32 and float16");
        bool isInteger = x.Element == ElementType.Int32 || LinearQuantization.IsLevel(x.Element);
        if (!isInteger || (context.Has(2) && context.Type(2).Element != x.Element))
            throw context.Invalid($"its input is {x}" + (context.Has(2) ? $" and its zero point {context.Type(2)}" : ""));
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
        long[] x = LinearQuantization.Levels(inputs[0]!);
        float[] scales = FloatTensor.Values(inputs[1]!);
        long[]? zeroPoints = inputs.Count > 2 && inputs[2] is { } given ? LinearQuantization.Levels(given) : null;
        var y = new float[x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            int place = places.Index(i);
            y[i] = (x[i] - (zeroPoints?[place] ?? 0)) * scales[place];
        }
        return [FloatTensor.Of(context.OutputTypes[0], y)];
    }
}
