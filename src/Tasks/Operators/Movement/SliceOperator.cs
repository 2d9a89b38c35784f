using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Movement;

/// <summary>A region of a tensor with steps, which may be negative (ONNX operator Slice; NumPy's slices).</summary>
[Operator("Slice")]
[Input(0, "data", Elements.All)]
[Input(1, "starts", Elements.Indices, Variable = "Tind", Fixed = true, From = 10)]
[Input(2, "ends", Elements.Indices, Variable = "Tind", Fixed = true, From = 10)]
[Input(3, "axes", Elements.Indices, Variable = "Tind", Optional = true, Fixed = true, From = 10)]
[Input(4, "steps", Elements.Indices, Variable = "Tind", Optional = true, Fixed = true, From = 10)]
[Output(0, "output")]
[Parameter("axes", ParameterKind.Ints, Until = 9)]
[Parameter("ends", ParameterKind.Ints, Required = true, Until = 9)]
[Parameter("starts", ParameterKind.Ints, Required = true, Until = 9)]
internal sealed class SliceOperator : MovementOperator, IKeepsExtent, IPassesFactors
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context) =>
        [new(context.Type(0).Element, [.. Regions(context).Select(r => r.Count)])];

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        Tensor x = inputs[0]!;
        Region[] regions = Regions(context);
        int[] strides = Shapes.Strides(x.Dimensions.AsSpan());
        Tensor result = Tensor.Zeros(context.OutputTypes[0]);
        if (result.Count == 0)
            return [result];
        int start = 0;
        for (int i = 0; i < strides.Length; i++)
        {
            start += regions[i].Start * strides[i];
            // Where only one element is taken the step does not matter, and may be too large to multiply with.
            strides[i] = regions[i].Count == 1 ? 0 : strides[i] * regions[i].Step;
        }
        ReadOnlySpan<int> dimensions = result.Dimensions.AsSpan();
        TensorMove.Copy(x, start, strides, result, 0, Shapes.Strides(dimensions), dimensions);
        return [result];
    }

    /// <summary>For every axis where the region begins, the step and the number of elements taken.</summary>
    /// <exception cref="ModelException">The node is not valid.</exception>
    public static Region[] Regions(OperatorContext context)
    {
        TensorType x = context.Type(0);
        Region[] regions = [.. x.Dimensions.Select(d => new Region(0, 1, d))];
        long[] starts = context.RequiredInts(1);
        long[] ends = context.RequiredInts(2);
        long[] axes = context.ConstantInts(3) ?? [.. Enumerable.Range(0, starts.Length).Select(i => (long)i)];
        long[] steps = context.ConstantInts(4) ?? [.. Enumerable.Repeat(1L, starts.Length)];
        if (ends.Length != starts.Length || axes.Length != starts.Length || steps.Length != starts.Length)
            throw context.Invalid($"it has {starts.Length} starts, {ends.Length} ends, {axes.Length} axes and {steps.Length} steps");
        for (int i = 0; i < starts.Length; i++)
        {
            int axis = context.Axis(axes[i], x.Rank);
            if (steps[i] == 0)
                throw context.Invalid("a step is 0");
            regions[axis] = Of(starts[i], ends[i], steps[i], x.Dimensions[axis]);
        }
        return regions;
    }

    /// <inheritdoc/>
    public bool PassesOffsets(OperatorContext context, ChannelPort input) => true;

    /// <inheritdoc/>
    public ChannelLinks Links(OperatorContext context, ChannelPort port)
    {
        (int start, int step, int count) = Regions(context)[port.Axis];
        return step != 1 ? ChannelLinks.Fixed("takes places of that axis in steps") : ChannelLinks.Of(port.IsOutput
            ? ChannelLink.Shifted(ChannelPort.Input(0, port.Axis), count, 0, start)
            : ChannelLink.Shifted(ChannelPort.Output(0, port.Axis), count, start, 0));
    }

    /// <inheritdoc/>
    public Node Narrow(OperatorContext context, NarrowedNode narrowed)
    {
        Region[] regions = Regions(context);
        Tensor starts = context.Constant(1)!, ends = context.Constant(2)!;
        long[] from = [.. starts.ToInt64()], to = [.. ends.ToInt64()];
        for (int i = 0; i < from.Length; i++)
        {
            int axis = context.ConstantInts(3) is { } axes ? context.Axis(axes[i], regions.Length) : i;
            int[] kept = narrowed.Kept(ChannelPort.Input(0, axis));
            if (kept.Length == context.Type(0).Dimensions[axis])
                continue;
            from[i] = kept.Count(p => p < regions[axis].Start);
            to[i] = from[i] + kept.Count(p => p >= regions[axis].Start && p < regions[axis].Start + regions[axis].Count);
        }
        narrowed.Constants[1] = NumericCast.Convert(Tensor.Of(from, from.Length), starts.Element)!;
        narrowed.Constants[2] = NumericCast.Convert(Tensor.Of(to, to.Length), ends.Element)!;
        return context.Node;
    }

    private static Region Of(long start, long end, long step, int length)
    {
        // Bounds count from the end when negative, and are then limited to the places a step in this direction can reach.
        step = Math.Clamp(step, -int.MaxValue, int.MaxValue);
        start = start < 0 ? start + length : start;
        end = end < 0 ? end + length : end;
        start = step > 0 ? Math.Clamp(start, 0, length) : Math.Clamp(start, -1, length - 1);
        end = step > 0 ? Math.Clamp(end, 0, length) : Math.Clamp(end, -1, length - 1);
        long count = step > 0 ? (end - start + step - 1) / step : (start - end - step - 1) / -step;
        return count <= 0 ? new(0, 1, 0) : new((int)start, (int)step, (int)count);
    }

    /// <summary>What is taken of one axis.</summary>
    /// <param name="Start">Index of the first element.</param>
    /// <param name="Step">The step to the next one.</param>
    /// <param name="Count">How many elements.</param>
    internal readonly record struct Region(int Start, int Step, int Count);

    /// <inheritdoc/>
    /// <remarks>All elements are kept where the types are the same, so only the direction could change them.</remarks>
    public override bool IsIdentity(OperatorContext context) =>
        context.Constant(4) is { } steps ? steps.ToInt64().All(s => s > 0) : !context.Has(4);

    /// <inheritdoc/>
    public int? ResultAxis(OperatorContext context, IReadOnlyList<int?> axes) =>
        axes[0] is { } axis && !(context.ConstantInts(3) ?? [.. Enumerable.Range(0, context.RequiredInts(1).Length).Select(i => (long)i)])
            .Any(a => context.Axis(a, context.Type(0).Rank) == axis) ? axis : null;
}
