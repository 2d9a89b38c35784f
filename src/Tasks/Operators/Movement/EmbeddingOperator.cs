using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;

namespace OptimizerBuild.Operators.Movement;

/// <summary>
/// Rows of a constant table (internal operator Embedding, which a pass makes of a one-hot encoding times a matrix). Inputs: the
/// table [rows, width] and integer indices; output: the indices' dimensions with the width appended. An index outside the table
/// gives a row of zeros, as the one-hot encoding of such an index is all zeros.
/// </summary>
[Operator("Embedding", Domain = Node.InternalDomain)]
[Input(0, "table", Elements.All)]
[Input(1, "indices", Elements.Integers)]
[Output(0, "Y")]
internal sealed class EmbeddingOperator : Operator, IPassesChannels, IDifferentiable
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        (TensorType table, TensorType indices) = (context.Type(0), context.Type(1));
        if (table.Rank != 2)
            throw context.Invalid($"its table is {table}");
        return [new(table.Element, [.. indices.Dimensions, table.Dimensions[1]])];
    }

    /// <inheritdoc/>
    public ChannelLinks Links(OperatorContext context, ChannelPort port)
    {
        (ChannelPort table, ChannelPort rows) = (ChannelPort.Input(0, 1), ChannelPort.Output(0, context.OutputTypes[0].Rank - 1));
        return port == table || port == rows
            ? ChannelLinks.Of(ChannelLink.Same(port == table ? rows : table, port.Extent(context)))
            : ChannelLinks.Fixed("looks up places by their number");
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        Tensor table = inputs[0]!;
        long[] indices = inputs[1]!.ToInt64();
        (int rows, int width) = (table.Dimensions[0], table.Dimensions[1]);
        Tensor result = Tensor.Zeros(context.OutputTypes[0]);
        for (int i = 0; i < indices.Length; i++)
            if (indices[i] >= 0 && indices[i] < rows)
                Array.Copy(table.Data, indices[i] * width, result.Data, (long)i * width, width);
        return [result];
    }

    /// <inheritdoc/>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        if (step.Gradient(0) is not { } dx)
            return;
        long[] indices = step.Inputs[1]!.ToInt64();
        (int rows, int width) = (context.Type(0).Dimensions[0], context.Type(0).Dimensions[1]);
        for (int i = 0; i < indices.Length; i++)
            if (indices[i] >= 0 && indices[i] < rows)
                GradientSums.Add(step.OutputGradient.AsSpan(i * width, width), dx.AsSpan((int)indices[i] * width, width));
    }
}
