using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Quantization;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>
/// QuantizeLinear and DequantizeLinear by themselves, in float32, with one scale for the tensor, for each place along an axis or for
/// each block of places.
/// </summary>
[Lowers(LoweringForm.Native, typeof(QuantizeLinearOperator))]
[Lowers(LoweringForm.Native, typeof(DequantizeLinearOperator))]
internal sealed class LinearQuantizationLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage x = context.ReadFloat32(node, node.Inputs[0]);
        if (x.Count == 0)
        {
            context.Create(node.Outputs[0]);
            return;
        }
        Storage scale = Spread(context, node, node.Inputs[1], x);
        Storage? zeroPoint = node.HasInput(2) ? Spread(context, node, node.Inputs[2], x) : null;
        if (node.Is<DequantizeLinearOperator>())
            context.CreateFloat32(node, node.Outputs[0], output => Dequantize(context, node, x, scale, zeroPoint, output));
        else
            Quantize(context, node, x, scale, zeroPoint, context.Create(node.Outputs[0]));
    }

    private static void Dequantize(LoweringContext context, Node node, Storage x, Storage scale, Storage? zeroPoint, Storage output)
    {
        if (zeroPoint is not null)
        {
            Storage difference = context.CreateScratch(node, ElementType.Float32, x.Dimensions.AsSpan());
            context.Binary(node, "Sub", x, zeroPoint, difference, FusedBounds.None);
            x = difference;
        }
        context.Binary(node, "Mul", x, scale, output, FusedBounds.None);
    }

    private static void Quantize(LoweringContext context, Node node, Storage x, Storage scale, Storage? zeroPoint, Storage output)
    {
        Storage levels = context.CreateScratch(node, ElementType.Float32, x.Dimensions.AsSpan());
        context.Binary(node, "Div", x, scale, levels, FusedBounds.None);
        UnaryFunctions.Emit(context, node, NodeOperators.New<RoundOperator>(node.Name, [], []), levels, levels);
        ZeroForNaN(context, node, levels);
        (float low, float high) = QuantizeLinearOperator.Range(output.Element);
        if (zeroPoint is not null)
            context.Binary(node, "Add", levels, zeroPoint, levels, FusedBounds.None);
        UnaryFunctions.Clip(context, node, levels, levels, low, high);
        context.Cast(node, levels, output);
    }

    /// <summary>Puts 0 into the place of what is no number: QuantizeLinear gives it the level of 0.</summary>
    public static void ZeroForNaN(LoweringContext context, Node node, Storage levels)
    {
        Storage isNumber = context.CreateScratch(node, ElementType.Bool, levels.Dimensions.AsSpan());
        context.Step(nameof(Compare), nameof(Compare.Equal), node, NativeSteps.Text(levels))
            .Operand("a", levels)
            .Operand("b", levels)
            .Write("output", isNumber)
            .Int("elementType", (int)levels.Element)
            .Ints("dims", [levels.Count])
            .Ints("aStrides", [1])
            .Ints("bStrides", [1]);
        context.Step(nameof(Where), nameof(Where.Run), node, NativeSteps.Text(levels))
            .Operand("condition", isNumber)
            .Operand("a", levels)
            .Operand("b", context.Constant([0f]))
            .Write("output", levels)
            .Int("elementSize", levels.ElementSize)
            .Ints("dims", [levels.Count])
            .Ints("conditionStrides", [1])
            .Ints("aStrides", [1])
            .Ints("bStrides", [0]);
    }

    // The parameter of each element: a view of as many dimensions as the tensor has, which broadcasts to it.
    private static Storage Spread(LoweringContext context, Node node, string value, Storage x)
    {
        Storage parameters = context.ReadFloat32(node, value);
        if (parameters.Count == 1)
            return parameters.TryReshape([])!;
        int axis = Shapes.Axis(LinearQuantization.Axis(node), x.Dimensions.Length);
        if (parameters.Dimensions.Length == 1)
            return parameters.TryReshape([.. x.Dimensions.Select((d, i) => i == axis ? d : 1)])!;
        // Each block of one parameter is that many places long, the last one perhaps shorter.
        int block = (int)Math.Min(LinearQuantization.BlockSize(node), x.Dimensions[axis]);
        int size = parameters.ElementSize;
        Storage blocks = parameters with
        {
            Dimensions = parameters.Dimensions.Insert(axis + 1, block),
            Strides = [.. Storage.DenseStrides(parameters.Dimensions.AsSpan(), size).Insert(axis + 1, 0)],
        };
        Storage all = context.Dense(node, blocks);
        Storage joined = all.TryReshape([.. parameters.Dimensions.Select((d, i) => i == axis ? d * block : d)])!;
        return joined with { Dimensions = x.Dimensions };
    }
}
