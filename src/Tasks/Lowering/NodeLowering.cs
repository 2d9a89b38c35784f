using System.Reflection;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Lowering;

/// <summary>The arithmetic a lowering emits.</summary>
internal enum LoweringForm
{
    /// <summary>Quantised values: nodes that the quantiser marked as integer.</summary>
    Integer,

    /// <summary>Values in their own element types: float32 and integer tensors.</summary>
    Native,
}

/// <summary>
/// Turns nodes of one operator family into kernel calls. <see cref="NodeLowerings"/> finds every subclass that carries
/// <see cref="LowersAttribute"/>.
/// </summary>
internal abstract class NodeLowering
{
    /// <summary>Emits the steps of a node and says where its outputs lie.</summary>
    /// <exception cref="ModelException">No kernel computes this form of the node.</exception>
    public abstract void Lower(LoweringContext context, Node node);
}

/// <summary>Marks a subclass of <see cref="NodeLowering"/> as responsible for operators in one form.</summary>
/// <param name="form">Integer or native.</param>
/// <param name="trait">The operators: their class, a base class or the interface of a trait. Of several the most special counts.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
internal sealed class LowersAttribute(LoweringForm form, Type trait) : Attribute
{
    /// <summary>Integer or native.</summary>
    public LoweringForm Form { get; } = form;

    /// <summary>The operators' class, base class or trait.</summary>
    public Type Trait { get; } = trait;
}

/// <summary>All lowerings, by the traits of the operators that they lower.</summary>
internal static class NodeLowerings
{
    private static readonly TraitTable<LoweringForm, NodeLowering> Lowerings = new(Read);

    /// <summary>The lowering of a node in a form, or null.</summary>
    public static NodeLowering? Find(LoweringForm form, Node node) =>
        OperatorRegistry.Find(node) is { } op ? Lowerings.Find(form, op) : null;

    private static IEnumerable<(LoweringForm Form, Type Trait, NodeLowering Lowering)> Read(Type type)
    {
        LowersAttribute[] attributes = [.. type.GetCustomAttributes<LowersAttribute>()];
        if (attributes.Length == 0)
            return [];
        var lowering = (NodeLowering)Activator.CreateInstance(type, nonPublic: true)!;
        return attributes.Select(a => (a.Form, a.Trait, lowering));
    }
}
