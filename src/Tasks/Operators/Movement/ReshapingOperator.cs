using System.Collections.Immutable;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Movement;

/// <summary>An operator that only gives its input other dimensions: Reshape, Flatten, Squeeze, Unsqueeze, Identity.</summary>
internal abstract class ReshapingOperator : MovementOperator, IKeepsElementOrder, IKeepsExtent, IPassesFactors
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        TensorType x = context.Type(0);
        var y = TensorType.Of(x.Element, Dimensions(context));
        return y.Count == x.Count ? [y] : throw context.Invalid($"{x} cannot take the dimensions [{string.Join(',', y.Dimensions)}]");
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs) =>
        [inputs[0]!.Reshape(context.OutputTypes[0].Dimensions.AsSpan())];

    /// <inheritdoc/>
    public bool PassesOffsets(OperatorContext context, ChannelPort input) => true;

    /// <inheritdoc/>
    public ChannelLinks Links(OperatorContext context, ChannelPort port)
    {
        ImmutableArray<int> own = port.IsOutput ? context.OutputTypes[0].Dimensions : context.Type(0).Dimensions;
        ImmutableArray<int> other = port.IsOutput ? context.Type(0).Dimensions : context.OutputTypes[0].Dimensions;
        if (own.Contains(0))
            return ChannelLinks.Fixed("reshapes a value without elements");
        // The value goes on behind, where no axis need hold that place alone.
        if (own[port.Axis] == 1)
            return ChannelLinks.Fixed("reshapes an axis of one place");
        (int[] ownAxes, int[] otherAxes) = Block(own, other, port.Axis);
        int count = own[port.Axis];
        ChannelPort To(int axis) => port with { IsOutput = !port.IsOutput, Index = 0, Axis = axis };
        if (ownAxes.Length == 1 && otherAxes.Length == 1)
            return ChannelLinks.Of(ChannelLink.Same(To(otherAxes[0]), count));
        if (otherAxes.Length == 1)
        {
            // Merged with others: a place becomes a run of places, again and again.
            int inner = ownAxes.Where(a => a > port.Axis).Aggregate(1, (product, a) => product * own[a]);
            return ChannelLinks.Of(ChannelLink.ByOther(To(otherAxes[0]), other[otherAxes[0]], i => i / inner % count));
        }
        if (ownAxes.Length > 1)
            return ChannelLinks.Fixed("puts that axis together with others and divides them anew");
        // Divided: into blocks along the first axis, as heads are; before a flattening, along the last one, where channels lie.
        var choices = new List<ChannelLink>();
        int within = count;
        foreach (int axis in otherAxes)
        {
            int step = within /= other[axis];
            choices.Add(ChannelLink.ByOwn(To(axis), count, i => i / step % other[axis]));
        }
        if (port.IsOutput)
            choices.Reverse();
        return ChannelLinks.Of(choices) with { IsChoice = true };
    }

    /// <inheritdoc/>
    public virtual Node Narrow(OperatorContext context, NarrowedNode narrowed) => context.Node;

    // The axes around one that hold the same elements on both sides, without those of extent 1.
    private static (int[] Own, int[] Other) Block(ImmutableArray<int> own, ImmutableArray<int> other, int axis)
    {
        int i = 0, j = 0;
        while (true)
        {
            var (left, right) = (new List<int>(), new List<int>());
            long a = 1, b = 1;
            do
            {
                if (a <= b)
                    Next(own, ref i, ref a, left);
                else
                    Next(other, ref j, ref b, right);
            }
            while (a != b);
            if (left.Contains(axis))
                return ([.. left], [.. right]);
        }

        static void Next(ImmutableArray<int> dimensions, ref int at, ref long product, List<int> axes)
        {
            while (dimensions[at] == 1)
                at++;
            product *= dimensions[at];
            axes.Add(at++);
        }
    }

    /// <summary>The output's dimensions.</summary>
    protected abstract int[] Dimensions(OperatorContext context);

    /// <inheritdoc/>
    public override bool IsIdentity(OperatorContext context) => true;

    /// <inheritdoc/>
    public int? ResultAxis(OperatorContext context, IReadOnlyList<int?> axes)
    {
        // The dimension that counts equally much, with equally many elements for each place of it and before all.
        int[] result = Dimensions(context);
        ImmutableArray<int> from = context.Type(0).Dimensions;
        for (int r = 0; axes[0] is { } axis && r < result.Length; r++)
            if (result[r] == from[axis] && Shapes.Count(result.AsSpan()[..r]) == Shapes.Count(from.AsSpan()[..axis])
                && Shapes.Count(result.AsSpan()[r..]) == Shapes.Count(from.AsSpan()[axis..]))
                return r;
        return null;
    }
}
