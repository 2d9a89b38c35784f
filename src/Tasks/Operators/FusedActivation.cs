using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators;

/// <summary>
/// The activation that a pass has fused into a node: attributes <c>activation</c>, <c>activation_min</c> and <c>activation_max</c>.
/// </summary>
internal static class FusedActivation
{
    /// <summary>The attribute that names the activation.</summary>
    public const string Attribute = "activation";

    /// <summary>The only activation that is fused; Relu is Clip from 0 to infinity.</summary>
    public const string Clip = "Clip";

    /// <summary>The attribute with Clip's lower bound.</summary>
    public const string Minimum = "activation_min";

    /// <summary>The attribute with Clip's upper bound.</summary>
    public const string Maximum = "activation_max";

    /// <summary>Applies a node's fused activation to its result in place.</summary>
    public static Tensor Apply(Node node, Tensor result)
    {
        if (!node.Has(Attribute) || result.Element != ElementType.Float32)
            return result;
        float[] y = result.Values<float>();
        float minimum = node.Float(Minimum, float.NegativeInfinity);
        float maximum = node.Float(Maximum, float.PositiveInfinity);
        TensorPrimitives.Clamp(y, minimum, maximum, y);
        return result;
    }

    /// <summary>Whether positive factors pass through a node's fused activation: there is none, or its bounds are 0 and infinity, which no
    /// factor moves.</summary>
    public static bool PassesPositiveFactors(Node node) => !node.Has(Attribute)
        || (node.Float(Minimum, float.NegativeInfinity) is 0 or float.NegativeInfinity
            && node.Float(Maximum, float.PositiveInfinity) is 0 or float.PositiveInfinity);

    /// <summary>Checks the attributes.</summary>
    /// <exception cref="ModelException">The activation is not known.</exception>
    public static void Check(OperatorContext context)
    {
        if (context.Node.Has(Attribute) && context.Node.Text(Attribute, "") != Clip)
            throw context.Invalid($"its fused activation '{context.Node.Text(Attribute, "")}' is not known");
        if (!(context.Node.Float(Minimum, float.NegativeInfinity) <= context.Node.Float(Maximum, float.PositiveInfinity)))
            throw context.Invalid("the bounds of its fused activation are reversed");
    }
}
