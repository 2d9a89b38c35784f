using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Pooling;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>
/// Pooling over one to three axes. Channels-last maps have their channels side by side; in channels-first ones each channel is an
/// image of its own with one channel.
/// </summary>
[Lowers(LoweringForm.Native, typeof(MaxPoolOperator))]
[Lowers(LoweringForm.Native, typeof(AveragePoolOperator))]
internal sealed class PoolingLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        bool last = node.IsChannelsLast();
        bool average = node.Is<AveragePoolOperator>();
        bool indices = !average && MaxPoolOperator.HasIndices(node);
        TensorType type = context.Graph.TypeOf(node.Inputs[0]);
        bool single = type.Element == ElementType.Float32;
        if (average && !single)
        {
            Storage converted = context.ReadFloat32(node, node.Inputs[0]);
            context.CreateFloat32(node, node.Outputs[0], output => Emit(context, node, converted, output, null, last));
            return;
        }
        // Rows may have gaps, but the channels of a channels-last map must be adjacent, and a channels-first map is taken as dense.
        Storage input = context.Read(node, node.Inputs[0]);
        if (!last || input.Strides[^1] != input.ElementSize)
            input = context.Dense(node, input);
        Storage result = context.Create(node.Outputs[0], bordered: last && type.Rank is 3 or 4);
        Emit(context, node, input, result, indices ? context.Create(node.Outputs[1]) : null, last);
    }

    private static void Emit(LoweringContext context, Node node, Storage input, Storage output, Storage? indices, bool last)
    {
        if (output.Count == 0)
            return;
        bool average = node.Is<AveragePoolOperator>();
        ImmutableArray<WindowAxis> window = WindowGeometry.OfPooling(OperatorContext.Of(context.Graph, node)).Axes;
        int[] inputSizes = [.. window.Select(a => a.Input)];
        int[] kernel = [.. window.Select(a => a.Kernel)];
        int channels = last ? input.Dimensions[^1] : 1;
        bool single = input.Element == ElementType.Float32 && indices is null;
        string kernelClass = average ? "Float32AveragePool" : single ? "Float32MaxPool" : "NumericMaxPool";
        LoweredStep step = context.Step(
                kernelClass, indices is null ? "Run" : "WithIndices", node,
                $"{node.OpType} {NativeSteps.Text(input)} → {NativeSteps.Text(output)}, {string.Join('×', kernel)}")
            .Operand("input", input)
            .Write("output", output);
        if (indices is not null)
            step.Write("indices", indices);
        if (kernelClass == "NumericMaxPool")
            step.Int("elementType", (int)input.Element);
        step.Int("images", last ? input.Dimensions[0] : input.Dimensions[0] * input.Dimensions[1]).Int("channels", channels);
        if (average)
            step.Int("countPadding", AveragePoolOperator.CountsPadding(node) ? 1 : 0);
        if (kernelClass != "NumericMaxPool")
            FusedBounds.Of(node).AddTo(step);
        step.Ints("inputSizes", Three(inputSizes, 1))
            .Ints("outputSizes", Three([.. window.Select(a => a.Output)], 1))
            .Ints("kernel", Three(kernel, 1))
            .Ints("strides", Three([.. window.Select(a => a.Stride)], 1))
            .Ints("dilations", Three([.. window.Select(a => a.Dilation)], 1))
            .Ints("pads", Three([.. window.Select(a => a.PadBegin)], 0));
        if (average)
            step.Ints("padEnds", Three([.. window.Select(a => a.PadEnd)], 0));
        step.Ints("inputSteps", Steps(input, last)).Ints("outputSteps", Steps(output, last));
        if (indices is not null)
            step.Ints("indexSteps", IndexSteps(node, inputSizes));
    }

    // Bytes between images, planes, rows and columns; channels of channels-first maps count as images.
    private static int[] Steps(Storage storage, bool last)
    {
        int first = last ? 1 : 2;
        int axes = storage.Dimensions.Length - 2;
        return [storage.Strides[first - 1], .. Three([.. storage.Strides.AsSpan().Slice(first, axes)], 0)];
    }

    // What an image, a plane, a row, a column and a channel add to the index of a maximum in a dense channels-first map.
    private static int[] IndexSteps(Node node, int[] sizes)
    {
        int[] steps = Shapes.Strides(sizes);
        if (MaxPoolOperator.IsColumnMajor(node))
        {
            int step = 1;
            for (int i = 0; i < sizes.Length; i++)
            {
                steps[i] = step;
                step *= sizes[i];
            }
        }
        return [Shapes.Count(sizes), .. Three(steps, 0), 0];
    }

    private static int[] Three(int[] values, int otherwise) => [.. Enumerable.Repeat(otherwise, 3 - values.Length), .. values];
}
