using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators;

/// <summary>
/// Gives every value of a graph its type, in one forward pass, and folds what is constant: nodes whose inputs are all constant,
/// and those that depend on types alone (<see cref="IFoldsFromTypes"/>). So chains of Shape, Gather, Concat and Reshape vanish.
/// </summary>
internal sealed class ShapeInference
{
    // Larger results are left to the predictor: folding must not make a model many times its size, nor hold up the build.
    private const long MaximumFoldedBytes = 64L << 20;
    private const long MaximumFoldedBytesTogether = 512L << 20;
    private const long MaximumFoldedWork = 1L << 29;
    private const long MaximumFoldedWorkTogether = 1L << 32;

    // More dimensions than any operator knows are a sign of a damaged file, and would cost time in every loop over them.
    private const int MaximumRank = 64;

    // Each step of a chain of insertions has all elements again.
    private const int MaximumElements = 1 << 24;

    private readonly Dictionary<string, Tensor> _constants = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TensorType> _types = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ModelValue> _structures = new(StringComparer.Ordinal);
    private int _elements;
    private readonly UniqueNames _names = new();
    private readonly List<Node> _nodes = [];
    private long _foldedBytes;
    private long _foldedWork;

    /// <summary>Infers a whole graph anew, for example after a pass has changed types.</summary>
    /// <exception cref="ModelException">A node is not valid.</exception>
    public static Graph Infer(Graph graph)
    {
        var inference = new ShapeInference();
        foreach (string input in graph.Inputs)
            inference.AddInput(input, graph.TypeOf(input));
        foreach ((string name, Tensor value) in graph.Constants)
            inference.AddConstant(name, value);
        foreach (Node node in graph.Nodes)
            inference.Add(node);
        return inference.ToGraph(graph.Name, graph.Inputs, graph.Outputs);
    }

    /// <summary>The type of a value.</summary>
    /// <exception cref="KeyNotFoundException">The value is not known.</exception>
    public TensorType TypeOf(string value) => _constants.TryGetValue(value, out Tensor? constant) ? constant.Type : _types[value];

    /// <summary>The constant of that name; null where the value is not constant.</summary>
    public Tensor? Constant(string value) => _constants.GetValueOrDefault(value);

    /// <summary>Whether there is a value of that name.</summary>
    public bool IsKnown(string value) => _types.ContainsKey(value) || _constants.ContainsKey(value);

    /// <summary>The value of that name where it is no tensor; else null.</summary>
    public ModelValue? Structure(string value) => _structures.GetValueOrDefault(value);

    /// <summary>The value of that name, whatever its kind.</summary>
    public ModelValue Value(string value) => Structure(value) ?? new ModelValue.Single(value);

    /// <summary>Adds a value that is no tensor.</summary>
    /// <exception cref="ModelException">The sequences together have more elements than any model needs.</exception>
    public void AddStructure(string name, ModelValue value)
    {
        _names.Reserve(name);
        _elements += value.Tensors.Count();
        if (_elements > MaximumElements)
            throw new ModelException(DiagnosticCatalog.ModelTooLarge, $"sequence '{name}' with all others", $"{_elements} elements",
                MaximumElements);
        _structures[name] = value;
    }

    /// <summary>A name that no value has yet, kept from then on.</summary>
    public string UniqueValue(string stem) => _names.Next(stem);

    /// <summary>Keeps <see cref="UniqueValue"/> from giving out a name that a value will have later.</summary>
    public void ReserveName(string name) => _names.Reserve(name);

    /// <summary>Adds an input of the graph.</summary>
    public void AddInput(string name, TensorType type)
    {
        _names.Reserve(name);
        _types[name] = type;
    }

    /// <summary>Adds a constant.</summary>
    public void AddConstant(string name, Tensor value)
    {
        _names.Reserve(name);
        _constants[name] = value;
    }

    /// <summary>Adds a node whose inputs are all known: infers its outputs' types, and folds it if possible.</summary>
    /// <param name="node">The node.</param>
    /// <param name="opset">The opset it comes from, for messages; null where it comes from a pass.</param>
    /// <exception cref="ModelException">The node is not valid.</exception>
    public void Add(Node node, int? opset = null)
    {
        Operator op = OperatorRegistry.Of(node);
        OperatorContext context = ContextOf(node, opset);
        ImmutableArray<TensorType> types = Infer(op, context);
        if (Fold(op, context, types) is { } values)
        {
            for (int i = 0; i < node.Outputs.Length; i++)
                if (node.Outputs[i].Length > 0)
                    AddConstant(node.Outputs[i], values[i]);
            return;
        }
        for (int i = 0; i < node.Outputs.Length; i++)
        {
            if (node.Outputs[i].Length == 0)
                continue;
            _names.Reserve(node.Outputs[i]);
            _types[node.Outputs[i]] = types[i];
        }
        _nodes.Add(node);
    }

    /// <summary>Infers the types of a node's outputs without adding it.</summary>
    /// <exception cref="ModelException">The node is not valid.</exception>
    public void Check(Node node, int? opset = null) => Infer(OperatorRegistry.Of(node), ContextOf(node, opset));

    /// <summary>
    /// The types that a node's outputs have by its inputs' types, whether or not its operator computes with those; null where it says
    /// nothing.
    /// </summary>
    public ImmutableArray<TensorType>? TypesBy(Node node)
    {
        try
        {
            return OperatorRegistry.Of(node).Infer(ContextOf(node, null));
        }
        catch (Exception e) when (e is ModelException or OverflowException)
        {
            return null;
        }
    }

    /// <summary>A node with what is known of its inputs.</summary>
    public OperatorContext ContextOf(Node node, int? opset) => new(
        node,
        [.. node.Inputs.Select(i => i.Length == 0 ? null : TypeOf(i))],
        [.. node.Inputs.Select(i => i.Length == 0 ? null : Constant(i))]) { Opset = opset };

    /// <summary>The graph of everything added so far that the outputs depend on.</summary>
    public Graph ToGraph(string name, ImmutableArray<string> inputs, ImmutableArray<string> outputs)
    {
        var all = new Graph
        {
            Name = name,
            Inputs = inputs,
            Outputs = outputs,
            Nodes = [.. _nodes],
            Constants = _constants.ToImmutableSortedDictionary(StringComparer.Ordinal),
            Types = _types.ToImmutableSortedDictionary(StringComparer.Ordinal),
        };
        return new GraphEditor(all).ToGraph();
    }

    private static ImmutableArray<TensorType> Infer(Operator op, OperatorContext context)
    {
        Node node = context.Node;
        OperatorForm form = OperatorSchema.Of(op).Newest;
        string[] faults = [.. SchemaCheck.Places(form, node.OpType, node.Inputs, node.Outputs), .. SchemaCheck.Types(form, context)];
        if (faults.Length > 0)
            throw context.Invalid(string.Join("; ", faults));
        ImmutableArray<TensorType> types;
        try
        {
            types = op.Infer(context);
            foreach (TensorType type in types)
                Check(context, type);
        }
        catch (Exception e) when (e is not OverflowException
            && InternalFault.PassesBy(e, "shape inference", $"'{node.Name}' ({node.OpType})"))
        {
            throw;
        }
        catch (OverflowException)
        {
            throw TooLarge(node, "a dimension or the number of elements overflows");
        }
        if (types.Length < node.Outputs.Length)
            throw context.Invalid($"it has {node.Outputs.Length} outputs, the operator has {types.Length}");
        return types;
    }

    // Zero dimensions are left out of the product, so that sizes of parts of the tensor cannot overflow either.
    private static void Check(OperatorContext context, TensorType type)
    {
        if (type.Rank > MaximumRank)
            throw TooLarge(context.Node, $"{type.Rank} dimensions");
        long bytes = type.Element.Size();
        foreach (int d in type.Dimensions)
        {
            if (d < 0)
                throw context.Invalid($"its result would have the dimensions [{string.Join(',', type.Dimensions)}]");
            bytes *= Math.Max(d, 1);
            if (bytes > int.MaxValue)
                throw TooLarge(context.Node, $"{type}");
        }
    }

    private Tensor[]? Fold(Operator op, OperatorContext context, ImmutableArray<TensorType> types)
    {
        if (op is IFoldsFromTypes fromTypes)
            return fromTypes.Fold(context);
        if (!op.IsDeterministic)
            return null;
        for (int i = 0; i < context.InputTypes.Length; i++)
            if (context.InputTypes[i] is not null && context.InputConstants[i] is null && op.NeedsValue(i))
                return null;
        long bytes = types.Sum(t => (long)t.Count * t.Element.Size());
        long read = context.InputConstants.Sum(c => c is null ? 0L : c.Count);
        long work = op.Work(context);
        if ((bytes > MaximumFoldedBytes && bytes > 8 * read) || _foldedBytes + bytes > MaximumFoldedBytesTogether
            || work > MaximumFoldedWork || _foldedWork + work > MaximumFoldedWorkTogether)
            return null;
        _foldedBytes += bytes;
        _foldedWork += work;
        try
        {
            return op.Evaluate(context, context.InputConstants);
        }
        catch (ArithmeticException)
        {
            throw context.Invalid("it overflows on its constant inputs");
        }
    }

    private static ModelException TooLarge(Node node, string size) =>
        new(DiagnosticCatalog.ModelTooLarge, $"the result of node '{node.Name}' ({node.OpType})", size, $"{int.MaxValue} bytes");
}

/// <summary>An operator whose result follows from the types of its inputs alone, so that it is always constant.</summary>
internal interface IFoldsFromTypes
{
    /// <summary>The operator's outputs.</summary>
    Tensor[] Fold(OperatorContext context);
}
