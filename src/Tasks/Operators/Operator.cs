using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators;

/// <summary>
/// What the build knows of one operator: how the types of its outputs follow from its inputs and what it computes, in float32
/// reference arithmetic. One file per operator; <see cref="OperatorRegistry"/> finds every subclass that carries
/// <see cref="OperatorAttribute"/>. An operator is described in the form of the newest opset that the importer normalises to.
/// </summary>
[Parameter("consumed_inputs", ParameterKind.Ints, Until = 5)]
internal abstract class Operator
{
    /// <summary>The types of the node's outputs; one for each name in <see cref="Node.Outputs"/>, also for omitted ones.</summary>
    /// <exception cref="ModelException">The node's inputs or attributes are not valid for the operator.</exception>
    public abstract ImmutableArray<TensorType> Infer(OperatorContext context);

    /// <summary>Computes the node's outputs from its inputs.</summary>
    /// <param name="context">The node and its types.</param>
    /// <param name="inputs">The input tensors in the node's order; null where an optional input is omitted.</param>
    public abstract Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs);

    /// <summary>Whether the result depends on more of an input than its type; where it does not, the input need not be constant for the
    /// node to be folded.</summary>
    /// <param name="input">The input's index.</param>
    public virtual bool NeedsValue(int input) => true;

    /// <summary>
    /// A bound on the steps of one evaluation, by which constant folding refuses work that would hold up the build. Operators
    /// whose work is not proportional to the sizes of their inputs and outputs override it.
    /// </summary>
    public virtual long Work(OperatorContext context) => MultiplyAccumulates(context);

    /// <summary>The number of multiply-accumulates of one evaluation: the products of convolutions and matrix products, else 0.</summary>
    public virtual long MultiplyAccumulates(OperatorContext context) => 0;

    /// <summary>Which integer form the operator has, if any (see <c>docs/arithmetic.md</c>).</summary>
    public virtual IntegerForm IntegerForm(OperatorContext context) => Operators.IntegerForm.None;

    /// <summary>
    /// How many leading inputs are data on an equal footing, such as both summands of Add; the others are parameters (weights, shapes,
    /// axes).
    /// </summary>
    public virtual int Operands(Node node) => 1;

    /// <summary>What happens to the elements: whether they are computed with, only moved, or not looked at or converted.</summary>
    public virtual OperatorArithmetic Arithmetic => OperatorArithmetic.Computes;

    /// <summary>What it does with strings, where it takes any.</summary>
    public virtual StringUse OnStrings => Arithmetic == OperatorArithmetic.Moves ? StringUse.Moves : StringUse.None;

    /// <summary>Whether a kernel of the operator can bound its result, so that an activation behind it may be fused into it.</summary>
    public virtual bool TakesActivation => false;

    /// <summary>Whether the same inputs always give the same outputs, so that equal nodes may be computed once.</summary>
    public virtual bool IsDeterministic => true;

    /// <summary>
    /// Whether the node hands its first input on unchanged as its first output. Asked only where both have the same type and no
    /// activation is fused into the node.
    /// </summary>
    public virtual bool IsIdentity(OperatorContext context) => false;
}

/// <summary>What an operator does to elements, which decides whether it can take them in any type.</summary>
internal enum OperatorArithmetic
{
    /// <summary>Computes with them.</summary>
    Computes,

    /// <summary>Moves or selects them, whatever their type.</summary>
    Moves,

    /// <summary>Converts them, or looks only at the type.</summary>
    Converts,
}

/// <summary>How an operator can run on quantised values.</summary>
internal enum IntegerForm
{
    /// <summary>Float32 only.</summary>
    None,

    /// <summary>Sums of products of u8 activations with constant s8 weights, requantised (Conv, Gemm, MatMul with constant B).</summary>
    DotProduct,

    /// <summary>Sums of products of u8 activations with u8 activations, requantised (MatMul of two values known at run time).</summary>
    Product,

    /// <summary>A function of one u8 value: a table of 256 entries.</summary>
    Table,

    /// <summary>Integer arithmetic over inputs of different scales, then requantised (Add, Mul, Concat, AveragePool, …).</summary>
    Rescale,

    /// <summary>Moves or selects values: the output has the quantisation of the (first) input (Reshape, Transpose, MaxPool, …).</summary>
    SameScale,

    /// <summary>Fixed-point function of a row of values (Softmax, LogSoftmax).</summary>
    FixedPoint,

    /// <summary>
    /// Constant s8 weights times a state that is rounded anew in each step, everything else in float32: reads and makes float32 values
    /// (recurrent layers).
    /// </summary>
    Recurrent,

    /// <summary>
    /// Levels under another type: bytes of the graph as quantised values or the converse (DequantizeLinear, QuantizeLinear).
    /// </summary>
    Levels,
}

/// <summary>
/// Marks a subclass of <see cref="Operator"/>, or a class of <see cref="Structure.IStructural"/>, as the description of an operator type.
/// </summary>
/// <param name="opType">The operator's type, for example <c>Conv</c>.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
internal sealed class OperatorAttribute(string opType) : Attribute
{
    /// <summary>The operator's type.</summary>
    public string OpType { get; } = opType;

    /// <summary>The operator's domain.</summary>
    public string Domain { get; init; } = "";
}

/// <summary>A node together with what is known of its inputs, as <see cref="Operator"/> members see it.</summary>
/// <param name="Node">The node.</param>
/// <param name="InputTypes">Types of the inputs in the node's order; null where an optional input is omitted.</param>
/// <param name="InputConstants">Constant values of the inputs in the node's order; null where not constant or omitted.</param>
internal sealed record OperatorContext(Node Node, ImmutableArray<TensorType?> InputTypes, ImmutableArray<Tensor?> InputConstants)
{
    private TensorType[]? _outputTypes;
    private object? _prepared;

    /// <summary>The opset of the model, for messages; null where a pass made the node.</summary>
    public int? Opset { get; init; }

    /// <summary>The types of the node's outputs, inferred once.</summary>
    /// <exception cref="ModelException">The node is not valid.</exception>
    public IReadOnlyList<TensorType> OutputTypes => _outputTypes ??= [.. OperatorRegistry.Of(Node).Infer(this)];

    /// <summary>
    /// What the operator derives from the node's attributes and constants and keeps between evaluations, for example weights in another
    /// order: made at the first call, dropped with this context. One kind of thing for each operator; usable from several threads.
    /// </summary>
    /// <param name="make">Makes it; of two threads that make it at the same time one keeps its own.</param>
    public T Prepared<T>(Func<T> make)
        where T : class
    {
        if (Volatile.Read(ref _prepared) is T known)
            return known;
        T made = make();
        return (T?)Interlocked.CompareExchange(ref _prepared, made, null) ?? made;
    }

    /// <summary>Forgets what was prepared, because the elements of a constant have been changed in place.</summary>
    public void DropPrepared() => Volatile.Write(ref _prepared, null);

    /// <summary>The context of a node in a graph.</summary>
    public static OperatorContext Of(Graph graph, Node node) => new(
        node,
        [.. node.Inputs.Select(i => i.Length == 0 ? null : graph.TypeOf(i))],
        [.. node.Inputs.Select(i => i.Length == 0 ? null : graph.Constant(i))]);

    /// <summary>The context of a node in a graph that a pass works on.</summary>
    public static OperatorContext Of(GraphEditor graph, Node node) => new(
        node,
        [.. node.Inputs.Select(i => i.Length == 0 ? null : graph.TypeOf(i))],
        [.. node.Inputs.Select(i => i.Length == 0 ? null : graph.Constant(i))]);

    /// <summary>The constant value of an input; null where it is not constant, omitted or beyond the list.</summary>
    public Tensor? Constant(int input) => input < InputConstants.Length ? InputConstants[input] : null;

    /// <summary>The type of an input that must be given.</summary>
    /// <exception cref="ModelException">The input is omitted.</exception>
    public TensorType Type(int input) => (input < InputTypes.Length ? InputTypes[input] : null)
        ?? throw new ModelException(Diagnostics.DiagnosticCatalog.InvalidNode, Node.Name, Node.OpType, $"input {input} is missing");

    /// <summary>The constant integers of an input; null where the input is omitted.</summary>
    /// <exception cref="ModelException">The input is given but not constant, so that shapes would depend on run-time data.</exception>
    public long[]? ConstantInts(int input)
    {
        if (!Node.HasInput(input))
            return null;
        return IntsOf(InputConstants[input])
            ?? throw new ModelException(Diagnostics.DiagnosticCatalog.DataDependentShape, Node.Name, Node.OpType, Node.Inputs[input]);
    }

    /// <summary>The constant integers of an input that must be given.</summary>
    /// <exception cref="ModelException">The input is omitted or not constant.</exception>
    public long[] RequiredInts(int input) => ConstantInts(input) ?? throw Invalid($"input {input} is missing");

    /// <summary>Whether the operator's input is given.</summary>
    public bool Has(int input) => Node.HasInput(input);

    /// <summary>The error that says what is wrong with the node.</summary>
    public ModelException Invalid(string reason) => new(Diagnostics.DiagnosticCatalog.InvalidNode, Node.Name, Node.OpType, reason);

    /// <summary>The error that says that this form of the operator is not supported, and which one comes nearest.</summary>
    public ModelException Unsupported(string nearest) => new(
        Diagnostics.DiagnosticCatalog.UnsupportedOperator, Node.Name, Node.OpType, Node.Domain.Length == 0 ? "ai.onnx" : Node.Domain,
            Opset is { } o ? o : "(newest)", nearest);

    /// <summary>A non-negative axis from an attribute or constant.</summary>
    /// <exception cref="ModelException">The axis lies outside the rank.</exception>
    public int Axis(long axis, int rank) => axis >= -rank && axis < rank
        ? (int)(axis < 0 ? axis + rank : axis)
        : throw Invalid($"axis {axis} lies outside a tensor of rank {rank}");

    private long[]? IntsOf(Tensor? tensor) => tensor is null
        ? null
        : tensor.Element.IsFloat() || tensor.Element.IsNarrow() || tensor.Element is ElementType.String or ElementType.UInt64
            ? throw Invalid($"an input that must be integers is {tensor.Type}")
        : tensor.ToInt64();
}
