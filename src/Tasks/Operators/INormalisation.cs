using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators;

/// <summary>The trait of an operator that brings values to mean 0 and variance 1, then scales and shifts them.</summary>
internal interface INormalisation
{
    /// <summary>The inputs that scale and shift; others tell what the values were like that the model has learned from.</summary>
    static ReadOnlySpan<int> ScaleAndShift => [1, 2];

    /// <summary>What is added to the variance before its root is taken (attribute <c>epsilon</c>).</summary>
    static float Epsilon(Node node) => node.Float("epsilon", 1e-5f);

    /// <summary>The node with another epsilon.</summary>
    static Node WithEpsilon(Node node, float epsilon) => node.With("epsilon", new AttributeValue.Float(epsilon));
}
