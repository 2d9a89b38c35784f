using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Gradients;

/// <summary>
/// From which element of its first input each output element of a movement comes. The operator says so itself: it moves numbers of
/// elements. Their gradients go the same way back, and elements that were repeated add theirs up.
/// </summary>
/// <param name="Places">For each output and each of its elements the number of the input's element, from 1; 0 for none.</param>
internal sealed record ElementSources(ImmutableArray<int[]> Places) : IHoldsBuffers
{
    /// <inheritdoc/>
    public long Bytes => Places.Sum(p => (long)p.Length * sizeof(int));

    /// <summary>The sources of a movement whose other inputs are constant.</summary>
    /// <param name="movement">The operator.</param>
    /// <param name="context">The node.</param>
    /// <param name="inputs">The node's inputs; of the first only the type counts, and another one of its type counts as 0.</param>
    public static ElementSources Of(Operator movement, OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        TensorType type = context.Type(0);
        bool Moves(TensorType? t) => t?.Element == type.Element;
        var numbered = new OperatorContext(context.Node,
            [.. context.InputTypes.Select(t => Moves(t) ? t!.As(ElementType.Int32) : t)],
            [.. context.InputConstants.Select(c => c is not null && Moves(c.Type) ? Tensor.Zeros(c.Type.As(ElementType.Int32)) : c)]);
        Tensor[] moved = movement.Evaluate(numbered, [.. inputs.Select((t, i) => i == 0
            ? Tensor.Of([.. Enumerable.Range(1, type.Count)], type.Dimensions.AsSpan())
            : t is not null && Moves(t.Type) ? Tensor.Zeros(t.Type.As(ElementType.Int32)) : t)]);
        return new([.. moved.Select(m => m.Element == ElementType.Int32 ? m.Values<int>() : [])]);
    }

    /// <summary>The gradient of a movement of elements of the first input.</summary>
    /// <param name="movement">The operator.</param>
    /// <param name="context">The node.</param>
    /// <param name="step">Values and gradients.</param>
    /// <typeparam name="T">float or double.</typeparam>
    public static void Backward<T>(Operator movement, OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        if (step.Gradient(0) is not { } x)
            return;
        ElementSources sources = step.Keep(() => Of(movement, context, step.Inputs));
        for (int output = 0; output < step.OutputGradients.Length; output++)
        {
            if (step.OutputGradients[output] is not { } y)
                continue;
            int[] places = sources.Places[output];
            for (int i = 0; i < places.Length; i++)
                if (places[i] > 0)
                    x[places[i] - 1] += y[i];
        }
    }
}
