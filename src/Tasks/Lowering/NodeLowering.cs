using System.Collections.Frozen;
using System.Reflection;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;

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

/// <summary>Marks a subclass of <see cref="NodeLowering"/> as responsible for an operator in one form.</summary>
/// <param name="form">Integer or native.</param>
/// <param name="opType">The operator's type.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
internal sealed class LowersAttribute(LoweringForm form, string opType) : Attribute
{
    /// <summary>Integer or native.</summary>
    public LoweringForm Form { get; } = form;

    /// <summary>The operator's type.</summary>
    public string OpType { get; } = opType;

    /// <summary>The operator's domain.</summary>
    public string Domain { get; init; } = "";
}

/// <summary>All lowerings of this assembly.</summary>
internal static class NodeLowerings
{
    private static readonly FrozenDictionary<(LoweringForm Form, string Domain, string OpType), NodeLowering> Lowerings =
        typeof(NodeLowerings).Assembly.GetTypes()
            .SelectMany(t => t.GetCustomAttributes<LowersAttribute>().Select(a => (a, t)))
            .ToFrozenDictionary(x => (x.a.Form, x.a.Domain, x.a.OpType), x =>
                (NodeLowering)Activator.CreateInstance(x.t, nonPublic: true)!);

    /// <summary>Form, domain and type of every operator that can be lowered, sorted.</summary>
    public static IEnumerable<(LoweringForm Form, string Domain, string OpType)> All =>
        Lowerings.Keys.OrderBy(k => k.Form).ThenBy(k => k.Domain, StringComparer.Ordinal).ThenBy(k => k.OpType, StringComparer.Ordinal);

    /// <summary>The lowering of a node in a form, or null.</summary>
    public static NodeLowering? Find(LoweringForm form, Node node) => Lowerings.GetValueOrDefault((form, node.Domain, node.OpType));
}
