using System.Collections.Immutable;
using System.Globalization;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx.Expansions;
using OptimizerBuild.Onnx.Opsets;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Onnx;

/// <summary>
/// Builds the graph of one model, node by node in order of execution: attributes are read, the node is brought into the newest
/// opset's form, its types are inferred and, where its inputs are constant, it is folded. <c>If</c> with a constant condition
/// and model-local functions are replaced by their contents; the bodies of other control flow are graphs of their own.
/// </summary>
internal sealed partial class GraphImporter
{
    /// <summary>The newest opset of the domain <c>ai.onnx</c> whose operators this importer knows.</summary>
    public const int NewestOpset = 27;

    // Functions that call functions could otherwise grow exponentially.
    private const int MaximumNodes = 200_000;
    private const int MaximumDepth = 40;

    private readonly ModelProto _model;
    private readonly ExternalDataFolder _external;
    private readonly ImportOptions _options;
    private readonly CancellationToken _cancellation;
    private ShapeInference _inference = new();
    private readonly UniqueNames _nodeNames = new();
    private readonly Dictionary<(string Domain, string Name, string Overload), FunctionProto> _functions = [];
    private Float16Arithmetic _float16;
    private int _imported;

    /// <param name="model">The parsed file.</param>
    /// <param name="external">Where external data lies.</param>
    /// <param name="options">Shapes and fixed inputs.</param>
    /// <param name="cancellation">Stops the import.</param>
    public GraphImporter(ModelProto model, ExternalDataFolder external, ImportOptions options, CancellationToken cancellation)
    {
        _model = model;
        _external = external;
        _options = options;
        _cancellation = cancellation;
        _float16 = new Float16Arithmetic(_inference, UniqueNodeName);
        foreach (FunctionProto function in model.Functions)
            _functions.TryAdd((Domain(function.Domain), function.Name, function.Overload), function);
    }

    /// <summary>Messages and warnings that arose.</summary>
    public List<Diagnostic> Diagnostics { get; } = [];

    /// <summary>The initial values of inputs that are a state.</summary>
    public Dictionary<string, Tensor> InitialValues { get; } = new(StringComparer.Ordinal);

    /// <summary>Imports the graph.</summary>
    /// <exception cref="ModelException">The model cannot be imported.</exception>
    public Graph Import()
    {
        GraphProto graph = _model.Graph;
        var scope = new ImportScope(null, Opsets(_model.OpsetImport)) { KeepsNames = true };
        foreach (string name in graph.Input.Select(i => i.Name).Concat(graph.Initializer.Select(i => i.Name))
            .Concat(graph.Node.SelectMany(n => n.Output)))
            _inference.ReserveName(name);
        var initialised = ReadInitialisers(graph, scope);

        // Up to IR version 3 every initialiser is also listed as an input; later the listing allows callers to override it.
        ValueInfoProto[] inputs = [.. graph.Input.Where(i => !initialised.Contains(i.Name))];
        ImportOptions options = InputBinding.WithShapedConstants(inputs, _options);
        var binding = new InputBinding(inputs, options);
        var names = ImmutableArray.CreateBuilder<string>();
        var unsettled = new List<Diagnostic>();
        foreach (ValueInfoProto input in inputs)
        {
            if (input.Name.Length == 0)
                throw Invalid("graph", graph.Name, "an input has no name");
            if (!scope.TryDefine(input.Name, input.Name))
                throw Invalid("graph", graph.Name, $"the input '{input.Name}' is defined twice");
            if (options.Constants.TryGetValue(input.Name, out Tensor? constant))
            {
                _inference.AddConstant(input.Name, Converted(input, constant));
                continue;
            }
            try
            {
                if (BindInput(binding, input.Name, input.Type, names) is var value and not ModelValue.Single)
                    _inference.AddStructure(input.Name, value);
            }
            catch (ModelException e)
            {
                unsettled.AddRange(e.Diagnostics);
            }
        }

        if (unsettled.Count > 0)
            throw new ModelException([.. unsettled]);
        try
        {
            ImportNodes(graph.Node, scope, 0);
        }
        catch (ModelException e) when (e.Diagnostic.Descriptor == DiagnosticCatalog.UnsupportedOperator)
        {
            ImmutableArray<Diagnostic> all = UnsupportedOperators();
            // An operator of which only a form is unsupported is not among them.
            throw all.IsEmpty ? e : new ModelException(all, e);
        }

        if (graph.Output.Count == 0)
            throw Invalid("graph", graph.Name, "it has no output");
        var outputs = ImmutableArray.CreateBuilder<string>();
        var listed = new HashSet<string>(StringComparer.Ordinal);
        foreach (ValueInfoProto output in graph.Output)
        {
            string value = scope.Find(output.Name) ?? throw Invalid("graph", graph.Name, $"no node produces its output '{output.Name}'");
            if (!listed.Add(value))
                throw Invalid("graph", graph.Name, $"its output '{output.Name}' is listed twice");
            outputs.AddRange(OutputsOf(output.Name, value));
        }
        if (outputs.Count == 0)
            throw Invalid("graph", graph.Name, "its outputs are empty sequences or absent values");
        Graph imported = _inference.ToGraph(graph.Name, names.ToImmutable(), outputs.ToImmutable());
        StringFlow.Check(imported);
        return imported;
    }

    private HashSet<string> ReadInitialisers(GraphProto graph, ImportScope scope)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (TensorProto initialiser in graph.Initializer.Where(i => !scope.KeepsNames || !IsReplaced(graph, i.Name)))
        {
            Tensor value = TensorProtoReader.Read(initialiser, initialiser.Name, _external);
            if (scope.KeepsNames && _options.StateInputs.Contains(initialiser.Name) && graph.Input.Any(i => i.Name == initialiser.Name))
                InitialValues[initialiser.Name] = value;
            else
                Define(initialiser.Name, value);
        }
        foreach (SparseTensorProto sparse in graph.SparseInitializer)
            Define(sparse.Values?.Name ?? "", AttributeReader.Dense(sparse, sparse.Values?.Name ?? "", _external));
        return names;

        void Define(string name, Tensor value)
        {
            string unique = scope.KeepsNames ? name : _inference.UniqueValue(name);
            if (name.Length == 0 || !scope.TryDefine(name, unique))
                throw Invalid("graph", graph.Name, name.Length == 0
                    ? "an initialiser has no name"
                    : $"the initialiser '{name}' is defined twice");
            _inference.AddConstant(unique, value);
            names.Add(name);
        }
    }

    // The default value of an input, in place of which the user gives another one.
    private bool IsReplaced(GraphProto graph, string name) => _options.Constants.ContainsKey(name) && graph.Input.Any(i => i.Name == name);

    private void ImportNodes(IReadOnlyList<NodeProto> nodes, ImportScope scope, int depth)
    {
        if (depth > MaximumDepth)
            throw new ModelException(DiagnosticCatalog.ModelTooLarge, "the nesting of sub-graphs and functions",
                $"more than {MaximumDepth} levels", MaximumDepth);
        foreach (NodeProto node in NodeOrder.Sort(nodes))
        {
            _cancellation.ThrowIfCancellationRequested();
            if (++_imported > MaximumNodes)
                throw new ModelException(DiagnosticCatalog.ModelTooLarge, "the graph", $"more than {MaximumNodes} nodes", MaximumNodes);
            ImportNode(node, scope, depth);
        }
    }

    private void ImportNode(NodeProto proto, ImportScope scope, int depth)
    {
        string name = UniqueNodeName(proto);
        string domain = Domain(proto.Domain);
        ImmutableArray<string> inputs = [.. proto.Input.Select(i => i.Length == 0 ? "" : scope.Find(i)
            ?? throw Invalid(name, proto.OpType, $"no node produces its input '{i}'"))];

        if (_functions.TryGetValue((domain, proto.OpType, proto.Overload), out FunctionProto? function))
        {
            ImportFunction(name, proto, function, inputs, scope, depth);
            return;
        }
        int opset = Opset(scope, domain, name, proto.OpType);
        CheckForm(name, proto, domain, opset, inputs, scope);
        if (domain.Length == 0 && ControlFlow.TryGetValue(proto.OpType, out ControlFlowImport? import))
        {
            import(this, name, proto, opset, inputs, scope, depth);
            return;
        }
        if (domain == Node.InternalDomain || !OpsetNormalization.IsKnown(domain, proto.OpType))
            throw Unsupported(name, proto.OpType, domain, opset);

        var node = new Node(name, proto.OpType, inputs, []) { Domain = domain, Attributes = Attributes(proto, name, scope) };
        ModelValue? structure = inputs.Select(_inference.Structure).FirstOrDefault(s => s is not null);
        if (OperatorRegistry.FindStructural(node) is { } structural && (structure is not null || OperatorRegistry.Find(node) is null))
        {
            ImportStructural(name, proto, structural, node, scope);
            return;
        }
        if (structure is ModelValue.Bounded)
        {
            ImportBounded(name, proto, node, opset, scope);
            return;
        }
        if (structure is not null)
            throw Invalid(name, proto.OpType, $"it is given {structure.Description} where it takes tensors");
        node = node with { Outputs = [.. proto.Output.Select(o => o.Length == 0 ? "" : Define(o, name, proto, scope))] };
        foreach (Node normal in OpsetNormalization.Normalise(node, opset, _inference, UniqueNodeName))
            AddNode(normal, opset);
    }

    // Adds a node in the newest form, or what it is written with.
    private void AddNode(Node node, int opset)
    {
        _cancellation.ThrowIfCancellationRequested();
        if (ExpansionTable.Find(node.Domain, node.OpType) is { } expansion)
        {
            string[] faults = [.. SchemaCheck.Types(OperatorSchema.OfRewritten(node.Domain, node.OpType)!.Newest,
                _inference.ContextOf(node, opset))];
            if (faults.Length > 0)
                throw Invalid(node.Name, node.OpType, string.Join("; ", faults));
            expansion.Expand(new ExpansionContext(node, opset, _inference, UniqueNodeName, n => AddNode(n, opset)));
            return;
        }
        foreach (Node computed in _float16.Widen(node))
            _inference.Add(computed, opset);
    }

    // Compares the node, as it stands in the file, with what its operator says in the node's opset.
    private static void CheckForm(
        string name, NodeProto proto, string domain, int opset, ImmutableArray<string> inputs, ImportScope scope)
    {
        var node = new Node(name, proto.OpType, [], []) { Domain = domain };
        OperatorSchema? schema = OperatorRegistry.Find(node) is { } op
            ? OperatorSchema.Of(op)
            : OperatorRegistry.FindStructural(node) is { } structural
            ? OperatorSchema.Of(structural)
            : OperatorSchema.OfRewritten(domain, proto.OpType);
        if (schema is null || domain == Node.InternalDomain)
            return;
        OperatorForm form = schema.In(opset);
        AttributeProto[] attributes = [.. proto.Attribute
            .Select(a => (a.Name, Value: a.RefAttrName.Length == 0 ? a : Referred(a, scope)))
            .Where(a => a.Value is not null).Select(a => Named(a.Name, a.Value!))];
        string[] faults = [.. SchemaCheck.Places(form, proto.OpType, inputs, proto.Output),
            .. AttributeCheck.Faults(form, proto.OpType, opset, attributes)];
        if (faults.Length > 0)
            throw Invalid(name, proto.OpType, string.Join("; ", faults));

        // A function may call its attribute by another name than the node in it.
        static AttributeProto Named(string name, AttributeProto value)
        {
            if (value.Name == name)
                return value;
            AttributeProto named = value.Clone();
            named.Name = name;
            return named;
        }
    }

    private void ImportFunction(
        string name, NodeProto proto, FunctionProto function, ImmutableArray<string> inputs, ImportScope scope, int depth)
    {
        if (inputs.Length > function.Input.Count || proto.Output.Count > function.Output.Count)
            throw Invalid(name, proto.OpType, "it has more inputs or outputs than the function it calls");
        if (function.Input.Contains(""))
            throw Invalid(name, proto.OpType, "an input of the function that it calls has no name");
        var attributes = new Dictionary<string, AttributeProto>(StringComparer.Ordinal);
        foreach (AttributeProto fallback in function.AttributeProto)
            attributes[fallback.Name] = fallback;
        foreach (AttributeProto given in proto.Attribute)
            attributes[given.Name] = Referred(given, scope) ?? given;
        var inner = new ImportScope(null, Opsets(function.OpsetImport)) { Attributes = attributes };
        for (int i = 0; i < function.Input.Count; i++)
            if (!inner.TryDefine(function.Input[i], i < inputs.Length ? inputs[i] : ""))
                throw Invalid(name, proto.OpType, $"the function's input '{function.Input[i]}' is defined twice");
        ImportNodes(function.Node, inner, depth + 1);
        Hand(name, proto, [.. function.Output.Take(proto.Output.Count)], inner, scope);
    }

    // Gives the results of an inlined graph the names of the replaced node's outputs.
    private void Hand(string name, NodeProto proto, ImmutableArray<string> results, ImportScope inner, ImportScope scope)
    {
        for (int i = 0; i < proto.Output.Count; i++)
        {
            if (proto.Output[i].Length == 0)
                continue;
            string value = inner.Find(results[i]) ?? throw Invalid(name, proto.OpType, $"no node produces its result '{results[i]}'");
            if (value.Length == 0)
                throw Invalid(name, proto.OpType, $"its result '{results[i]}' is an omitted input");
            Give(name, _inference.Value(value), Define(proto.Output[i], name, proto, scope));
        }
    }

    private string Define(string output, string name, NodeProto proto, ImportScope scope)
    {
        string unique = scope.KeepsNames ? output : _inference.UniqueValue(output);
        return scope.TryDefine(output, unique) ? unique : throw Invalid(name, proto.OpType,
            $"it produces '{output}', which is defined already");
    }

    private ImmutableSortedDictionary<string, AttributeValue> Attributes(
        NodeProto proto, string name, ImportScope scope, string? without = null)
    {
        var attributes = ImmutableSortedDictionary.CreateBuilder<string, AttributeValue>(StringComparer.Ordinal);
        foreach (AttributeProto attribute in proto.Attribute.Where(a => a.Name != without))
        {
            AttributeProto? actual = attribute.RefAttrName.Length == 0 ? attribute : Referred(attribute, scope);
            // A reference to an attribute that the caller of the function leaves out leaves it out, too. Types follow from the inputs.
            if (actual is null || actual.Type == AttributeProto.Types.AttributeType.TypeProto)
                continue;
            if (!attributes.TryAdd(attribute.Name, AttributeReader.Read(actual, name, proto.OpType, _external)))
                throw Invalid(name, proto.OpType, $"its attribute '{attribute.Name}' is given twice");
        }
        return attributes.ToImmutable();
    }

    private static AttributeProto? Referred(AttributeProto attribute, ImportScope scope) =>
        attribute.RefAttrName.Length > 0 ? scope.Attributes.GetValueOrDefault(attribute.RefAttrName) : null;

    private static Tensor Converted(ValueInfoProto input, Tensor constant)
    {
        int declared = input.Type?.TensorType?.ElemType ?? 0;
        if (declared == 0 || declared == (int)constant.Element)
            return constant;
        ElementType element = TensorProtoReader.ElementTypeOf(declared, input.Name);
        return NumericCast.Convert(constant, element)
            ?? throw new ModelException(DiagnosticCatalog.UnsupportedElementType, input.Name, element,
                "a constant input must be numbers or booleans");
    }

    private static Dictionary<string, long> Opsets(IEnumerable<OperatorSetIdProto> imports)
    {
        var opsets = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (OperatorSetIdProto import in imports)
            opsets[Domain(import.Domain)] = import.Version;
        return opsets;
    }

    private static int Opset(ImportScope scope, string domain, string name, string opType)
    {
        // Files of IR version 1 and 2 name no opset; they mean the first.
        long opset = scope.Opsets.GetValueOrDefault(domain, 1);
        if (domain.Length == 0 && (opset < 1 || opset > NewestOpset))
            throw new ModelException(DiagnosticCatalog.UnsupportedOperator, name, opType, "ai.onnx", opset, $"opsets 6 to {NewestOpset}");
        return (int)Math.Clamp(opset, 0, int.MaxValue);
    }

    private static ModelException Unsupported(string name, string opType, string domain, object opset, string? nearest = null) =>
        new(DiagnosticCatalog.UnsupportedOperator, name, opType, domain.Length == 0 ? "ai.onnx" : domain, opset, nearest
            ?? NearestOperators.Describe(domain, opType));

    private static ModelException Invalid(string node, string opType, string reason) =>
        new(DiagnosticCatalog.InvalidNode, node, opType, reason);

    private static string Domain(string domain) => domain == "ai.onnx" ? "" : domain;

    private string UniqueNodeName(NodeProto proto) =>
        UniqueNodeName(proto.Name.Length > 0 ? proto.Name : string.Create(CultureInfo.InvariantCulture, $"{proto.OpType}_{_imported}"));

    private string UniqueNodeName(string stem) => _nodeNames.Next(stem);
}
