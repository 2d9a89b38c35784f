using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;

namespace OptimizerBuild.Lowering.Int8;

/// <summary>Add, Sub, Mul, Max and Min of two u8 tensors of different scales, with broadcasting; one of them may be constant.</summary>
[Lowers(LoweringForm.Integer, typeof(IFunctionOfTwoValues))]
internal sealed class ElementwiseLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage first = context.ReadQuantized(node, node.Inputs[0]);
        Storage second = context.ReadQuantized(node, node.Inputs[1]);
        Storage output = context.CreateQuantized(node.Outputs[0], bordered: true);
        if (output.Count == 0)
            return;
        Arithmetic arithmetic = Arithmetic.Of(node, first.Quantization!, second.Quantization!, output.Quantization!);
        if (first.Buffer is null && first.Count == 1)
            ByTable(context, node, second, output, q => arithmetic.Apply(Constant(context, node, 0), q));
        else if (second.Buffer is null && second.Count == 1)
            ByTable(context, node, first, output, q => arithmetic.Apply(q, Constant(context, node, 1)));
        else
            ByKernel(context, node, first, second, output, arithmetic);
    }

    /// <summary>With one number as the other operand the operation is a function of one value.</summary>
    private static void ByTable(LoweringContext context, Node node, Storage input, Storage output, Func<int, byte> function)
    {
        var table = new byte[256];
        for (int q = 0; q < table.Length; q++)
            table[q] = function(q);
        Storage view = input with
        {
            Dimensions = output.Dimensions,
            Strides = [.. input.BroadcastStrides(output.Dimensions.AsSpan())],
            Border = Border.None,
        };
        string description = $"{node.OpType} with a constant, {context.Graph.TypeOf(node.Outputs[0]).Extents}";
        TableSteps.Emit(context, node, view, output, table, description);
    }

    private static int Constant(LoweringContext context, Node node, int input) => NearestLevels.Of(
        context.Graph.Constant(node.Inputs[input])!.Values<float>(), context.QuantizationOf(node.Inputs[input]))[0];

    private static void ByKernel(LoweringContext context, Node node, Storage first, Storage second, Storage output, Arithmetic arithmetic)
    {
        string kernel = node.As<Operator>() switch
        {
            MulOperator => nameof(Int8Multiply),
            MaxOperator or MinOperator => nameof(Int8Extremum),
            AddOperator or SubOperator => nameof(Int8Add),
            _ => throw LoweringContext.NoKernel(node, "it has no integer kernel"),
        };
        string description = $"{node.OpType} {context.Graph.TypeOf(node.Outputs[0]).Extents}";
        bool sameShape = first.Dimensions.AsSpan().SequenceEqual(output.Dimensions.AsSpan())
            && second.Dimensions.AsSpan().SequenceEqual(output.Dimensions.AsSpan());
        if (sameShape && RowShape.Of(first, second, output) is { } rows)
        {
            LoweredStep step = context.Step(kernel, "Run", node, description)
                .Operand("first", first)
                .Int("firstImageStride", rows.Strides[0].Image)
                .Int("firstRowStride", rows.Strides[0].Row)
                .Operand("second", second)
                .Int("secondImageStride", rows.Strides[1].Image)
                .Int("secondRowStride", rows.Strides[1].Row)
                .Write("output", output)
                .Int("outputImageStride", rows.Strides[2].Image)
                .Int("outputRowStride", rows.Strides[2].Row);
            arithmetic.AddTo(step);
            step.Int("images", rows.Images).Int("rows", rows.Rows).Int("rowLength", rows.RowLength)
                .MayReuse(output, first)
                .MayReuse(output, second);
            return;
        }
        BoxShape box = BoxShape.Of(
            output.Dimensions.AsSpan(),
            first.BroadcastStrides(output.Dimensions.AsSpan()),
            second.BroadcastStrides(output.Dimensions.AsSpan()),
            output.Strides);
        LoweredStep broadcast = context.Step(kernel, "RunBroadcast", node, description)
            .Operand("first", first)
            .Operand("second", second)
            .Write("output", output);
        arithmetic.AddTo(broadcast);
        broadcast.Ints("dimensions", box.Dimensions)
            .Ints("firstStrides", box.Strides[0])
            .Ints("secondStrides", box.Strides[1])
            .Ints("outputStrides", box.Strides[2]);
    }

    /// <summary>The operation's constants (docs/arithmetic.md, Elementwise integer operations).</summary>
    private sealed record Arithmetic(
        Operator Operator, int FirstZero, int SecondZero, FixedPointMultipliers Multipliers, int OutputZero, int Minimum, int Maximum)
    {
        public static Arithmetic Of(Node node, ActivationQuantization first, ActivationQuantization second, ActivationQuantization output)
        {
            FixedPointMultipliers multipliers = node.Is<MulOperator>()
                ? FixedPointMultipliers.Of(first.Scale * second.Scale / output.Scale)
                : FixedPointMultipliers.Of(first.Scale / output.Scale, second.Scale / output.Scale);
            var levels = new OutputLevels(output, node.ActivationBounds());
            return new(
                OperatorRegistry.Of(node), first.ZeroPoint, second.ZeroPoint, multipliers, output.ZeroPoint, levels.Minimum,
                    levels.Maximum);
        }

        public void AddTo(LoweredStep step)
        {
            int[] m = Multipliers.Multipliers;
            step.Int("firstZeroPoint", FirstZero);
            if (Operator is MulOperator)
                step.Int("secondZeroPoint", SecondZero).Int("multiplier", m[0]);
            else
                step.Int("firstMultiplier", m[0]).Int("secondZeroPoint", SecondZero).Int("secondMultiplier", m[1]);
            if (Operator is AddOperator or SubOperator)
                step.Int("sign", Operator is AddOperator ? 1 : -1);
            else if (Operator is MaxOperator or MinOperator)
                step.Int("greatest", Operator is MaxOperator ? 1 : 0);
            step.Int("shift", Multipliers.Shift).Int("outputZeroPoint", OutputZero).Int("minimum", Minimum).Int("maximum", Maximum);
        }

        public byte Apply(int first, int second)
        {
            int[] m = Multipliers.Multipliers;
            long a = first - FirstZero;
            long b = second - SecondZero;
            long r = Operator switch
            {
                MulOperator => Multipliers.Round(a * b * m[0]),
                MaxOperator => Math.Max(Multipliers.Apply(a, 0), Multipliers.Apply(b, 1)),
                MinOperator => Math.Min(Multipliers.Apply(a, 0), Multipliers.Apply(b, 1)),
                SubOperator => Multipliers.Round((a * m[0]) - (b * m[1])),
                _ => Multipliers.Round((a * m[0]) + (b * m[1])),
            };
            return (byte)Math.Clamp(r + OutputZero, Minimum, Maximum);
        }
    }
}
