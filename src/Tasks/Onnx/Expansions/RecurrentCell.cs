using OptimizerBuild.Graphs;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>What is the same for all steps of one direction of a recurrent layer.</summary>
/// <param name="Hidden">The size of the state.</param>
/// <param name="InputWeights">The weights of the inputs: [inputs, gates · hidden].</param>
/// <param name="StateWeights">The weights of the state: [hidden, gates · hidden].</param>
/// <param name="InputBias">The biases of the products with the inputs: [gates · hidden]; null where there are none.</param>
/// <param name="StateBias">The biases of the products with the state: [gates · hidden]; null where there are none.</param>
/// <param name="Activations">The activations.</param>
/// <param name="Direction">The number of the direction.</param>
internal sealed record RecurrentCell(
    int Hidden, string InputWeights, string StateWeights, string? InputBias, string? StateBias, RecurrentActivation[] Activations,
        int Direction)
{
    /// <summary>The cell of a direction.</summary>
    public static RecurrentCell Of(ExpansionContext context, int direction, int gates, int hidden, string[] activations)
    {
        int inputs = context.Type(1).Dimensions[2];
        string? bias = context.Has(3) ? context.Reshape(context.Slice(context[3], 0, direction, direction + 1), 2L * gates * hidden) : null;
        return new(hidden, Weights(1, inputs), Weights(2, hidden), Part(0), Part(1),
            RecurrentActivation.Of(context, direction, activations), direction);

        string Weights(int input, int columns) => context.Transpose(context.Reshape(
            context.Slice(context[input], 0, direction, direction + 1), (long)gates * hidden, columns), 1, 0);

        string? Part(int half) => bias is null ? null
            : context.Slice(bias, 0, (long)half * gates * hidden, (long)(half + 1) * gates * hidden);
    }

    /// <summary>The part of a value that belongs to some neighbouring gates.</summary>
    public string Gate(ExpansionContext context, string value, int first, int count = 1)
    {
        int axis = context.TypeOf(value).Rank - 1;
        return context.TypeOf(value).Dimensions[axis] == count * Hidden ? value
            : context.Slice(value, axis, (long)first * Hidden, (long)(first + count) * Hidden);
    }

    /// <summary>A gate's value: bounded where the node has a clip, then through its activation.</summary>
    public string Activate(ExpansionContext context, int activation, string value)
    {
        if (context.Node.Has("clip"))
        {
            (ElementType element, float limit) = (context.TypeOf(value).Element, context.Node.Float("clip", 0));
            value = context.Add("Clip", value, context.Scalar(element, -limit), context.Scalar(element, limit));
        }
        return Activations[activation].Apply(context, value);
    }
}
