using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators;

/// <summary>
/// The activation that a pass has fused into a node: attributes <c>activation</c>, <c>activation_min</c> and <c>activation_max</c>.
/// </summary>
internal static class FusedActivation
{
    private const string Attribute = "activation";
    private const string Clip = "Clip";
    private const string MinimumAttribute = "activation_min";
    private const string MaximumAttribute = "activation_max";

    /// <summary>Whether an activation is fused into a node.</summary>
    public static bool HasActivation(this Node node) => node.Has(Attribute);

    /// <summary>The bounds of a node's fused activation; infinite where it has none.</summary>
    public static (float Minimum, float Maximum) ActivationBounds(this Node node) => node.HasActivation()
        ? (node.Float(MinimumAttribute, float.NegativeInfinity), node.Float(MaximumAttribute, float.PositiveInfinity))
        : (float.NegativeInfinity, float.PositiveInfinity);

    /// <summary>The node with a fused activation that bounds its result; Relu is a bound at 0.</summary>
    public static Node WithActivation(this Node node, float minimum, float maximum) => node
        .With(Attribute, new AttributeValue.Text(Clip))
        .With(MinimumAttribute, new AttributeValue.Float(minimum))
        .With(MaximumAttribute, new AttributeValue.Float(maximum));

    /// <summary>The node with the fused activation of another one, where that has any.</summary>
    public static Node WithActivationOf(this Node node, Node other)
    {
        (float minimum, float maximum) = other.ActivationBounds();
        return other.HasActivation() ? node.WithActivation(minimum, maximum) : node;
    }

    /// <summary>The node without a fused activation.</summary>
    public static Node WithoutActivation(this Node node) => node.Without(Attribute).Without(MinimumAttribute).Without(MaximumAttribute);

    /// <summary>Applies a node's fused activation to its result in place.</summary>
    public static Tensor Apply(Node node, Tensor result)
    {
        if (!node.HasActivation() || result.Element != ElementType.Float32)
            return result;
        float[] y = result.Values<float>();
        (float minimum, float maximum) = node.ActivationBounds();
        TensorPrimitives.Clamp(y, minimum, maximum, y);
        return result;
    }

    /// <summary>Whether positive factors pass through a node's fused activation: there is none, or its bounds are 0 and infinity, which no
    /// factor moves.</summary>
    public static bool PassesPositiveFactors(Node node) => node.ActivationBounds() is
        (0 or float.NegativeInfinity, 0 or float.PositiveInfinity);

    /// <summary>Checks the attributes.</summary>
    /// <exception cref="ModelException">The activation is not known.</exception>
    public static void Check(OperatorContext context)
    {
        if (context.Node.HasActivation() && context.Node.Text(Attribute, "") != Clip)
            throw context.Invalid($"its fused activation '{context.Node.Text(Attribute, "")}' is not known");
        if (!(context.Node.Float(MinimumAttribute, float.NegativeInfinity) <= context.Node.Float(MaximumAttribute, float.PositiveInfinity)))
            throw context.Invalid("the bounds of its fused activation are reversed");
    }
}
