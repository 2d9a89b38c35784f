using OptimizerBuild.Graphs;

namespace OptimizerBuild.Export.Forms;

/// <summary>A node that is being written with operators of ONNX.</summary>
/// <param name="Graph">Its graph.</param>
/// <param name="Node">The node.</param>
/// <param name="Input">The name of an input in the exported model, in the graph's own order of axes; written when it is asked for.</param>
/// <param name="Builder">The exported model.</param>
internal sealed record ExportedNode(Graph Graph, Node Node, Func<int, string> Input, OnnxModelBuilder Builder)
{
    /// <summary>The type of an input.</summary>
    public TensorType Type(int input) => Graph.TypeOf(Node.Inputs[input]);

    /// <summary>The constant that an input is; null where it is none.</summary>
    public Tensor? Constant(int input) => Graph.Constant(Node.Inputs[input]);

    /// <summary>Adds a node of <c>ai.onnx</c> with one output, named after this one.</summary>
    /// <returns>The output's name.</returns>
    public string Add(string opType, IEnumerable<string> inputs, params IEnumerable<(string Name, AttributeValue Value)> attributes) =>
        Builder.Add(Node.Name + "/" + opType, opType, inputs, attributes);

    /// <summary>Adds a constant, named after this node.</summary>
    /// <returns>Its name.</returns>
    public string Add(string name, Tensor value) => Builder.Constant(Node.Name + "/" + name, value);

    /// <summary>Adds a list of integers, as shapes and axes are.</summary>
    /// <returns>Its name.</returns>
    public string Integers(string name, params long[] values) => Add(name, Tensor.Of(values, values.Length));
}
