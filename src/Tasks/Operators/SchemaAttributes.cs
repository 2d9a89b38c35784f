namespace OptimizerBuild.Operators;

/// <summary>
/// One statement about an operator's form, written on its class. Statements of a base class hold for what derives from it, unless that
/// says something about the same place itself.
/// </summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true, Inherited = false)]
internal abstract class SchemaAttribute : Attribute
{
    /// <summary>An opset later than any that a file can name: what nodes have in the form that the importer gives them.</summary>
    public const int Newest = int.MaxValue;

    /// <summary>The first opset in which this holds.</summary>
    public int From { get; init; } = 1;

    /// <summary>The last opset in which this holds.</summary>
    public int Until { get; init; } = Newest;

    /// <summary>Whether the statement holds in an opset.</summary>
    public bool HoldsIn(int opset) => From <= opset && opset <= Until;
}

/// <summary>An input of an operator.</summary>
/// <param name="index">Its place.</param>
/// <param name="name">Its name in the ONNX specification.</param>
/// <param name="types">The element types it may have.</param>
internal sealed class InputAttribute(int index, string name, Elements types) : SchemaAttribute
{
    /// <summary>Its place.</summary>
    public int Index { get; } = index;

    /// <summary>Its name in the ONNX specification.</summary>
    public string Name { get; } = name;

    /// <summary>The element types it may have, in the newest opset.</summary>
    public Elements Types { get; } = types;

    /// <summary>Inputs that name the same variable have one element type; null where the input's type is its own.</summary>
    public string? Variable { get; init; }

    /// <summary>Whether it may be left out.</summary>
    public bool Optional { get; init; }

    /// <summary>
    /// Whether shapes follow from its value, so that it must be constant or computed from constants.
    /// </summary>
    public bool Fixed { get; init; }

    /// <summary>Whether it stands for any number of inputs from its place on.</summary>
    public bool Variadic { get; init; }

    /// <summary>The least number of inputs that a variadic one stands for.</summary>
    public int Minimum { get; init; } = 1;
}

/// <summary>An output of an operator; what type it has follows from the inputs.</summary>
/// <param name="index">Its place.</param>
/// <param name="name">Its name in the ONNX specification.</param>
internal sealed class OutputAttribute(int index, string name) : SchemaAttribute
{
    /// <summary>Its place.</summary>
    public int Index { get; } = index;

    /// <summary>Its name in the ONNX specification.</summary>
    public string Name { get; } = name;

    /// <summary>Whether a node may end its list of outputs before it.</summary>
    public bool Optional { get; init; }

    /// <summary>Whether it stands for any number of outputs, at least one, from its place on.</summary>
    public bool Variadic { get; init; }
}

/// <summary>An attribute that nodes of an operator may have in a file.</summary>
/// <param name="name">Its name.</param>
/// <param name="kind">The form of its value.</param>
internal sealed class ParameterAttribute(string name, ParameterKind kind) : SchemaAttribute
{
    /// <summary>Its name.</summary>
    public string Name { get; } = name;

    /// <summary>The form of its value.</summary>
    public ParameterKind Kind { get; } = kind;

    /// <summary>Whether every node must have it.</summary>
    public bool Required { get; init; }

    /// <summary>The least value; for lists that of every entry, and then there is at least one entry.</summary>
    public long Minimum { get; init; } = long.MinValue;

    /// <summary>The texts that it may be; null where every text may stand there.</summary>
    public string[]? Choices { get; init; }
}

/// <summary>
/// The standard's form of an operator that the importer writes with others, so that none of its own stands behind the import.
/// </summary>
/// <param name="opType">The operator's type.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
internal sealed class RewrittenOperatorAttribute(string opType) : Attribute
{
    /// <summary>The operator's type.</summary>
    public string OpType { get; } = opType;

    /// <summary>The operator's domain; empty for <c>ai.onnx</c>.</summary>
    public string Domain { get; init; } = "";
}

/// <summary>The forms of attribute values.</summary>
internal enum ParameterKind
{
    /// <summary>One integer.</summary>
    Int,

    /// <summary>One real number.</summary>
    Float,

    /// <summary>One text.</summary>
    String,

    /// <summary>A list of integers.</summary>
    Ints,

    /// <summary>A list of real numbers.</summary>
    Floats,

    /// <summary>A list of texts.</summary>
    Strings,

    /// <summary>A tensor.</summary>
    Tensor,

    /// <summary>A sparse tensor.</summary>
    SparseTensor,

    /// <summary>A sub-graph.</summary>
    Graph,

    /// <summary>The type of a value.</summary>
    TypeProto,
}
