using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Lowering.Int8;

/// <summary>
/// An elementwise operation on two u8 tensors of different scales, with broadcasting; one of them may be constant.
/// </summary>
internal abstract class PairLowering : NodeLowering
{
    /// <summary>The kernel's name; its methods are <c>Run</c> and <c>RunBroadcast</c>.</summary>
    protected abstract string Kernel { get; }

    /// <summary>What the operation does with two levels of these quantisations.</summary>
    protected abstract PairArithmetic Arithmetic(
        Node node, ActivationQuantization first, ActivationQuantization second, ActivationQuantization output);

    /// <summary>Adds the argument that tells the kernel which of two operations to do, where it knows two.</summary>
    protected virtual void AddMode(LoweredStep step, Node node)
    {
    }

    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage first = context.ReadQuantized(node, node.Inputs[0]);
        Storage second = context.ReadQuantized(node, node.Inputs[1]);
        Storage output = context.CreateQuantized(node.Outputs[0], bordered: true);
        if (output.Count == 0)
            return;
        PairArithmetic arithmetic = Arithmetic(node, first.Quantization!, second.Quantization!, output.Quantization!);
        var levels = new OutputLevels(output.Quantization!, node.ActivationBounds());
        if (first.Buffer is null && first.Count == 1)
            ByTable(context, node, second, output, q => levels.Of(arithmetic.Of(Constant(context, node, 0), q)));
        else if (second.Buffer is null && second.Count == 1)
            ByTable(context, node, first, output, q => levels.Of(arithmetic.Of(q, Constant(context, node, 1))));
        else
            ByKernel(context, node, first, second, output, step => AddTo(step, node, arithmetic, levels));
    }

    /// <summary>With one number as the other operand the operation is a function of one value.</summary>
    private static void ByTable(LoweringContext context, Node node, Storage input, Storage output, Func<int, int> function)
    {
        var table = new byte[256];
        for (int q = 0; q < table.Length; q++)
            table[q] = (byte)function(q);
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

    private void ByKernel(
        LoweringContext context, Node node, Storage first, Storage second, Storage output, Action<LoweredStep> addArithmetic)
    {
        string description = $"{node.OpType} {context.Graph.TypeOf(node.Outputs[0]).Extents}";
        bool sameShape = first.Dimensions.AsSpan().SequenceEqual(output.Dimensions.AsSpan())
            && second.Dimensions.AsSpan().SequenceEqual(output.Dimensions.AsSpan());
        if (sameShape && RowShape.Of(first, second, output) is { } rows)
        {
            LoweredStep step = context.Step(Kernel, "Run", node, description)
                .Operand("first", first)
                .Int("firstImageStride", rows.Strides[0].Image)
                .Int("firstRowStride", rows.Strides[0].Row)
                .Operand("second", second)
                .Int("secondImageStride", rows.Strides[1].Image)
                .Int("secondRowStride", rows.Strides[1].Row)
                .Write("output", output)
                .Int("outputImageStride", rows.Strides[2].Image)
                .Int("outputRowStride", rows.Strides[2].Row);
            addArithmetic(step);
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
        LoweredStep broadcast = context.Step(Kernel, "RunBroadcast", node, description)
            .Operand("first", first)
            .Operand("second", second)
            .Write("output", output);
        addArithmetic(broadcast);
        broadcast.Ints("dimensions", box.Dimensions)
            .Ints("firstStrides", box.Strides[0])
            .Ints("secondStrides", box.Strides[1])
            .Ints("outputStrides", box.Strides[2]);
    }

    private void AddTo(LoweredStep step, Node node, PairArithmetic arithmetic, OutputLevels levels)
    {
        int[] m = arithmetic.Multipliers.Multipliers;
        step.Int("firstZeroPoint", arithmetic.First.ZeroPoint);
        if (m.Length == 1)
            step.Int("secondZeroPoint", arithmetic.Second.ZeroPoint).Int("multiplier", m[0]);
        else
            step.Int("firstMultiplier", m[0]).Int("secondZeroPoint", arithmetic.Second.ZeroPoint).Int("secondMultiplier", m[1]);
        AddMode(step, node);
        step.Int("shift", arithmetic.Multipliers.Shift)
            .Int("outputZeroPoint", arithmetic.Output.ZeroPoint)
            .Int("minimum", levels.Minimum)
            .Int("maximum", levels.Maximum);
    }
}
