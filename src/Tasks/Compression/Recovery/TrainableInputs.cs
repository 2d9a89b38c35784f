using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Recurrent;

namespace OptimizerBuild.Compression.Recovery;

/// <summary>
/// Which constants training may change: what a model has learned, not where its states begin or what its values were like.
/// </summary>
internal static class TrainableInputs
{
    /// <summary>Whether a node has weights: a layer with products or with a state.</summary>
    public static bool IsLayer(Node node) => node.Is<IDotProduct>() || node.Is<RecurrentOperator>();

    /// <summary>The places of weights and biases among a layer's inputs, and of scales and shifts among those of a normalisation, as far
    /// as they are float32 constants that a gradient reaches.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="node">The node.</param>
    public static IEnumerable<int> Of(Graph graph, Node node) => OperatorRegistry.Of(node) is not IDifferentiable ? []
        : Enumerable.Range(1, Math.Max(node.Inputs.Length - 1, 0)).Where(i => IsLearned(node, i)
            && graph.Constant(node.Inputs[i]) is { Element: ElementType.Float32, Count: > 0 } && !graph.Outputs.Contains(node.Inputs[i]));

    private static bool IsLearned(Node node, int input) =>
        node.As<RecurrentOperator>() is { } layer ? !layer.InputsOfSequences.Contains(input)
        : node.Is<INormalisation>() ? INormalisation.ScaleAndShift.Contains(input) : node.Is<IDotProduct>();
}
