using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>ReverseSequence: the first elements of each sequence of a batch in reverse order, the rest as they are.</summary>
[RewrittenOperator("ReverseSequence")]
[Input(0, "input", Elements.All)]
[Input(1, "sequence_lens", Elements.Int64)]
[Output(0, "Y")]
[Parameter("batch_axis", ParameterKind.Int)]
[Parameter("time_axis", ParameterKind.Int)]
internal sealed class ReverseSequenceExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType x = context.Type(0);
        int batch = context.Axis(context.Node.Int("batch_axis", 1), x.Rank), time = context.Axis(context.Node.Int("time_axis", 0), x.Rank);
        if (batch == time || context.Type(1).Count != x.Dimensions[batch])
            throw context.Invalid($"its input is {x}, its lengths are {context.Type(1)}, its axes {batch} and {time}");
        int[] Along(int axis) => [.. x.Dimensions.Select((d, i) => i == axis ? d : 1)];
        string steps = context.Add(Tensor.Of([.. Enumerable.Range(0, x.Dimensions[time]).Select(t => (long)t)], Along(time)));
        string lengths = context.Reshape(context[1], Along(batch));
        string last = context.Add("Sub", lengths, context.Scalar(ElementType.Int64, 1));
        string places = context.Add("Where", context.Add("Less", steps, lengths), context.Add("Sub", last, steps), steps);
        string all = context.Add("Expand", places, context.Ints([.. x.Dimensions.Select(d => (long)d)]));
        context.Return(0, context.Add(ExpansionContext.New("GatherElements", context[0], all).With("axis", time)));
    }
}
