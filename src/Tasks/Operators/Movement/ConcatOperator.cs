using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Movement;

/// <summary>Tensors joined along one axis (ONNX operator Concat).</summary>
[Operator("Concat")]
[Input(0, "inputs", Elements.All, Variable = "T", Variadic = true)]
[Output(0, "concat_result")]
[Parameter("axis", ParameterKind.Int, Until = 3)]
[Parameter("axis", ParameterKind.Int, Required = true, From = 4)]
internal sealed class ConcatOperator : Operator, IKeepsExtent, IPassesFactors, IDifferentiable
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        TensorType first = context.Type(0);
        int axis = context.Axis(Axis(context.Node), first.Rank);
        int size = 0;
        for (int i = 0; i < context.InputTypes.Length; i++)
        {
            TensorType x = context.Type(i);
            if (x.Rank != first.Rank
                || x.Dimensions.Where((d, a) => a != axis && d != first.Dimensions[a]).Any())
                throw context.Invalid($"{first} and {x} cannot be joined along axis {axis}");
            size = checked(size + x.Dimensions[axis]);
        }
        return [new(first.Element, first.Dimensions.SetItem(axis, size))];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        Tensor result = Tensor.Zeros(context.OutputTypes[0]);
        int axis = context.Axis(Axis(context.Node), result.Rank);
        int[] strides = Shapes.Strides(result.Dimensions.AsSpan());
        int at = 0;
        foreach (Tensor? x in inputs)
        {
            ReadOnlySpan<int> dimensions = x!.Dimensions.AsSpan();
            TensorMove.Copy(x, 0, Shapes.Strides(dimensions), result, at * strides[axis], strides, dimensions);
            at += dimensions[axis];
        }
        return [result];
    }

    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) =>
        context.Type(0).Element == ElementType.Float32 ? Operators.IntegerForm.Rescale : Operators.IntegerForm.None;

    /// <inheritdoc/>
    public override bool IsIdentity(OperatorContext context) => context.Node.Inputs.Length == 1;

    /// <inheritdoc/>
    public override int Operands(Node node) => node.Inputs.Length;

    /// <summary>The axis as the node gives it, perhaps counted from the end (attribute <c>axis</c>).</summary>
    public static long Axis(Node node) => node.Int("axis", 0);

    /// <summary>The node with another axis.</summary>
    public static Node WithAxis(Node node, long axis) => node.With("axis", axis);

    /// <inheritdoc/>
    public bool PassesOffsets(OperatorContext context, ChannelPort input) =>
        input.Axis == context.Axis(Axis(context.Node), context.Type(0).Rank);

    /// <inheritdoc/>
    public ChannelLinks Links(OperatorContext context, ChannelPort port)
    {
        int inputs = context.InputTypes.Length;
        ChannelPort[] all = [ChannelPort.Output(0, port.Axis), .. Enumerable.Range(0, inputs).Select(i => ChannelPort.Input(i, port.Axis))];
        if (port.Axis != context.Axis(Axis(context.Node), context.Type(0).Rank))
            return ChannelLinks.Of(all.Where(p => p != port).Select(p => ChannelLink.Same(p, port.Extent(context))));
        var links = new List<ChannelLink>();
        for (int i = 0, at = 0; i < inputs; i++)
        {
            int count = context.Type(i).Dimensions[port.Axis];
            if (port.IsOutput)
                links.Add(ChannelLink.Shifted(all[i + 1], count, at, 0));
            else if (port.Index == i)
                links.Add(ChannelLink.Shifted(all[0], count, 0, at));
            at += count;
        }
        return ChannelLinks.Of(links);
    }

    /// <inheritdoc/>
    public override OperatorArithmetic Arithmetic => OperatorArithmetic.Moves;

    /// <inheritdoc/>
    public int? ResultAxis(OperatorContext context, IReadOnlyList<int?> axes) =>
        axes.Distinct().ToArray() is [{ } axis] && axis != context.Axis(Axis(context.Node), context.Type(0).Rank) ? axis : null;

    /// <inheritdoc/>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        TensorType y = context.OutputTypes[0];
        int axis = context.Axis(Axis(context.Node), y.Rank);
        int outer = Shapes.Count(y.Dimensions.AsSpan()[..axis]), run = Shapes.Count(y.Dimensions.AsSpan()[axis..]);
        for (int input = 0, at = 0; input < step.Inputs.Length; input++)
        {
            int own = Shapes.Count(context.Type(input).Dimensions.AsSpan()[axis..]);
            if (step.Gradient(input) is { } dx)
                for (int o = 0; o < outer; o++)
                    GradientSums.Add(step.OutputGradient.AsSpan((o * run) + at, own), dx.AsSpan(o * own, own));
            at += own;
        }
    }
}
