using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering.Float32;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Movement;

namespace OptimizerBuild.Lowering.Movement;

/// <summary>
/// Padding with a constant, or with elements of the input: the interior is copied, then the padding is made axis by axis from what
/// is there already. Negative padding crops.
/// </summary>
[Lowers(LoweringForm.Native, typeof(PadOperator))]
[Lowers(LoweringForm.Integer, typeof(PadOperator))]
internal sealed class PadLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage input = context.ReadInForm(node, node.Inputs[0]);
        Storage output = context.CreateInForm(node, node.Outputs[0]);
        if (output.Count == 0)
            return;
        (int[] before, int[] after) = Pads(context, node, input.Dimensions.Length);
        string mode = PadOperator.Mode(node);
        if (mode == "constant")
            FillConstant(context, node, output);

        Storage source = input;
        Storage target = output;
        for (int axis = 0; axis < before.Length; axis++)
        {
            int cropped = Math.Max(-before[axis], 0);
            int kept = input.Dimensions[axis] - cropped - Math.Max(-after[axis], 0);
            source = source.Cut(axis, cropped, Math.Max(kept, 0));
            target = target.Cut(axis, Math.Max(before[axis], 0), Math.Max(kept, 0));
        }
        if (source.Count > 0)
            context.Copy(node.Name, source, target, $"{NativeSteps.Text(source)} into {NativeSteps.Text(output)}");
        if (mode == "constant")
            return;

        // What is complete so far: grows by the padding of one axis after the other.
        Storage done = target;
        for (int axis = 0; axis < before.Length; axis++)
        {
            Storage whole = done with
            {
                Origin = done.Origin - (Math.Max(before[axis], 0) * output.Strides[axis]),
                Dimensions = done.Dimensions.SetItem(axis, output.Dimensions[axis]),
            };
            int size = done.Dimensions[axis];
            // The mirror image of a single element is the element.
            Extend(context, node, mode == "reflect" && size == 1 ? "edge" : mode, axis, whole, Math.Max(
                before[axis], 0), size, Math.Max(after[axis], 0));
            done = whole;
        }
    }

    private static (int[] Before, int[] After) Pads(LoweringContext context, Node node, int rank)
    {
        var facts = OperatorContext.Of(context.Graph, node);
        long[] pads = facts.ConstantInts(1)!;
        long[] axes = facts.ConstantInts(3) ?? [.. Enumerable.Range(0, rank).Select(i => (long)i)];
        var before = new int[rank];
        var after = new int[rank];
        for (int i = 0; i < axes.Length; i++)
        {
            int axis = Shapes.Axis(axes[i], rank);
            before[axis] = checked((int)pads[i]);
            after[axis] = checked((int)pads[axes.Length + i]);
        }
        return (before, after);
    }

    private static void FillConstant(LoweringContext context, Node node, Storage output)
    {
        if (output.Quantization is { } quantization)
        {
            float real = node.HasInput(2) && context.Graph.Constant(node.Inputs[2]) is { } constant ? constant.Values<float>()[0] : 0f;
            context.Fill(node, output, NearestLevels.Of(quantization, real), "padding");
            return;
        }
        if (!node.HasInput(2))
        {
            context.Fill(node, output, 0, "zeros");
            return;
        }
        Storage value = context.Read(node, node.Inputs[2]);
        value = context.Reshaped(node, value, []);
        context.Copy(node.Name, value.Broadcast(output.Dimensions), output, "padding");
    }

    // Fills the padding on both sides of one axis. Where it is wider than what it repeats, in several pieces.
    private static void Extend(LoweringContext context, Node node, string mode, int axis, Storage whole, int before, int size, int after)
    {
        for (int made = 0; made < before;)
        {
            int count = Math.Min(before - made, Piece(mode, size));
            int end = before - made;
            Storage source = mode switch
            {
                // The element next to the border is the mirror: it is not repeated.
                "reflect" => whole.Cut(axis, end + 1, count),
                "wrap" => whole.Cut(axis, end + size - count, count),
                _ => Repeat(whole, axis, end, count),
            };
            Storage target = mode == "reflect" ? whole.Cut(axis, end - 1, count, -1) : whole.Cut(axis, end - count, count);
            context.Copy(node.Name, source, target, $"padding before axis {axis}");
            made += count;
        }
        for (int made = 0; made < after;)
        {
            int count = Math.Min(after - made, Piece(mode, size));
            int start = before + size + made;
            Storage source = mode switch
            {
                "reflect" => whole.Cut(axis, start - 2, count, -1),
                "wrap" => whole.Cut(axis, start - size, count),
                _ => Repeat(whole, axis, start - 1, count),
            };
            context.Copy(node.Name, source, whole.Cut(axis, start, count), $"padding behind axis {axis}");
            made += count;
        }
    }

    private static int Piece(string mode, int size) => mode switch
    {
        "reflect" => Math.Max(size - 1, 1),
        "wrap" => size,
        _ => int.MaxValue,
    };

    private static Storage Repeat(Storage whole, int axis, int index, int count)
    {
        Storage one = whole.Cut(axis, index, 1);
        return one with { Dimensions = one.Dimensions.SetItem(axis, count), Strides = one.Strides.SetItem(axis, 0) };
    }
}
