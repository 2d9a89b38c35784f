using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Movement;

/// <summary>
/// Elements added before and behind some axes: a constant, mirrored ones, the outermost ones, or those of the other end (ONNX
/// operator Pad with modes constant, reflect, edge and wrap). Negative amounts remove elements.
/// </summary>
[Operator("Pad")]
[Input(0, "data", Elements.All, Variable = "T")]
[Input(1, "pads", Elements.Int64, Fixed = true, From = 11)]
[Input(2, "constant_value", Elements.All, Variable = "T", Optional = true, From = 11)]
[Input(3, "axes", Elements.Indices, Optional = true, Fixed = true, From = 18)]
[Output(0, "output")]
[Parameter("mode", ParameterKind.String, Choices = ["constant", "reflect", "edge", "wrap"])]
[Parameter("paddings", ParameterKind.Ints, Required = true, Until = 1)]
[Parameter("pads", ParameterKind.Ints, Required = true, From = 2, Until = 10)]
[Parameter("value", ParameterKind.Float, Until = 10)]
internal sealed class PadOperator : MovementOperator, IPassesFactors
{
    private const long MaximumPad = 1 << 30;

    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        TensorType x = context.Type(0);
        string mode = Mode(context.Node);
        if (context.Has(2) && context.Type(2).Count != 1)
            throw context.Invalid($"its value {context.Type(2)} is not one element");
        (long[] begin, long[] end) = Amounts(context);
        var shape = new int[x.Rank];
        for (int i = 0; i < x.Rank; i++)
        {
            long d = x.Dimensions[i];
            long size = d + begin[i] + end[i];
            if (size < 0)
                throw context.Invalid($"more elements are removed than axis {i} of {x} has");
            if (mode != "constant" && size > 0 && d == 0)
                throw context.Invalid($"axis {i} of {x} has no elements to repeat");
            if (mode == "reflect" && (begin[i] >= d || end[i] >= d) && (begin[i] > 0 || end[i] > 0))
                throw context.Invalid($"axis {i} of {x} has too few elements to mirror");
            shape[i] = checked((int)size);
        }
        return [TensorType.Of(x.Element, shape)];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        Tensor x = inputs[0]!;
        (long[] begin, _) = Amounts(context);
        string mode = Mode(context.Node);
        if (mode == "constant")
            return [Constant(x, inputs.ElementAtOrDefault(2), begin, context.OutputTypes[0])];
        // One axis after the other: every plane of the result is a plane of the input.
        Tensor result = x;
        for (int axis = 0; axis < x.Rank; axis++)
            result = Repeat(result, axis, (int)begin[axis], context.OutputTypes[0].Dimensions[axis], mode);
        return [result];
    }

    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) =>
        context.Type(0).Element == ElementType.Float32 && IsConstant(context.Node)
            && (!context.Has(2) || context.InputConstants[2] is not null)
            ? Operators.IntegerForm.SameScale
            : Operators.IntegerForm.None;

    /// <summary>The amounts before and behind every axis.</summary>
    /// <exception cref="ModelException">The node is not valid.</exception>
    public static (long[] Begin, long[] End) Amounts(OperatorContext context)
    {
        int rank = context.Type(0).Rank;
        long[] pads = context.RequiredInts(1);
        int[] axes = context.ConstantInts(3)?.Select(a => context.Axis(a, rank)).ToArray() ?? [.. Enumerable.Range(0, rank)];
        if (pads.Length != 2 * axes.Length || pads.Any(p => Math.Abs(Math.Max(p, -long.MaxValue)) > MaximumPad))
            throw context.Invalid($"its pads [{string.Join(',', pads)}] do not fit {axes.Length} axes");
        var begin = new long[rank];
        var end = new long[rank];
        for (int i = 0; i < axes.Length; i++)
            (begin[axes[i]], end[axes[i]]) = (pads[i], pads[i + axes.Length]);
        return (begin, end);
    }

    private static Tensor Constant(Tensor x, Tensor? value, long[] begin, TensorType type)
    {
        Tensor result = value is null ? Tensor.Zeros(type) : TensorMove.Expand(value.Reshape(), type.Dimensions.AsSpan());
        if (value is not null && type.Rank == 0)
            result = new Tensor(type, (Array)value.Data.Clone());
        int[] from = Shapes.Strides(x.Dimensions.AsSpan()), to = Shapes.Strides(type.Dimensions.AsSpan());
        var region = new int[x.Rank];
        int source = 0, target = 0;
        for (int i = 0; i < x.Rank; i++)
        {
            int first = (int)Math.Max(0, -begin[i]);
            int last = (int)Math.Min(x.Dimensions[i], type.Dimensions[i] - begin[i]);
            if (last <= first)
                return result;
            region[i] = last - first;
            source += first * from[i];
            target += (int)(first + begin[i]) * to[i];
        }
        TensorMove.Copy(x, source, from, result, target, to, region);
        return result;
    }

    private static Tensor Repeat(Tensor x, int axis, int begin, int size, string mode)
    {
        int length = x.Dimensions[axis];
        Tensor result = Tensor.Zeros(new(x.Element, x.Dimensions.SetItem(axis, size)));
        int outer = Shapes.Count(x.Dimensions.AsSpan()[..axis]), inner = Shapes.Count(x.Dimensions.AsSpan()[(axis + 1)..]);
        for (int i = 0; i < size; i++)
        {
            int from = i - begin;
            from = mode switch
            {
                "edge" => Math.Clamp(from, 0, length - 1),
                "wrap" => ((from % length) + length) % length,
                _ => from < 0 ? -from : from >= length ? (2 * (length - 1)) - from : from,
            };
            TensorMove.Copy(x, from * inner, [length * inner, 1], result, i * inner, [size * inner, 1], [outer, inner]);
        }
        return result;
    }

    /// <inheritdoc/>
    public ChannelLinks Links(OperatorContext context, ChannelPort port)
    {
        (long[] begin, long[] end) = Amounts(context);
        return begin[port.Axis] == 0 && end[port.Axis] == 0
            ? ChannelLinks.Through(context, port)
            : ChannelLinks.Fixed("pads that axis");
    }

    /// <inheritdoc/>
    public ChannelLinks FactorLinks(OperatorContext context, ChannelPort port) =>
        !IsConstant(context.Node) || !context.Has(2)
            || context.Constant(2) is { Element: ElementType.Float32 } value && value.Values<float>()[0] == 0
            ? Links(context, port)
            : ChannelLinks.Fixed("puts a number around it");

    /// <inheritdoc/>
    public override bool IsIdentity(OperatorContext context) => context.Constant(1) is { } pads && pads.ToInt64().All(p => p == 0);

    /// <summary>What is put around the input (attribute <c>mode</c>): constant, reflect, edge or wrap.</summary>
    public static string Mode(Node node) => node.Text("mode", "constant");

    /// <summary>Whether a constant is put around the input.</summary>
    public static bool IsConstant(Node node) => Mode(node) == "constant";
}
