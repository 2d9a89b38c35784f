using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Reduction;

/// <summary>A reduction over some or all axes, which are an optional input: ReduceMean, ReduceMax and their like.</summary>
[Input(0, "data", Elements.Numbers)]
[Input(1, "axes", Elements.Int64, Optional = true, Fixed = true, From = 18)]
[Output(0, "reduced")]
[Parameter("axes", ParameterKind.Ints, Until = 17)]
[Parameter("keepdims", ParameterKind.Int)]
[Parameter("noop_with_empty_axes", ParameterKind.Int, From = 18)]
internal abstract class ReduceOperator : Operator, IAxisReduction, IKeepsExtent, IPassesChannels
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        TensorType x = context.Type(0);
        int[] axes = ReducedAxes(context);
        if (!HasIdentity && x.Count == 0 && axes.Any(a => x.Dimensions[a] == 0))
            throw context.Invalid($"it reduces no elements of {x}");
        bool keep = KeepsDimensions(context.Node);
        var shape = ImmutableArray.CreateBuilder<int>();
        for (int i = 0; i < x.Rank; i++)
        {
            if (!axes.Contains(i))
                shape.Add(x.Dimensions[i]);
            else if (keep)
                shape.Add(1);
        }
        return [new(x.Element, shape.ToImmutable())];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        Tensor x = inputs[0]!;
        int[] axes = ReducedAxes(context);
        // The reduced axes go to the end, so that every result comes from one row.
        int[] order = [.. Enumerable.Range(0, x.Rank).Where(i => !axes.Contains(i)), .. Enumerable.Range(0, x.Rank).Where(axes.Contains)];
        Tensor rows = order.SequenceEqual(Enumerable.Range(0, x.Rank)) ? x : TensorMove.Transpose(x, order);
        int length = Shapes.Count([.. axes.Select(a => x.Dimensions[a])]);
        return [Compute(context.OutputTypes[0], rows, length)];
    }

    /// <inheritdoc/>
    public abstract string KernelMethod { get; }

    /// <inheritdoc/>
    public virtual bool IsMean => false;

    /// <inheritdoc/>
    public int[] ReducedAxes(OperatorContext context)
    {
        int rank = context.Type(0).Rank;
        long[] given = context.ConstantInts(1) ?? [];
        if (given.Length == 0)
            return context.Node.Int("noop_with_empty_axes", 0) != 0 ? [] : [.. Enumerable.Range(0, rank)];
        return [.. given.Select(a => context.Axis(a, rank)).Distinct().Order()];
    }

    /// <inheritdoc/>
    public ChannelLinks Links(OperatorContext context, ChannelPort port)
    {
        int[] reduced = ReducedAxes(context);
        bool keeps = KeepsDimensions(context.Node);
        int[] left = [.. Enumerable.Range(0, context.Type(0).Rank).Where(a => keeps || !reduced.Contains(a))];
        int axis = port.IsOutput ? left[port.Axis] : port.Axis;
        return reduced.Contains(axis)
            ? ChannelLinks.Fixed("reduces that axis")
            : ChannelLinks.Of(ChannelLink.Same(
                port.IsOutput ? ChannelPort.Input(0, axis) : ChannelPort.Output(0, Array.IndexOf(left, axis)), port.Extent(context)));
    }

    /// <summary>Whether reduced axes stay as dimensions of size 1 (attribute <c>keepdims</c>).</summary>
    public static bool KeepsDimensions(Node node) => node.Int("keepdims", 1) != 0;

    /// <summary>The reduction of adjacent rows.</summary>
    protected virtual Tensor Compute(TensorType type, Tensor rows, int length)
    {
        // Booleans are reduced as the numbers 0 and 1.
        if (rows.Element == ElementType.Bool)
            return NumericCast.Convert(Compute(type.As(ElementType.UInt8), NumericCast.Convert(rows, ElementType.UInt8)!, length),
                ElementType.Bool)!;
        // As the kernels: float16 accumulates in float32 and is rounded once.
        if (rows.Element == ElementType.Float16)
            return NumericCast.Convert(Compute(type.As(ElementType.Float32), NumericCast.Convert(rows, ElementType.Float32)!, length),
                ElementType.Float16)!;
        return NumericDispatch.Run<Code, Tensor>(rows.Element, new Code(this, type, rows, length));
    }

    /// <summary>Whether the reduction of no elements is defined.</summary>
    protected virtual bool HasIdentity => true;

    /// <summary>Reduces one row.</summary>
    protected abstract T Row<T>(ReadOnlySpan<T> row)
        where T : unmanaged, INumber<T>, IMinMaxValue<T>;

    private readonly struct Code(ReduceOperator reduction, TensorType type, Tensor rows, int length) : INumericCode<Tensor>
    {
        public Tensor Run<T>()
            where T : unmanaged, INumber<T>, IMinMaxValue<T>
        {
            Tensor result = Tensor.Zeros(type);
            T[] x = rows.Values<T>(), y = result.Values<T>();
            for (int i = 0; i < y.Length; i++)
                y[i] = reduction.Row<T>(x.AsSpan(i * length, length));
            return result;
        }
    }

    /// <inheritdoc/>
    public int? ResultAxis(OperatorContext context, IReadOnlyList<int?> axes)
    {
        int[] reduced = ReducedAxes(context);
        return axes[0] is not { } axis || reduced.Contains(axis) ? null
            : KeepsDimensions(context.Node) ? axis : axis - reduced.Count(r => r < axis);
    }
}
