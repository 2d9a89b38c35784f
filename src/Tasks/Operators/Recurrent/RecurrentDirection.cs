using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Recurrent;

/// <summary>What is the same for all steps of one direction of a recurrent layer.</summary>
/// <param name="node">The layer.</param>
/// <param name="number">The number of the direction.</param>
/// <param name="size">The elements of a state.</param>
/// <param name="weights">The weights of the state.</param>
/// <param name="activations">How many activations a direction has.</param>
internal sealed class RecurrentDirection(Node node, int number, int size, IStateWeights weights, int activations)
{
    private readonly RecurrentFunction[] _functions = RecurrentFunction.Of(node, number, activations);
    private readonly float _clip = RecurrentOperator.Clip(node);

    /// <summary>The layer.</summary>
    public Node Node { get; } = node;

    /// <summary>The elements of a state.</summary>
    public int Size { get; } = size;

    /// <summary>Biases beside the products with the state; null where there are none.</summary>
    public float[]? Bias { get; init; }

    /// <summary>Weights of the second state in the gates; null where there are none.</summary>
    public float[]? Peepholes { get; init; }

    /// <summary>Adds the products of some rows of the weights, from the first one on, with a state to sums.</summary>
    public void Multiply(int first, ReadOnlySpan<float> state, Span<float> sums) => weights.Add(number, first, state, sums);

    /// <summary>Bounds values where the node has a clip, and puts them through an activation, in place.</summary>
    public void Activate(int activation, Span<float> values)
    {
        if (float.IsFinite(_clip))
            for (int i = 0; i < values.Length; i++)
                values[i] = Math.Clamp(values[i], -_clip, _clip);
        _functions[activation].Apply(values);
    }

    /// <summary>An activation of one value without a bound.</summary>
    public float Apply(int activation, float value) => _functions[activation].Of(value);
}
