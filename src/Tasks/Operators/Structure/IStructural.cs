using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Structure;

/// <summary>
/// An operator that takes or gives values beside tensors. No graph has a node of it: the importer asks it what its results consist of,
/// for which it may add nodes on tensors. A class that is also an <see cref="Operator"/> is asked only where an input is no tensor.
/// </summary>
internal interface IStructural
{
    /// <summary>The node's outputs, by the values of its inputs.</summary>
    /// <exception cref="ModelException">The node is not valid, or its result is not known when the model is built.</exception>
    ImmutableArray<ModelValue> Resolve(StructureContext context);
}

/// <summary>A node on values beside tensors, as <see cref="IStructural"/> sees it.</summary>
/// <param name="node">The node.</param>
/// <param name="inputs">The values of its inputs; null where one is omitted.</param>
/// <param name="values">The values known so far.</param>
/// <param name="uniqueNode">Gives an unused node name.</param>
internal sealed class StructureContext(
    Node node, ImmutableArray<ModelValue?> inputs, ShapeInference values, Func<string, string> uniqueNode)
{
    /// <summary>The node.</summary>
    public Node Node => node;

    /// <summary>How many inputs the node lists, omitted ones among them.</summary>
    public int Inputs => inputs.Length;

    /// <summary>The value of an input; null where it is omitted.</summary>
    public ModelValue? Input(int input) => input < inputs.Length ? inputs[input] : null;

    /// <summary>The value of an input that must be given.</summary>
    /// <exception cref="ModelException">It is omitted.</exception>
    public ModelValue Given(int input) => Input(input) ?? throw Invalid($"input {input} is missing");

    /// <summary>The name of an input that must be a tensor.</summary>
    /// <exception cref="ModelException">It is none.</exception>
    public string Tensor(int input) => Given(input) is ModelValue.Single tensor
        ? tensor.Name
        : throw Invalid($"input {input} is {Given(input).Description} where a tensor is needed");

    /// <summary>The names of the elements of an input that must be a sequence.</summary>
    /// <exception cref="ModelException">It is none.</exception>
    public ImmutableArray<string> Sequence(int input) => Given(input) is ModelValue.Sequence sequence
        ? sequence.Elements
        : throw Invalid($"input {input} is {Given(input).Description} instead of a sequence");

    /// <summary>The type of a tensor.</summary>
    public TensorType TypeOf(string tensor) => values.TypeOf(tensor);

    /// <summary>The integers of a constant input; null where it is omitted.</summary>
    /// <exception cref="ModelException">It is known at run time only, or has other elements.</exception>
    public long[]? Integers(int input)
    {
        if (Input(input) is null)
            return null;
        string tensor = Tensor(input);
        Tensor constant = values.Constant(tensor)
            ?? throw new ModelException(DiagnosticCatalog.DataDependentStructure, node.Name, node.OpType, $"what '{tensor}' holds");
        return constant.Element is ElementType.Int32 or ElementType.Int64
            ? constant.ToInt64()
            : throw Invalid($"input {input}, which must be integers, is {constant.Type}");
    }

    /// <summary>A position in a sequence, counted from the end where it is negative.</summary>
    /// <param name="input">The input that holds it.</param>
    /// <param name="places">How many places there are.</param>
    /// <param name="otherwise">The position where the input is omitted.</param>
    /// <exception cref="ModelException">It is known at run time only, or lies outside.</exception>
    public int Position(int input, int places, int otherwise)
    {
        if (Integers(input) is not { } list)
            return otherwise;
        if (list.Length != 1)
            throw Invalid($"input {input}, a position, has {list.Length} elements");
        long position = list[0] < 0 ? list[0] + places : list[0];
        return position >= 0 && position < places ? (int)position
            : throw Invalid($"position {list[0]} lies outside a sequence of {places}");
    }

    /// <summary>Adds a constant and returns its name.</summary>
    public string AddConstant(string purpose, Tensor value)
    {
        string name = values.UniqueValue($"{node.Name}/{purpose}");
        values.AddConstant(name, value);
        return name;
    }

    /// <summary>Adds a node on tensors.</summary>
    /// <typeparam name="T">Its operator.</typeparam>
    /// <param name="inputs">Its inputs.</param>
    /// <param name="outputs">How many outputs it has.</param>
    /// <param name="attributes">Sets its attributes; null for none.</param>
    /// <returns>The names of its outputs.</returns>
    public ImmutableArray<string> Add<T>(ImmutableArray<string> inputs, int outputs, Func<Node, Node>? attributes = null)
        where T : Operator
    {
        ImmutableArray<string> names = [.. Enumerable.Range(0, outputs).Select(_ => values.UniqueValue(node.Name + "/part"))];
        Node made = NodeOperators.New<T>(uniqueNode($"{node.Name}/{typeof(T).Name[..^nameof(Operator).Length]}"), inputs, names);
        values.Add(attributes?.Invoke(made) ?? made);
        return names;
    }

    /// <summary>The error that says what is wrong with the node.</summary>
    public ModelException Invalid(string reason) => new(DiagnosticCatalog.InvalidNode, node.Name, node.OpType, reason);
}
