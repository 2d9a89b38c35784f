using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Linear;
using OptimizerBuild.Operators.Quantization;
using OptimizerBuild.Operators.Types;

namespace OptimizerBuild.Passes;

/// <summary>
/// What dynamic quantisation writes, the product of levels with constant integers that is multiplied by both scales, as the product of the
/// real numbers that the levels stand for with real weights: DequantizeLinear with the scale that was measured, and an ordinary layer.
/// </summary>
internal sealed class DynamicQuantizationRecognition : LocalRewrite
{
    /// <inheritdoc/>
    protected override bool TryRewrite(GraphEditor editor, Node node)
    {
        if (!node.Is<MulOperator>() || editor.TypeOf(node.Outputs[0]).Element != ElementType.Float32)
            return false;
        for (int place = 0; place < 2; place++)
            if (Product(editor, node.Input(place)) is { } product && Levels(editor, product.Input(0)) is { } levels
                && WeightScale(editor, node.Input(1 - place), levels.Input(1)) is { } scale
                && editor.TypeOf(product.Outputs[0]).Dimensions.SequenceEqual(editor.TypeOf(node.Outputs[0]).Dimensions)
                && Weights(editor, product, scale, editor.TypeOf(node.Outputs[0]).Rank) is { } weights)
            {
                string real = editor.AddValue(levels.Outputs[0] + ".real", editor.TypeOf(levels.Input(0)));
                string constant = editor.AddConstant(product.Input(1) + ".real", weights);
                string sums = node.Input(place), factor = node.Input(1 - place);
                editor.Replace(
                    node,
                    NodeOperators.New<DequantizeLinearOperator>(
                        editor.UniqueName(levels.Name + ".real"), [levels.Outputs[0], .. levels.Inputs.Skip(1)], [real]),
                    product with { Name = editor.UniqueName(product.Name + ".real"), Inputs = [real, constant], Outputs = node.Outputs });
                editor.Prune(sums);
                editor.Prune(factor);
                return true;
            }
        return false;
    }

    // The layer whose 32-bit sums a value is as float32; nothing else may read them.
    private static Node? Product(GraphEditor editor, string value)
    {
        while (editor.HasSingleUse(value) && editor.Producer(value) is { } cast && KeepsIntegers(editor, cast))
            value = cast.Input(0);
        if (!editor.HasSingleUse(value) || editor.Producer(value) is not { } node)
            return null;
        return node.As<IDotProduct>() is not null && node.Inputs.Length == 2 && !node.HasActivation()
                && editor.Constant(node.Input(1)) is not null ? node : null;
    }

    // The QuantizeLinear with a measured scale whose levels, less their zero point, a value is as whole numbers.
    private static Node? Levels(GraphEditor editor, string value)
    {
        string levels = Uncast(editor, value), zeroPoint = "";
        if (editor.Producer(levels) is { } difference && difference.Is<SubOperator>())
            (levels, zeroPoint) = (Uncast(editor, difference.Input(0)), Uncast(editor, difference.Input(1)));
        return editor.Producer(levels) is { } node && node.Is<QuantizeLinearOperator>()
            && editor.TypeOf(node.Input(0)).Element == ElementType.Float32
            && editor.TypeOf(node.Outputs[0]).Element is ElementType.UInt8 or ElementType.Int8
            && editor.Constant(node.Input(1)) is null && editor.TypeOf(node.Input(1)) is { Count: 1, Element: ElementType.Float32 }
            && (node.HasInput(2) ? Uncast(editor, node.Input(2)) : "") == zeroPoint ? node : null;
    }

    // The constant scale of the weights that a factor multiplies with the scale of the levels.
    private static Tensor? WeightScale(GraphEditor editor, string factor, string scale)
    {
        if (editor.Producer(factor) is not { } node || !node.Is<MulOperator>())
            return null;
        string other = node.Input(0) == scale ? node.Input(1) : node.Input(1) == scale ? node.Input(0) : "";
        return editor.Constant(other) is { Element: ElementType.Float32 } constant ? constant : null;
    }

    // The weights times their scale: one for all, or one for each output channel.
    private static Tensor? Weights(GraphEditor editor, Node product, Tensor scale, int rank)
    {
        Tensor integers = editor.Constant(product.Input(1))!;
        bool isConvolution = product.Is<IConvolution>();
        if (!isConvolution && (integers.Rank != 2 || !product.Is<MatMulOperator>()))
            return null;
        int channels = integers.Dimensions[isConvolution ? 0 : 1];
        int behind = isConvolution ? rank - 2 : 0, inner = isConvolution ? integers.Count / Math.Max(channels, 1) : 1;
        int axis = scale.Rank - 1 - behind;
        if (scale.Count != 1 && (scale.Count != channels || axis < 0 || scale.Dimensions[axis] != channels))
            return null;
        float[] scales = scale.Values<float>();
        float[] values = Operators.Numerics.FloatTensor.Values(integers.Element == ElementType.Float32 ? integers
            : Operators.Numerics.NumericCast.Convert(integers, ElementType.Float32)!);
        return Tensor.Of(
            [.. values.Select((v, i) => v * scales[scales.Length == 1 ? 0 : i / inner % channels])], integers.Dimensions.AsSpan());
    }

    private static string Uncast(GraphEditor editor, string value)
    {
        while (editor.Producer(value) is { } node && KeepsIntegers(editor, node))
            value = node.Input(0);
        return value;
    }

    // A cast to a type that holds 32-bit sums of bytes; one to fewer bits changes them.
    private static bool KeepsIntegers(GraphEditor editor, Node node) => node.Is<CastOperator>()
        && editor.TypeOf(node.Outputs[0]).Element is (ElementType.Int32 or ElementType.Int64 or ElementType.Float32);
}
