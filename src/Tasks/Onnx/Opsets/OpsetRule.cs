using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Opsets;

/// <summary>
/// Brings one operator that changed between opsets into the newest form. One file per operator, found by
/// <see cref="OpsetRuleAttribute"/>.
/// </summary>
internal abstract class OpsetRule
{
    /// <summary>The nodes that do in the newest opset what the node does in its own.</summary>
    /// <exception cref="ModelException">The old form has no equivalent, or the node is not valid.</exception>
    public abstract IEnumerable<Node> Normalise(OpsetContext context);
}

/// <summary>Marks a subclass of <see cref="OpsetRule"/> as the rule of an operator type.</summary>
/// <param name="opType">The operator's type.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
internal sealed class OpsetRuleAttribute(string opType) : Attribute
{
    /// <summary>The operator's type.</summary>
    public string OpType { get; } = opType;

    /// <summary>The operator's domain; empty for <c>ai.onnx</c>.</summary>
    public string Domain { get; init; } = "";
}

/// <summary>A node of an older opset with what is known of its inputs.</summary>
/// <param name="node">The node.</param>
/// <param name="opset">The version of the operator set it belongs to.</param>
/// <param name="values">The values known so far.</param>
/// <param name="uniqueNode">Gives an unused node name.</param>
internal sealed class OpsetContext(Node node, int opset, ShapeInference values, Func<string, string> uniqueNode)
{
    /// <summary>The node.</summary>
    public Node Node { get; } = node;

    /// <summary>The version of the operator set it belongs to.</summary>
    public int Opset { get; } = opset;

    /// <summary>The type of an input that must be given.</summary>
    /// <exception cref="ModelException">The input is omitted.</exception>
    public TensorType Type(int input) =>
        Node.HasInput(input) ? values.TypeOf(Node.Inputs[input]) : throw Invalid($"input {input} is missing");

    /// <summary>Adds a constant and returns its name.</summary>
    public string AddConstant(string purpose, Tensor value)
    {
        string name = NewValue(purpose);
        values.AddConstant(name, value);
        return name;
    }

    /// <summary>Adds a constant list of integers and returns its name.</summary>
    public string AddInts(string purpose, params ReadOnlySpan<long> list) => AddConstant(purpose, Tensor.Of(list.ToArray(), list.Length));

    /// <summary>A name for a value between the nodes of a replacement.</summary>
    public string NewValue(string purpose) => values.UniqueValue($"{Node.Name}/{purpose}");

    /// <summary>A node beside the original one.</summary>
    public Node NewNode(string opType, string[] inputs, string output) =>
        new(uniqueNode($"{Node.Name}/{opType}"), opType, [.. inputs], [output]);

    /// <summary>The node with its inputs from <paramref name="first"/> on replaced.</summary>
    public Node WithInputs(int first, params ReadOnlySpan<string> inputs) =>
        Node with { Inputs = [.. Node.Inputs.AsSpan()[..first], .. inputs] };

    /// <summary>The error that says what is wrong with the node.</summary>
    public ModelException Invalid(string reason) => new(Diagnostics.DiagnosticCatalog.InvalidNode, Node.Name, Node.OpType, reason);

    /// <summary>The error that says that this old form is not supported.</summary>
    public ModelException Unsupported(string nearest) =>
        new(Diagnostics.DiagnosticCatalog.UnsupportedOperator, Node.Name, Node.OpType, Node.Domain.Length == 0 ? "ai.onnx" : Node.Domain,
            Opset, nearest);
}
