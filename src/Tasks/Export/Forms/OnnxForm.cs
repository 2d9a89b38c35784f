using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Export.Forms;

/// <summary>
/// How an operator that only this build knows is written with operators of ONNX. A form is a class of its own with a constructor without
/// parameters; nothing else lists it. What has no form is refused before the model is compressed.
/// </summary>
internal abstract class OnnxForm
{
    private static readonly ImmutableArray<OnnxForm> All =
    [
        .. OperatorRegistry.OwnTypes.Where(t => t.IsSubclassOf(typeof(OnnxForm)) && !t.IsAbstract)
            .OrderBy(t => t.FullName, StringComparer.Ordinal).Select(t => (OnnxForm)Activator.CreateInstance(t)!),
    ];

    /// <summary>The operator that is written.</summary>
    public abstract Type Operator { get; }

    /// <summary>The form of a node; null where its operator has none.</summary>
    public static OnnxForm? Of(Node node) =>
        OperatorRegistry.Of(node) is { } op ? All.FirstOrDefault(f => f.Operator == op.GetType()) : null;

    /// <summary>Writes a node.</summary>
    /// <param name="node">The node with what it reads.</param>
    /// <returns>The names of its outputs; empty for omitted ones.</returns>
    public abstract string[] Write(ExportedNode node);
}
