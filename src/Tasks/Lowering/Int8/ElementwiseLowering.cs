using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Lowering.Int8;

/// <summary>Add, Sub, Mul, Max and Min of two u8 tensors of different scales, with broadcasting; one of them may be constant.</summary>
[Lowers(LoweringForm.Integer, "Add")]
[Lowers(LoweringForm.Integer, "Sub")]
[Lowers(LoweringForm.Integer, "Mul")]
[Lowers(LoweringForm.Integer, "Max")]
[Lowers(LoweringForm.Integer, "Min")]
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

    private static int Constant(LoweringContext context, Node node, int input) => ConstantQuantizer.ToUInt8(
        context.Graph.Constant(node.Inputs[input])!, context.QuantizationOf(node.Inputs[input]))[0];

    private static void ByKernel(LoweringContext context, Node node, Storage first, Storage second, Storage output, Arithmetic arithmetic)
    {
        string kernel = node.OpType switch { "Mul" => "Int8Multiply", "Max" or "Min" => "Int8Extremum", _ => "Int8Add" };
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
        string OpType, int FirstZero, int SecondZero, FixedPointMultipliers Multipliers, int OutputZero, int Minimum, int Maximum)
    {
        public static Arithmetic Of(Node node, ActivationQuantization first, ActivationQuantization second, ActivationQuantization output)
        {
            FixedPointMultipliers multipliers = node.OpType == "Mul"
                ? FixedPointMultipliers.Of(first.Scale * second.Scale / output.Scale)
                : FixedPointMultipliers.Of(first.Scale / output.Scale, second.Scale / output.Scale);
            (int minimum, int maximum) = ConstantQuantizer.ActivationLevels(node, output);
            return new(node.OpType, first.ZeroPoint, second.ZeroPoint, multipliers, output.ZeroPoint, minimum, maximum);
        }

        public void AddTo(LoweredStep step)
        {
            int[] m = Multipliers.Multipliers;
            step.Int("firstZeroPoint", FirstZero);
            if (OpType == "Mul")
                step.Int("secondZeroPoint", SecondZero).Int("multiplier", m[0]);
            else
                step.Int("firstMultiplier", m[0]).Int("secondZeroPoint", SecondZero).Int("secondMultiplier", m[1]);
            if (OpType is "Add" or "Sub")
                step.Int("sign", OpType == "Add" ? 1 : -1);
            else if (OpType is "Max" or "Min")
                step.Int("greatest", OpType == "Max" ? 1 : 0);
            step.Int("shift", Multipliers.Shift).Int("outputZeroPoint", OutputZero).Int("minimum", Minimum).Int("maximum", Maximum);
        }

        public byte Apply(int first, int second)
        {
            int[] m = Multipliers.Multipliers;
            long a = first - FirstZero;
            long b = second - SecondZero;
            long r = OpType switch
            {
                "Mul" => Multipliers.Round(a * b * m[0]),
                "Max" => Math.Max(Multipliers.Apply(a, 0), Multipliers.Apply(b, 1)),
                "Min" => Math.Min(Multipliers.Apply(a, 0), Multipliers.Apply(b, 1)),
                "Sub" => Multipliers.Round((a * m[0]) - (b * m[1])),
                _ => Multipliers.Round((a * m[0]) + (b * m[1])),
            };
            return (byte)Math.Clamp(r + OutputZero, Minimum, Maximum);
        }
    }
}
